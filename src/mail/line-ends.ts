/** Line ends (RFC 5322 §2.3: CR and LF occur together or not at all). */

/** The text with every CRLF, lone CR and lone LF as CRLF, so that nothing can be smuggled. */
export function toCrlf(text: string): string {
  return text.replaceAll(/\r\n|\r|\n/g, "\r\n");
}
