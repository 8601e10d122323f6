/**
 * Content-Transfer-Encoding (RFC 2045 §6): which one a body gets, and its octets. Never binary, and 8bit
 * only for an attached message: all else that we compose passes any relay (RFC 6152 §3).
 */
import { wrappedBase64Length } from "./base64.ts";
import type { Segment } from "./content.ts";
import { toCrlf, toCrlfOctets } from "./line-ends.ts";
import { encodeQuotedPrintable, quotedPrintableLength } from "./quoted-printable.ts";
import type { Source } from "./source.ts";
import { encodeUtf8 } from "./utf8.ts";

/** A body and how it travels. */
export interface Body {
  readonly encoding: "7bit" | "8bit" | "quoted-printable" | "base64";
  readonly segment: Segment;
}

/** RFC 5322 §2.1.1, without the CRLF. */
export const MAX_LINE_OCTETS = 998;

/** The body of a text part: as it is where that is safe, else the smaller of the two encodings. */
export function encodeText(text: string): Body {
  const octets = encodeUtf8(toCrlf(text));
  // A line that starts with `From ` is not safe as it is: some mailbox on the way changes it.
  if (lineForm(octets) === "7bit" && !text.includes(DELETE) && !hasFromLine(text)) {
    return { encoding: "7bit", segment: { type: "octets", octets } };
  }
  if (quotedPrintableLength(octets) <= wrappedBase64Length(octets.length)) {
    const quoted = encodeQuotedPrintable(octets);
    return { encoding: "quoted-printable", segment: { type: "octets", octets: quoted } };
  }
  return { encoding: "base64", segment: { type: "base64", octets } };
}

/** Of 7 bits, and a control character all the same. */
const DELETE = "\u007f";

function hasFromLine(text: string): boolean {
  // To look for the word alone is many times faster, and few texts have it.
  return text.includes("From ") && /^From /m.test(text);
}

/** The body of an attachment: its octets exactly, as base64; a message stays as it is. */
export function encodeAttachment(type: string, content: Uint8Array | Source): Body {
  // RFC 2046 §5.2.1: a message part is not encoded; `loadMail` lets only messages of lines through.
  if (isMessageType(type) && content instanceof Uint8Array) {
    const octets = toCrlfOctets(content);
    const encoding = lineForm(octets) === "7bit" ? "7bit" : "8bit";
    return { encoding, segment: { type: "octets", octets } };
  }
  return { encoding: "base64", segment: { type: "base64", octets: content } };
}

/** Whether a media type is `message/...`, which may not be encoded (RFC 2046 §5.2.1). */
export function isMessageType(type: string): boolean {
  return type.startsWith("message/");
}

/** How the octets, once their line ends are CRLF, may travel as they are; undefined if they may not. */
export function messageForm(content: Uint8Array): "7bit" | "8bit" | undefined {
  return lineForm(toCrlfOctets(content));
}

/** RFC 2045 §2.7, §2.8: lines of at most 998 octets without NUL; in 7bit of ASCII alone. */
function lineForm(octets: Uint8Array): "7bit" | "8bit" | undefined {
  let form: "7bit" | "8bit" = "7bit";
  let lineStart = 0;
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at] ?? 0;
    // Nearly every octet is one of these.
    if (octet > 0x1f && octet < 0x7f) continue;
    if (octet === 0x0a) {
      if (at - 1 - lineStart > MAX_LINE_OCTETS) return undefined;
      lineStart = at + 1;
    } else if (octet > 0x7f) form = "8bit";
    else if (octet < 0x20 && octet !== 0x09 && octet !== 0x0d) return undefined;
  }
  return octets.length - lineStart > MAX_LINE_OCTETS ? undefined : form;
}
