/**
 * Content-Transfer-Encoding (RFC 2045 §6): which one a body gets, and its octets. Never 8bit or
 * binary: what we compose passes any relay, whatever it offers (RFC 6152 §3).
 */
import { wrappedBase64Length, writeBase64 } from "./base64.ts";
import { toCrlf } from "./line-ends.ts";
import { encodeQuotedPrintable, quotedPrintableLength } from "./quoted-printable.ts";

/** A body and how it travels: `octets` are final, save for base64, which is written when placed. */
export interface Body {
  readonly encoding: "7bit" | "quoted-printable" | "base64";
  readonly octets: Uint8Array;
}

/** RFC 5322 §2.1.1, without the CRLF. */
export const MAX_LINE_OCTETS = 998;

/** The body of a text part: as it is where that is safe, else the smaller of the two encodings. */
export function encodeText(text: string): Body {
  const octets = new TextEncoder().encode(toCrlf(text));
  if (isSevenBit(octets)) return { encoding: "7bit", octets };
  if (quotedPrintableLength(octets) <= wrappedBase64Length(octets.length)) {
    return { encoding: "quoted-printable", octets: encodeQuotedPrintable(octets) };
  }
  return { encoding: "base64", octets };
}

/** The body of an attachment: its octets exactly, as base64; a message stays as it is. */
export function encodeAttachment(type: string, content: Uint8Array): Body {
  // RFC 2046 §5.2.1: a message part is not encoded; parseMail lets only 7-bit ones through.
  if (isMessageType(type)) return { encoding: "7bit", octets: sevenBitLines(content) };
  return { encoding: "base64", octets: content };
}

/** Whether a media type is `message/...`, which may not be encoded (RFC 2046 §5.2.1). */
export function isMessageType(type: string): boolean {
  return type.startsWith("message/");
}

/** Whether the octets, with CRLF line ends, may travel as they are (RFC 2045 §2.7). */
export function isSevenBitMessage(content: Uint8Array): boolean {
  // Seven-bit octets decode to as many characters, so that the line ends can be put right.
  return content.every((octet) => octet < 0x80) && isSevenBit(sevenBitLines(content));
}

/** How many octets the body takes up in the content. */
export function bodyLength(body: Body): number {
  return body.encoding === "base64" ? wrappedBase64Length(body.octets.length) : body.octets.length;
}

/** Writes the body at the offset; returns the offset behind it. */
export function writeBody(body: Body, target: Uint8Array, offset: number): number {
  if (body.encoding === "base64") return writeBase64(body.octets, target, offset);
  target.set(body.octets, offset);
  return offset + body.octets.length;
}

function sevenBitLines(content: Uint8Array): Uint8Array {
  return new TextEncoder().encode(toCrlf(new TextDecoder().decode(content)));
}

function isSevenBit(octets: Uint8Array): boolean {
  let lineStart = 0;
  for (const [at, octet] of octets.entries()) {
    if (octet === 0x0a) lineStart = at + 1;
    else if (octet > 0x7e || (octet < 0x20 && octet !== 0x09 && octet !== 0x0d)) return false;
    else if (octet !== 0x0d && at - lineStart >= MAX_LINE_OCTETS) return false;
  }
  return true;
}
