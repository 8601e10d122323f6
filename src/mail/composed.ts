/**
 * The last look at what was composed. It holds by construction; were it ever not to, the message
 * must not reach a relay, where a bare line feed is how a second message is smuggled in.
 */
import type { Segment } from "./content.ts";
import { MAX_LINE_OCTETS } from "./transfer-encoding.ts";

const CR = 0x0d;
const LF = 0x0a;

/** Where octets over 127 may stand. */
export interface EightBit {
  readonly header: boolean;
  readonly body: boolean;
}

/**
 * Throws TypeError unless the segments are lines of at most 998 octets that end in CRLF, without a
 * lone CR or LF (RFC 5321 §2.3.8), without NUL, and in ASCII but where more is allowed. Base64 that we
 * write can be nothing else, and is most of a large message: it is passed over.
 */
export function assertComposed(segments: readonly Segment[], eightBit: EightBit): void {
  /** Octets of the line that came in segments before. */
  let before = 0;
  let inHeader = true;
  let afterCr = false;
  for (const { type, octets } of segments) {
    if (type === "base64" || !(octets instanceof Uint8Array)) {
      if (afterCr) fail("a lone CR");
      before = 1;
      continue;
    }
    /** Where the line would start, were all of it in this segment. */
    let lineStart = -before;
    for (let at = 0; at < octets.length; at++) {
      const octet = octets[at] ?? 0;
      // Nearly every octet is one of these: the rest of the loop is for the few others.
      if (octet > 0x1f && octet < 0x7f && !afterCr) continue;
      if (octet === LF) {
        if (!afterCr) fail("a lone LF");
        const column = at - 1 - lineStart;
        if (column > MAX_LINE_OCTETS) fail("a line too long");
        if (column === 0) inHeader = false;
        lineStart = at + 1;
        afterCr = false;
        continue;
      }
      if (afterCr) fail("a lone CR");
      afterCr = octet === CR;
      if (octet === 0) fail("NUL");
      if (octet < 0x7f) continue;
      // RFC 2045 §2.7: DEL is an octet of 7 bits, though none that a header may hold.
      const isDelete = octet === 0x7f;
      const isFine = inHeader ? eightBit.header && !isDelete : eightBit.body || isDelete;
      if (!isFine) fail("8-bit data");
    }
    before = octets.length - lineStart;
  }
  if (before > 0 || inHeader) fail("no line end");
}

function fail(what: string): never {
  throw new TypeError(`The composed message has ${what}`);
}
