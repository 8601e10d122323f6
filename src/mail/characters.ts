/**
 * Which characters may not stand in any text that ends up in a header field.
 *
 * V8 reads the tables of a Unicode property when it parses a literal that names one, also in a function
 * that never runs: half a millisecond of every cold start for the large ones. So properties that cannot
 * change are written as ranges, and the others are {@link onDemand}.
 */

/**
 * Whether the text holds a control character (C0, DEL, C1) or a Unicode line separator. TAB counts:
 * a caller that allows it asks {@link hasControlButTab}.
 */
export function hasControl(text: string): boolean {
  return /[^ -~\u00a0-\u2027\u202a-\uffff]/.test(text);
}

/** As {@link hasControl}, but TAB is white space in a header field (RFC 5322 §2.2). */
export function hasControlButTab(text: string): boolean {
  return /[^\t -~\u00a0-\u2027\u202a-\uffff]/.test(text);
}

/** Whether the text holds a character that reorders what a reader sees: `exe.gpj` for `jpg.exe`. */
export function hasBidiControl(text: string): boolean {
  return /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(text);
}

/** Whether the text holds a character that nobody sees: white space, controls, unassigned ones. */
export function hasInvisible(text: string): boolean {
  return /[^!-~]/.test(text) && invisible().test(text);
}

/** A pattern with Unicode properties, made when it is first asked for. */
export function onDemand(source: string, flags = "u"): () => RegExp {
  let pattern: RegExp | undefined;
  return () => (pattern ??= new RegExp(source, flags));
}

const invisible = onDemand(String.raw`[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]`);

/** The text without spaces and TABs at its ends: a loop, since a pattern takes quadratic time for them. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start])) start++;
  while (end > start && isBlank(text[end - 1])) end--;
  return text.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t";
}
