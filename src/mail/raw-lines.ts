/**
 * The lines of a message that is given whole, as octets: it may be large and in any charset, so
 * that nothing here makes a string of it. What its fields mean is not decided here.
 */
import { MAX_LINE_OCTETS } from "./transfer-encoding.ts";

/** What is wrong, and the line, counted from 1. */
export interface LineProblem {
  readonly line: number;
  readonly detail: string;
}

/** A message with more is no message. */
export const MAX_LINE_PROBLEMS = 20;

const LF = 0x0a;

/**
 * Looks at every line of a content with CRLF line ends: lines of over 998 octets anywhere, and in
 * the body NUL, and whether there are octets over 127. Stops where there are too many problems.
 */
export function inspectLines(
  content: Uint8Array,
  bodyStart: number,
): { readonly eightBit: boolean; readonly problems: readonly LineProblem[] } {
  const problems: LineProblem[] = [];
  const { length } = content;
  let eightBit = false;
  let hasNul = false;
  let line = 1;
  let lineStart = 0;
  for (let at = 0; at < length; at++) {
    const octet = content[at] ?? 0;
    if (octet > 0x7f) eightBit ||= at >= bodyStart;
    else if (octet === 0) hasNul ||= at >= bodyStart;
    else if (octet === LF) {
      const octets = at - 1 - lineStart;
      if (octets > MAX_LINE_OCTETS) problems.push({ line, detail: tooLong(octets) });
      if (hasNul) problems.push({ line, detail: NUL });
      if (problems.length >= MAX_LINE_PROBLEMS) break;
      hasNul = false;
      line++;
      lineStart = at + 1;
    }
  }
  return { eightBit, problems };
}

/** Whether any octet up to the end is over 127. */
export function hasEightBit(content: Uint8Array, end: number): boolean {
  return content.subarray(0, end).some((octet) => octet > 0x7f);
}

const NUL = "NUL may not stand in a message; encode the part as base64.";

/** RFC 5322 §2.1.1. */
function tooLong(octets: number): string {
  return (
    `The line has ${octets} octets; at most ${MAX_LINE_OCTETS} are allowed. ` +
    "Fold it in the header; encode the part as quoted-printable or base64 in the body."
  );
}
