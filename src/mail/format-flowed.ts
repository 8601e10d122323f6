/**
 * Text as `format=flowed` (RFC 3676 §4), which readers fill to their own width: each line of the input
 * is a paragraph, broken by line ends that a space comes before. DelSp is `no`, so that those who do not
 * know the format see a text that is wrapped and nothing else.
 */
import { onDemand } from "./characters.ts";
import { toCrlf } from "./line-ends.ts";

/** RFC 3676 §4.2 allows 78, stuffing and trailing space counted; this leaves room to be quoted. */
const MAX_COLUMNS = 72;
/** With less room beside its quote marks a line stays whole: else every word would repeat them. */
const MIN_COLUMNS = 36;
/** RFC 3676 §4.3: neither fixed nor flowed, whatever it ends in. */
const SIGNATURE_SEPARATOR = "-- ";

/**
 * A space that a line may be broken behind: not before another, and not before what joins it to one
 * character with the space.
 */
const breaks = onDemand(
  String.raw` (?! |$|[\p{M}\p{Grapheme_Extend}\p{Emoji_Modifier}\u200d\u0e33\u0eb3])`,
  "gu",
);

/**
 * The text with soft line breaks, its lines ended by CRLF. A `>` at the start of a line is a quote mark,
 * with or without a space behind the last. Spaces at the end of a paragraph are lost; a word longer than
 * a line stays whole. Columns are UTF-16 code units.
 */
export function flow(text: string): string {
  return toCrlf(text).split("\r\n").map(flowParagraph).join("\r\n");
}

function flowParagraph(line: string): string {
  const marks = /^>*/.exec(line)?.[0] ?? "";
  const stuffing = marks !== "" && line[marks.length] === " " ? 1 : 0;
  const given = line.slice(marks.length + stuffing);
  if (given === SIGNATURE_SEPARATOR) return stuff(marks, given);
  const content = trimSpaces(given);
  const columns = MAX_COLUMNS - marks.length - 1;
  if (content.length <= columns || columns < MIN_COLUMNS) return stuff(marks, content);
  return wrap(content, columns)
    .map((piece) => stuff(marks, piece))
    .join("\r\n");
}

/** Pieces that put together are the content, each but the last with a space at its end. */
function wrap(content: string, columns: number): string[] {
  const pieces: string[] = [];
  const indent = /^ */.exec(content)?.[0].length ?? 0;
  let start = 0;
  let end = 0;
  for (const next of [...breaksOf(content, indent), content.length]) {
    const piece = content.slice(start, end);
    // A reader takes this one for what it looks like, and would not join it to the next line.
    if (next - start > columns && end > start && piece !== SIGNATURE_SEPARATOR) {
      pieces.push(piece);
      start = end;
    }
    end = next;
  }
  pieces.push(content.slice(start));
  return pieces;
}

/** Where the next line may start, in order. */
function breaksOf(content: string, indent: number): number[] {
  return Array.from(content.matchAll(breaks()), ({ index }) => index + 1).filter(
    (at) => at > indent,
  );
}

/**
 * RFC 3676 §4.4: a space before what a reader would take for a mark, for stuffing, or for the start of
 * the next mail. RFC 3676 §4.5: and after quote marks, for those who read it as it stands.
 */
function stuff(marks: string, content: string): string {
  if (content === "") return marks;
  return marks !== "" || /^(?:[ >]|From )/.test(content) ? `${marks} ${content}` : content;
}

/** At the end only. A pattern would be quadratic in a run of spaces. */
function trimSpaces(text: string): string {
  let end = text.length;
  while (text[end - 1] === " ") end--;
  return text.slice(0, end);
}
