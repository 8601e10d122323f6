/** Text as UTF-8. One encoder for all, as it keeps nothing; making one costs as much as a short text. */

const ENCODER = new TextEncoder();

/** The text in UTF-8, with U+FFFD for each half of a surrogate pair. */
export function encodeUtf8(text: string): Uint8Array {
  return ENCODER.encode(text);
}

/** Writes as much of the text as there is room for. */
export function writeUtf8(text: string, target: Uint8Array): void {
  ENCODER.encodeInto(text, target);
}

/** How many octets {@link encodeUtf8} makes of the text. */
export function utf8Length(text: string): number {
  // ASCII, which nearly all is that goes into a header, need not be encoded to be counted.
  return /[\u0080-\uffff]/.test(text) ? ENCODER.encode(text).length : text.length;
}
