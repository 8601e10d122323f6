/**
 * The last look at what was composed. It holds by construction; were it ever not to, the message
 * must not reach a relay, where a bare line feed is how a second message is smuggled in.
 */
import { MAX_LINE_OCTETS } from "./transfer-encoding.ts";

const CR = 0x0d;
const LF = 0x0a;

/** Where something is in the content: from `start` up to `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Throws TypeError unless the content is lines of at most 998 octets that end in CRLF, without a
 * lone CR or LF (RFC 5321 §2.3.8), without NUL, and in ASCII (in the header UTF-8 if allowed).
 * Base64 that we wrote can be nothing else, and is most of a large message: it is passed over.
 */
export function assertComposed(
  content: Uint8Array,
  { allowUtf8, base64 }: { readonly allowUtf8: boolean; readonly base64: readonly Range[] },
): void {
  let lineStart = 0;
  let inHeader = true;
  const { length } = content;
  let passed = 0;
  for (let at = 0; at < length; at++) {
    const range = base64[passed];
    if (at === range?.start) {
      at = range.end;
      lineStart = at;
      passed++;
    }
    const octet = content[at] ?? 0;
    // Nearly every octet is one of these.
    if (octet > 0x1f && octet < 0x7f) continue;
    if (octet === CR) {
      if (content[at + 1] !== LF) fail("a lone CR", at);
      if (at - lineStart > MAX_LINE_OCTETS) fail("a line too long", at);
      if (at === lineStart) inHeader = false;
      at++;
      lineStart = at + 1;
    } else if (octet === LF) fail("a lone LF", at);
    else if (octet === 0) fail("NUL", at);
    else if (octet > 0x7e && !(allowUtf8 && inHeader && octet > 0x7f)) fail("8-bit data", at);
  }
  if (lineStart !== length || inHeader) fail("no line end", length);
}

function fail(what: string, at: number): never {
  throw new TypeError(`The composed message has ${what} at octet ${at}`);
}
