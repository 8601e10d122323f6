/** A mailbox (RFC 5322 §3.4). */
export interface Mailbox {
  readonly localPart: string;
  /** A-labels, lower case. */
  readonly domain: string;
  /** Display name; absent where there is none. */
  readonly name?: string;
}
