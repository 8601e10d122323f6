/** Which characters may not stand in any text that ends up in a header field. */

/**
 * Whether the text holds a control character (C0, DEL, C1) or a Unicode line separator. TAB counts:
 * a caller that allows it asks {@link hasControlButTab}.
 */
export function hasControl(text: string): boolean {
  return /[\p{Cc}\u2028\u2029]/u.test(text);
}

/** As {@link hasControl}, but TAB is white space in a header field (RFC 5322 §2.2). */
export function hasControlButTab(text: string): boolean {
  return /[^\P{Cc}\t]|[\u2028\u2029]/u.test(text);
}

/** Whether the text holds a character that reorders what a reader sees: `exe.gpj` for `jpg.exe`. */
export function hasBidiControl(text: string): boolean {
  return /\p{Bidi_Control}/u.test(text);
}
