/**
 * The file name of a part. Content-Disposition (RFC 2183 §2.3) has it in one family of parameters: plain
 * where ASCII carries it, else the extended form of RFC 2231 §4, because readers that find both take the
 * plain one or call it a defect. For readers that know no extended form, Content-Type then has a stand-in.
 */

/** Keeps ` filename="..."` within a line of 78. */
const MAX_PLAIN_LENGTH = 60;
/** Keeps ` filename*12*=...;` within a line of 78. */
const MAX_SECTION_LENGTH = 60;

/** `attachment; filename="..."`, folded before each parameter. */
export function formatDisposition(disposition: "attachment" | "inline", filename: string): string {
  const parameters = isPlain(filename)
    ? [`filename="${filename.replaceAll(/["\\]/g, "\\$&")}"`]
    : formatExtended(filename);
  return [disposition, ...parameters].join(";\r\n ");
}

/**
 * The parameter ` name="..."` for Content-Type, with the space that it is folded at: ASCII letters, digits
 * and little else, at most 60, the extension kept. Undefined where every reader finds the name itself.
 */
export function fallbackName(filename: string): string | undefined {
  return isPlain(filename) ? undefined : ` name="${standIn(filename)}"`;
}

function isPlain(filename: string): boolean {
  // A lookalike of an encoded-word is decoded by many readers, quotes or not.
  return (
    /^[ -~]*$/.test(filename) && filename.length <= MAX_PLAIN_LENGTH && !filename.includes("=?")
  );
}

/** RFC 2231 §3 and §4: sections in order, none of which splits a character. */
function formatExtended(filename: string): string[] {
  const sections: string[] = [];
  let section = "UTF-8''";
  for (const character of filename) {
    const encoded = percentEncode(character);
    if (section.length + encoded.length > MAX_SECTION_LENGTH) {
      sections.push(section);
      section = "";
    }
    section += encoded;
  }
  sections.push(section);
  if (sections.length === 1) return [`filename*=${section}`];
  return sections.map((value, index) => `filename*${index}*=${value}`);
}

/** RFC 2231 §7: attribute-char stands for itself, all else is the hexadecimal of its UTF-8. */
function percentEncode(character: string): string {
  if (/^[A-Za-z0-9!#$&+.^_`{|}~-]$/.test(character)) return character;
  return Array.from(
    new TextEncoder().encode(character),
    (octet) => `%${octet.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("");
}

function standIn(filename: string): string {
  const ascii = filename.replaceAll(/[^A-Za-z0-9._ -]+/g, "_");
  if (ascii.length <= MAX_PLAIN_LENGTH) return ascii;
  const extension = /\.[A-Za-z0-9]{1,8}$/.exec(ascii)?.[0] ?? "";
  return ascii.slice(0, MAX_PLAIN_LENGTH - extension.length) + extension;
}
