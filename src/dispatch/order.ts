/** An order: a posting under its id, and what can become of it. */
import type { Desk } from "../attempt.ts";
import type { Connect } from "../net/connection.ts";
import type { Posting } from "../posting.ts";
import type { RelayMemory } from "../relay-memory.ts";
import type { Outcome } from "../smtp/outcome.ts";

export interface Order {
  /** A UUID. */
  readonly id: string;
  readonly posting: Posting;
}

/** An order, and who it goes to if it goes now. */
export interface Addressed extends Order {
  /** Without recipients that are suppressed. */
  readonly addressed: Posting;
  readonly suppressed: readonly string[];
}

/** What became of an order. */
export type Dispatched =
  /** It will be sent, at once or at its time. */
  | {
      readonly kind: "waiting";
      readonly status: "queued" | "scheduled";
      /** Recipients that are left out. */
      readonly suppressed?: readonly string[];
    }
  /** It was tried. */
  | {
      readonly kind: "tried";
      readonly outcome: Outcome;
      readonly suppressed?: readonly string[];
    }
  /** Nobody is left to send it to. */
  | { readonly kind: "suppressed"; readonly recipients: readonly string[] }
  /** Nothing was sent, and nothing will be, unless that is uncertain. */
  | { readonly kind: "hindered"; readonly hindrance: Hindrance };

export type Hindrance =
  | {
      readonly kind: "too-large";
      readonly octets: number;
      readonly mostOctets: number;
    }
  /** The binding that would be needed: MAIL_QUEUE, or JOURNAL for what is far ahead. */
  | { readonly kind: "unbound"; readonly binding: "MAIL_QUEUE" | "JOURNAL" }
  /** Journal, bucket or queue did not do its part. */
  | {
      readonly kind: "broken";
      readonly binding: "MAIL_QUEUE" | "JOURNAL" | "SPOOL";
      readonly error: unknown;
      /** It may have taken the mail all the same, which then will be sent. */
      readonly isUncertain: boolean;
    };

export interface DispatchOptions {
  /** Whether mails are to wait in the queue rather than be tried at once. */
  readonly defer: boolean;
  /** Whether what a relay defers waits in the queue for its next attempt, if there is one. */
  readonly retryLater: boolean;
  /** The name of the API token, or of the way in. */
  readonly token: string;
}

/** Everything that dispatching works with. */
export interface Office extends Desk {
  readonly connect: Connect;
  readonly memory: RelayMemory;
  /** Lets work end although the caller is gone. */
  readonly outlive: (work: Promise<unknown>) => void;
}

/** What an order is dispatched within. */
export interface Within {
  readonly nowMs: number;
  readonly options: DispatchOptions;
  readonly office: Office;
}

/** By the id of the order. */
export type Results = Map<string, Dispatched>;

/** Something bound did not do its part. */
export function broken(
  binding: Extract<Hindrance, { readonly kind: "broken" }>["binding"],
  error: unknown,
  isUncertain = false,
): Dispatched {
  return { kind: "hindered", hindrance: { kind: "broken", binding, error, isUncertain } };
}

/** What an error may be called in a log. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
