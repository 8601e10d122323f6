/**
 * The content of a mail (RFC 5321 §2.3.9) as those see it who carry it: so many octets, in blocks. What
 * is in them is not their business.
 */
export interface Content {
  /** Octets, CRLFs counted and dot-stuffing not (RFC 1870 §5). */
  readonly size: number;
  /**
   * The octets, from the start each time, in blocks of at most about 64 KiB: another relay, or a second
   * transaction, needs them once more. An error while reading ends the transaction, and nothing is sent.
   */
  readonly blocks: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}
