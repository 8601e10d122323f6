/** What a dialogue asks of its driver, and how it is set up. */
import type { TransactionOutcome } from "./outcome.ts";
import type { Credentials } from "./sasl/mechanism.ts";
import type { Stage, Timeouts } from "./timeouts.ts";
import type { Transaction } from "./transaction.ts";

export interface DialogueOptions {
  /** `starttls`: required, never opportunistic. `tls`: from the first octet (RFC 8314 §3.3). */
  readonly security: "starttls" | "tls" | "none";
  readonly ehloName: string;
  readonly credentials?: Credentials;
  /** SASL mechanisms in the order to try them. */
  readonly authMethods?: readonly string[];
  /** With `none` only: credentials may travel in the clear. */
  readonly allowInsecureAuth?: boolean;
  /** Keywords to ignore in EHLO replies, for relays that lie. */
  readonly disableExtensions?: readonly string[];
  readonly timeouts?: Timeouts;
}

/** What the driver is to do, in order. */
export type Effect =
  | { readonly type: "write"; readonly bytes: Uint8Array }
  /** Stream the content through `Transparency`, without a final dot; then `contentSent()`. */
  | { readonly type: "content"; readonly transaction: Transaction }
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

/** What can happen to a stream: it never stood, ended, took too long, or TLS failed on it. */
export type Interruption = "connect" | "eof" | "timeout" | "tls";
