/**
 * Encoded-words (RFC 2047 §2): text that ASCII cannot carry, or that a reader would take for an
 * encoded-word. Always UTF-8; B or Q, whichever is shorter; never split inside a character.
 */
import { encodeBase64 } from "./base64.ts";
import { encodeUtf8, utf8Length } from "./utf8.ts";

/** RFC 2047 §2. */
export const MAX_ENCODED_WORD = 75;
const WRAPPING = "=?UTF-8?B??=".length;

/** Whether the text cannot stand in a header field as it is and be read back the same. */
export function needsEncodedWord(text: string): boolean {
  // A lookalike must itself be encoded, or the reader decodes what nobody encoded.
  return /[^\t -~]|=\?|^[\t ]|[\t ]$/.test(text);
}

/** The text as encoded-words, to be put apart by folding white space. The first may be shorter. */
export function encodeWords(text: string, firstLength: number = MAX_ENCODED_WORD): string[] {
  const quoted = Array.from(text, quoteCharacter);
  const quotedLength = quoted.reduce((length, character) => length + character.length, 0);
  return quotedLength <= base64Length(utf8Length(text))
    ? pack(quoted, firstLength, (length) => length).map((word) => `=?UTF-8?Q?${word}?=`)
    : pack(Array.from(text), firstLength, base64Length).map(
        (word) => `=?UTF-8?B?${encodeBase64(encodeUtf8(word))}?=`,
      );
}

/** Puts as many characters into each word as its length allows. */
function pack(
  characters: readonly string[],
  firstLength: number,
  lengthOf: (octets: number) => number,
): string[] {
  const words: string[] = [];
  let word = "";
  let octets = 0;
  for (const character of characters) {
    const size = utf8Length(character);
    const limit = words.length === 0 ? firstLength : MAX_ENCODED_WORD;
    if (word !== "" && lengthOf(octets + size) + WRAPPING > limit) {
      words.push(word);
      word = "";
      octets = 0;
    }
    word += character;
    octets += size;
  }
  if (word !== "") words.push(word);
  return words;
}

function base64Length(octets: number): number {
  return Math.ceil(octets / 3) * 4;
}

/** RFC 2047 §5 (3): only these may stand for themselves wherever an encoded-word may occur. */
function quoteCharacter(character: string): string {
  if (character === " ") return "_";
  if (/^[A-Za-z0-9!*+/-]$/.test(character)) return character;
  return Array.from(
    encodeUtf8(character),
    (octet) => `=${octet.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("");
}
