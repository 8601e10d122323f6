/** Quoted-printable (RFC 2045 §6.7) for text that has CRLF line ends. */

/** RFC 2045 §6.7 (5): the `=` of a soft line break counts. */
const MAX_LINE = 76;
/** `=`, CR and LF. */
const SOFT_BREAK = 3;
const HEX: Uint8Array = new TextEncoder().encode("0123456789ABCDEF");
const CR = 0x0d;
const LF = 0x0a;
const EQUALS = 0x3d;
const SPACE = 0x20;
const TAB = 0x09;

/** How many octets {@link encodeQuotedPrintable} makes of them, soft line breaks estimated. */
export function quotedPrintableLength(octets: Uint8Array): number {
  let length = octets.length;
  for (const octet of octets) if (!isLiteral(octet) && octet !== CR && octet !== LF) length += 2;
  return length + Math.floor(length / MAX_LINE) * SOFT_BREAK;
}

/** The octets in quoted-printable: lines of at most 76, no white space at the end of a line. */
export function encodeQuotedPrintable(octets: Uint8Array): Uint8Array {
  // An octet becomes at most `=XX`, and a soft line break comes after 73 columns at the earliest.
  const target = new Uint8Array(
    octets.length * 3 + Math.ceil((octets.length * 3) / 73) * SOFT_BREAK,
  );
  let at = 0;
  let lineStart = 0;
  for (let from = 0; from < octets.length; from++) {
    const octet = octets[from] ?? 0;
    if (octet === CR && octets[from + 1] === LF) {
      target[at++] = CR;
      target[at++] = LF;
      lineStart = at;
      from++;
      continue;
    }
    const lineEnds = from + 1 === octets.length || isLineEnd(octets, from + 1);
    const isSpace = octet === SPACE || octet === TAB;
    const isFrom = at === lineStart && startsFrom(octets, from);
    const literal = isLiteral(octet) && !(lineEnds && isSpace) && !isFrom;
    const width = literal ? 1 : 3;
    // The last octet of a line may use the column that a soft line break would need.
    if (at - lineStart + width > (lineEnds ? MAX_LINE : MAX_LINE - 1)) {
      target[at++] = EQUALS;
      target[at++] = CR;
      target[at++] = LF;
      lineStart = at;
    }
    if (literal) target[at++] = octet;
    else {
      target[at++] = EQUALS;
      target[at++] = HEX[octet >> 4] ?? 0;
      target[at++] = HEX[octet & 15] ?? 0;
    }
  }
  return target.subarray(0, at);
}

/** `From ` at the start of a line, to which mailboxes of old add a `>`, and break any signature. */
function startsFrom(octets: Uint8Array, at: number): boolean {
  return FROM.every((octet, index) => octets[at + index] === octet);
}

const FROM: readonly number[] = [0x46, 0x72, 0x6f, 0x6d, SPACE];

function isLineEnd(octets: Uint8Array, at: number): boolean {
  return octets[at] === CR && octets[at + 1] === LF;
}

function isLiteral(octet: number): boolean {
  return (octet >= SPACE && octet <= 0x7e && octet !== EQUALS) || octet === TAB;
}
