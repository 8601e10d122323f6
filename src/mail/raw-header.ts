/**
 * The header of a message that is given whole, split into its fields (RFC 5322 §2.2), each with its
 * place. Obsolete syntax is refused: where readers disagree on what a field is, a Bcc stays in the
 * message or a second From hides in it. What the fields say is not decided here.
 */
import { hasControlButTab, trimBlanks } from "./characters.ts";
import { LIMITS } from "./limits.ts";
import type { LineProblem } from "./raw-lines.ts";

/** A field; `start` up to `end` are its octets, the last CRLF included. */
export interface RawField {
  /** Lower case. */
  readonly name: string;
  /** Unfolded, without white space around it. */
  readonly value: string;
  /** Its first line, counted from 1. */
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

export interface RawHeader {
  readonly fields: readonly RawField[];
  /** The empty line behind it, or where that would be. */
  readonly endLine: number;
  readonly problems: readonly LineProblem[];
}

const LF = 0x0a;

/**
 * Where the header of a content with CRLF line ends is over: at the empty line, or at its end where
 * there is none. Undefined where it is longer than 64 KiB.
 */
export function findHeaderEnd(content: Uint8Array): number | undefined {
  let at = 0;
  while (at < content.length) {
    const next = content.indexOf(LF, at) + 1;
    if (next - at === 2) break;
    if (next > LIMITS.headerOctets) return undefined;
    at = next;
  }
  return at;
}

/** The fields of a header with CRLF line ends, and what is wrong with its lines. */
export function splitHeader(header: Uint8Array): RawHeader {
  const fields: RawField[] = [];
  const problems: LineProblem[] = [];
  let open: OpenField | undefined;
  let line = 1;
  for (let at = 0; at < header.length; line++) {
    const end = header.indexOf(LF, at) + 1;
    const { text, fault } = decodeLine(header.subarray(at, end - 2));
    const folded = /^[ \t]/.test(text);
    const detail = fault ?? (folded ? foldFault(text, line) : nameFault(text, line));
    if (detail !== undefined) problems.push({ line, detail });
    if (folded) {
      open?.pieces.push(text);
      if (open !== undefined) open.end = end;
    } else {
      if (open !== undefined) fields.push(closed(open));
      open = detail === undefined ? openField(text, { line, start: at, end }) : undefined;
    }
    at = end;
  }
  if (open !== undefined) fields.push(closed(open));
  return { fields, endLine: line, problems };
}

interface OpenField {
  readonly name: string;
  readonly pieces: string[];
  readonly line: number;
  readonly start: number;
  end: number;
}

function openField(text: string, place: Pick<RawField, "line" | "start" | "end">): OpenField {
  const colon = text.indexOf(":");
  return { ...place, name: text.slice(0, colon).toLowerCase(), pieces: [text.slice(colon + 1)] };
}

/** RFC 5322 §2.2.3: unfolding takes the CRLF out, and leaves the white space behind it. */
function closed({ pieces, ...field }: OpenField): RawField {
  return { ...field, value: trimBlanks(pieces.join("")) };
}

/** RFC 6532 §3.2: what is not ASCII in a header is UTF-8. */
function decodeLine(octets: Uint8Array): { readonly text: string; readonly fault?: string } {
  try {
    const text = STRICT.decode(octets);
    return hasControlButTab(text) ? { text, fault: CONTROL } : { text };
  } catch {
    return { text: LENIENT.decode(octets), fault: NOT_UTF8 };
  }
}

// A byte order mark stays, so that what is checked is what is sent.
const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LENIENT = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const CONTROL = "A control character other than TAB stands in the header.";
const NOT_UTF8 = "The header line is not valid UTF-8; write other charsets as encoded-words.";

function foldFault(text: string, line: number): string | undefined {
  if (line === 1) return "The message begins with white space, where its first field should stand.";
  if (trimBlanks(text) !== "") return undefined;
  return (
    "A line of white space alone stands in the header. " +
    "Take it out, or make it empty if the header ends here."
  );
}

/** RFC 5322 §3.6.8: a name is printable ASCII but for the colon; the colon follows at once. */
function nameFault(text: string, line: number): string | undefined {
  const colon = text.indexOf(":");
  const name = text.slice(0, Math.max(0, colon));
  if (colon !== -1 && /^[!-~]+$/.test(name)) return undefined;
  if (line === 1 && text.startsWith("\ufeff")) {
    return "The message begins with a byte order mark; leave it out.";
  }
  if (line === 1 && /^From [^:]*[^: \t]/.test(text)) {
    return 'The message begins with the "From " line of an mbox file; leave it out.';
  }
  if (colon === -1) return `A header line without a colon. ${END_IT}`;
  if (colon === 0) return "A header line has a field name before its colon.";
  if (/^[!-~]+[ \t]+$/.test(name)) {
    return "White space stands between the field name and its colon; take it out.";
  }
  return `A field name is printable ASCII without spaces. ${END_IT}`;
}

const END_IT = "An empty line must stand between the header and the body.";

/** White space of a header only, in linear time: a regular expression is not, on many blanks. */
