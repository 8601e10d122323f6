/**
 * A header cut into its fields, and a field as `relaxed` has it (RFC 6376 §3.4.2). White space is space
 * and tab alone, so that the octets of UTF-8 (RFC 6532 §3.2) stay what they are.
 */

/** A field as it stands. */
export interface RawField {
  /** In small letters. */
  readonly name: string;
  /** With its folding, without the CRLF at its end. */
  readonly text: string;
}

/** The fields from top to bottom. Throws a TypeError where the text is not a header with CRLF line ends. */
export function splitHeader(header: string): readonly RawField[] {
  const text = header.endsWith("\r\n") ? header.slice(0, -2) : header;
  if (text === "") return [];
  return text.split(/\r\n(?![ \t])/).map(rawField);
}

/** `name:value` of a field, without a CRLF at its end. */
export function canonicalField({ name, text }: RawField): string {
  const value = text.slice(text.indexOf(":") + 1).replaceAll("\r\n", "");
  return `${name}:${value
    .replaceAll(/[ \t]+/g, " ")
    .replace(/^ /, "")
    .replace(/ $/, "")}`;
}

function rawField(text: string): RawField {
  // RFC 5322 §4.5: old mail may have white space before the colon, and `relaxed` takes it off.
  const name = /^([!-9;-~]+)[ \t]*:/.exec(text)?.[1];
  const folded = text.replaceAll("\r\n", "");
  if (name === undefined || folded.includes("\r") || folded.includes("\n")) {
    throw new TypeError("The header is not one: a line is no field, or ends in other than CRLF.");
  }
  return { name: name.toLowerCase(), text };
}
