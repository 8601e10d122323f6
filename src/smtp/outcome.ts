/**
 * What became of a transaction, and the one place that says whether a failure is transient,
 * permanent or unknown. Nothing else in the code base judges a failure (RFC 5321 §4.2.1).
 */
import type { Reply } from "./reply.ts";
import type { Stage } from "./timeouts.ts";

export type FailureCause =
  | "connection"
  | "tls"
  | "auth"
  | "timeout"
  | "protocol"
  | "reply"
  | "validation"
  | "config";

/** One bad place in the input: an RFC 6901 JSON Pointer and a sentence that says what would be right. */
export interface Problem {
  readonly pointer: string;
  readonly detail: string;
}

/** A recipient the relay would not take, with the reply it gave for it. */
export interface RefusedRecipient {
  readonly recipient: string;
  /** Where the session ended before the relay gave one, a 451 of our own that says so. */
  readonly reply: Reply;
  /** No transaction has had it: it may be tried at once in another session. */
  readonly untried?: true;
}

/** Why a transaction did not succeed, with its evidence. `message` is one line, free of secrets. */
export interface Failure {
  readonly cause: FailureCause;
  readonly stage: Stage;
  readonly message: string;
  /** The reply that decided, where one did. */
  readonly reply?: Reply;
  /** The SMTP extension whose lack or limit made the mail impossible: `SIZE`, `SMTPUTF8`. */
  readonly extension?: string;
  /** The bad fields, where the cause is `validation` or `config`. */
  readonly problems?: readonly Problem[];
  /** One entry per recipient refused before the transaction failed. */
  readonly refused?: readonly RefusedRecipient[];
  /** All of the content, final dot included, may have reached the relay: it may have been sent. */
  readonly contentSent?: true;
  /** The conversation so far, redacted and bounded: `S: 220 ...`, `C: EHLO ...`. */
  readonly transcript: readonly string[];
}

/** How one transaction ended, as the dialogue knows it. */
export type TransactionOutcome =
  | {
      readonly status: "accepted";
      readonly accepted: readonly string[];
      readonly refused: readonly RefusedRecipient[];
      /**
       * Recipients of a further transaction of the same mail that may have it or not (RFC 5321 §6.1);
       * absent where there are none.
       */
      readonly unknown?: readonly string[];
      readonly reply: Reply;
    }
  | { readonly status: "deferred" | "refused" | "unknown"; readonly failure: Failure };

/**
 * How one mail ended: `accepted` (a 2yz came after the content), `deferred` (not accepted, a retry
 * is safe), `refused` (permanent) or `unknown` (all content was handed over and no reply came, RFC
 * 5321 §6.1: it may have been sent).
 */
export type Outcome = TransactionOutcome & {
  /** The Message-ID, angle brackets included; empty where an invalid mail never got one. */
  readonly messageId: string;
  /** `host:port` of the relay that decided; empty where none was asked. */
  readonly relay: string;
};

export type Disposition = "transient" | "permanent" | "unknown";

/** Says whether a failure may pass (`transient`), will not (`permanent`), or cannot be told. */
export function dispositionOf(failure: Omit<Failure, "message" | "transcript">): Disposition {
  // RFC 5321 §6.1: after the final dot only a reply can tell.
  if (failure.contentSent === true && failure.reply === undefined) return "unknown";
  switch (failure.cause) {
    case "validation":
    case "config":
      return "permanent";
    case "connection":
    case "tls":
    case "timeout":
    case "protocol":
      return "transient";
    case "auth":
    case "reply":
      // RFC 4954 §6: of AUTH, 432 and 454 are temporary; without a reply it is our configuration.
      return failure.reply !== undefined && isTransient(failure.reply) ? "transient" : "permanent";
  }
}

/** The status an Outcome carries for a failure that {@link dispositionOf} has judged. */
export function failed(failure: Failure): TransactionOutcome & { readonly failure: Failure } {
  const statuses = { transient: "deferred", permanent: "refused", unknown: "unknown" } as const;
  return { status: statuses[dispositionOf(failure)], failure };
}

/** Whether the relay may take this recipient at another time (RFC 5321 §4.2.1: 4yz). */
export function isTransient(reply: Reply): boolean {
  return reply.code >= 400 && reply.code < 500;
}

/**
 * Whether the failure is about the relay or our access to it, and says nothing about this mail: another
 * relay may take it, and so may this one once it or our configuration is mended.
 */
export function isAboutAccess({ cause, stage }: Pick<Failure, "cause" | "stage">): boolean {
  return cause === "auth" || cause === "config" || stage === "greeting" || stage === "ehlo";
}
