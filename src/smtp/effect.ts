/** What a dialogue asks of its driver, and how it is set up. */
import type { TransactionOutcome } from "./outcome.ts";
import type { Question } from "./sasl/exchange.ts";
import type { Credentials, MechanismFactory } from "./sasl/mechanism.ts";
import type { Stage, Timeouts } from "./timeouts.ts";
import type { Transaction } from "./transaction.ts";

export interface DialogueOptions {
  /** `starttls`: required, never opportunistic. `tls`: from the first octet (RFC 8314 §3.3). */
  readonly security: "starttls" | "tls" | "none";
  readonly ehloName: string;
  readonly credentials?: Credentials;
  /** SASL mechanisms in the order to try them. */
  readonly mechanisms?: readonly MechanismFactory[];
  /** With `none` only: credentials may travel in the clear. */
  readonly allowInsecureAuth?: boolean;
  /** Keywords to ignore in EHLO replies, for relays that lie. */
  readonly disableExtensions?: readonly string[];
  readonly timeouts?: Timeouts;
  /**
   * The mechanism by which this relay has taken these credentials before: where AUTH is one command, the
   * first mail goes out with it.
   */
  readonly provenMechanism?: string;
  /** Mails without a final reply at a time, where the relay offers PIPELINING; 1 sends one by one. */
  readonly window?: number;
}

/**
 * Where the connection dies, so many mails at most are in doubt. More would gain little: twenty to a
 * round trip is 0.05 of one for a mail.
 */
export const DEFAULT_WINDOW = 20;

/** What the driver is to do, in order. */
export type Effect =
  | { readonly type: "write"; readonly bytes: Uint8Array }
  /**
   * Stream the content, then `contentSent()`. `dots`: through `Transparency`, without a final dot.
   * `octets`: as it is, exactly as many as the transaction says.
   */
  | {
      readonly type: "content";
      readonly transaction: Transaction;
      readonly framing: "dots" | "octets";
    }
  /** Put the question to the mechanism, then `answer(...)`. It may take its time. */
  | { readonly type: "ask"; readonly question: Question }
  /** Swap the stream for TLS, then `secured()`. */
  | { readonly type: "startTls" }
  /** Read; `timeoutMs` bounds the whole wait, not the gap between two octets. */
  | { readonly type: "await"; readonly stage: Stage; readonly timeoutMs: number }
  /** Exactly once each. `begun` is false where nothing of the transaction was ever written. */
  | {
      readonly type: "settle";
      readonly transaction: Transaction;
      readonly outcome: TransactionOutcome;
      readonly begun: boolean;
    }
  | { readonly type: "close" };

/**
 * What can happen to a stream: it never stood, ended, took too long, TLS failed on it, or a fault of ours
 * keeps us from going on.
 */
export type Interruption = "connect" | "eof" | "timeout" | "tls" | "fault";
