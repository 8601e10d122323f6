/** A reply of the relay (RFC 5321 §4.2). */
export interface Reply {
  readonly code: number;
  /** `5.7.1`, where the text starts with one whose class fits the code (RFC 2034 §4). */
  readonly enhanced?: string;
  /** The text of each line, without code and separator, cleaned for display. */
  readonly lines: readonly string[];
}
