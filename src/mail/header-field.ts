/**
 * The value of a header field, ready for the wire: encoded where ASCII cannot carry it, folded
 * (RFC 5322 §2.2.3). Every field of every message goes through {@link foldValue}.
 */
import { MAX_ENCODED_WORD, encodeWords, needsEncodedWord } from "./encoded-word.ts";
import { MAX_LINE_OCTETS } from "./transfer-encoding.ts";

/** RFC 5322 §2.1.1: a line SHOULD have no more. */
const FOLD_AT = 78;
/** RFC 2047 §2: a line with an encoded-word has no more. */
const FOLD_ENCODED_AT = 76;
/** A first encoded-word shorter than this goes to a line of its own. */
const MIN_FIRST_WORD = 32;

/**
 * The longest word that {@link foldValue} keeps within a line, whatever the field's name: 998
 * octets (RFC 5322 §2.1.1) less the white space that it is folded at.
 */
export const MAX_WORD_LENGTH: number = MAX_LINE_OCTETS - 1;

/** The value of an unstructured field (RFC 5322 §3.6.5), as encoded-words where it needs them. */
export function formatUnstructured(name: string, text: string): string {
  const fits = text.length <= MAX_WORD_LENGTH || longestWord(text) <= MAX_WORD_LENGTH;
  if (fits && !needsEncodedWord(text)) return foldValue(name, text);
  const room = FOLD_ENCODED_AT - name.length - 2;
  const first = room < MIN_FIRST_WORD ? MAX_ENCODED_WORD : Math.min(room, MAX_ENCODED_WORD);
  return foldValue(name, encodeWords(text, first).join(" "));
}

/**
 * Folds the value at white space that is there, so that unfolding gives it back. No line is left
 * with white space alone; a single word longer than a line stays whole.
 */
export function foldValue(name: string, value: string): string {
  const limit = value.includes("=?") ? FOLD_ENCODED_AT : FOLD_AT;
  // Most values fit, and then each of their words does.
  if (name.length + 2 + value.length <= limit) return value;
  let folded = "";
  let column = name.length + 2;
  for (const word of splitWords(value)) {
    const isFirst = folded === "";
    const fits = column + word.length <= limit;
    // A first word longer than a line gains nothing from a line of its own, unless it must have it.
    const stays = isFirst && word.length >= limit && column + word.length <= MAX_LINE_OCTETS;
    if (fits || stays || word === "") {
      folded += word;
      column += word.length;
    } else {
      // The white space after the colon is a place to fold too.
      const line = isFirst ? ` ${word}` : word;
      folded += `\r\n${line}`;
      column = line.length;
    }
  }
  return folded;
}

/** The length of the longest word with the white space before it. */
export function longestWord(value: string): number {
  return splitWords(value).reduce((longest, word) => Math.max(longest, word.length), 0);
}

/** Words, each with the white space before it; white space at the end stays with the last. */
function splitWords(value: string): string[] {
  const words: string[] = [];
  let start = 0;
  while (start < value.length) {
    let end = start;
    while (isSpace(value[end])) end++;
    if (end === value.length) {
      words.push((words.pop() ?? "") + value.slice(start));
      break;
    }
    while (end < value.length && !isSpace(value[end])) end++;
    words.push(value.slice(start, end));
    start = end;
  }
  return words;
}

function isSpace(character: string | undefined): boolean {
  return character === " " || character === "\t";
}
