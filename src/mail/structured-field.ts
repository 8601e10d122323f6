/**
 * Custom header fields whose values have angle brackets: lists (RFC 2919 §3, RFC 2369 §2) and mailboxes.
 * What stands in the brackets is read by programs, and is never an encoded-word (RFC 2047 §5).
 */
import { encodeWords, needsEncodedWord } from "./encoded-word.ts";
import { foldValue, formatUnstructured } from "./header-field.ts";

const STRUCTURED =
  /^(?:list-[a-z-]+|disposition-notification-to|return-receipt-to|errors-to|x-confirm-reading-to)$/i;

/** The sentence that says why the text cannot be the value of such a field; undefined where it can. */
export function structuredFault(name: string, text: string): string | undefined {
  if (!STRUCTURED.test(name)) return undefined;
  const isBad = piecesOf(text).some((piece) => piece.startsWith("<") && needsEncodedWord(piece));
  return isBad ? "Between `<` and `>` only ASCII may stand." : undefined;
}

/** The value of a custom field: as encoded-words where it needs them, angle brackets left alone. */
export function formatCustom(name: string, text: string): string {
  if (!STRUCTURED.test(name) || !needsEncodedWord(text)) return formatUnstructured(name, text);
  const words = piecesOf(text)
    .map((piece) => piece.trim())
    .filter((piece) => piece !== "")
    .flatMap((piece) => (needsEncodedWord(piece) ? encodeWords(piece) : [piece]));
  return foldValue(name, words.join(" "));
}

/** Angle brackets with what is in them, and what stands between those. */
function piecesOf(text: string): readonly string[] {
  return text.split(/(<[^<>]*>)/);
}
