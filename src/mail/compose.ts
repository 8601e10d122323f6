/**
 * Composes a mail: the envelope, and the octets of the message (RFC 5322 §3.5, RFC 2045 §2).
 * mimetext nests the multiparts and nothing else. It gets fields that are finished, parts whose
 * bodies are stand-ins, and boundaries that nobody guesses; the bodies are put in afterwards, as
 * octets, so that nothing mimetext would do to text can happen to them. Only this file imports it,
 * and only its browser build: the other one writes the line ends of its host.
 */
import { MIMEMessage, MIMEMessageHeader } from "mimetext/browser";
import type { HeaderField, MIMEMessageContent } from "mimetext/browser";

import { formatAddressList } from "./address-list.ts";
import { assertComposed } from "./composed.ts";
import type { Range } from "./composed.ts";
import { formatDate } from "./date.ts";
import { foldValue, formatUnstructured } from "./header-field.ts";
import type { Envelope, Mail } from "./mail.ts";
import { formatDisposition } from "./parameter.ts";
import { randomBytes, randomToken } from "./random.ts";
import type { RandomBytes } from "./random.ts";
import { bodyLength, encodeAttachment, encodeText, writeBody } from "./transfer-encoding.ts";
import type { Body } from "./transfer-encoding.ts";

/** What a relay is given: whom the mail is from and for, and the content of its DATA. */
export interface Composed {
  readonly envelope: Envelope;
  readonly content: Uint8Array;
}

export interface ComposeOptions {
  /** Makes the boundaries; the platform's cryptographic generator where absent. */
  readonly randomBytes?: RandomBytes;
}

/** The envelope and content of the mail. Pure but for the boundaries; never throws for a Mail. */
export function compose(mail: Mail, options: ComposeOptions = {}): Composed {
  const token = (): string => randomToken(options.randomBytes ?? randomBytes);
  const message = new MIMEMessage(CONTEXT);
  message.headers = headerOf(mail);
  message.boundaries = { mixed: token(), alt: token(), related: token() };
  const standIn = token();
  const bodies: Body[] = [];
  const place = (body: Body): string => `${standIn}${bodies.push(body) - 1}.`;

  for (const [contentType, text] of textsOf(mail)) {
    const body = encodeText(text);
    const data = place(body);
    const part = message.addMessage({ data, contentType, encoding: body.encoding });
    part.setHeader("Content-Type", `${contentType}; charset=utf-8`);
  }
  for (const { type, content, disposition, filename, contentId } of mail.attachments) {
    const body = encodeAttachment(type, content);
    const data = place(body);
    // mimetext finds out what a part is by searching its fields for words: tell it instead.
    const { encoding } = body;
    const part = message.addAttachment({ data, filename: "x", contentType: "x/x", encoding });
    part.setHeader("Content-Type", foldValue("Content-Type", type));
    part.setHeader("Content-Disposition", formatDisposition(disposition, filename));
    if (contentId !== undefined) part.setHeader("Content-ID", `<${contentId}>`);
    part.isAttachment = () => disposition === "attachment";
    part.isInlineAttachment = () => disposition === "inline";
  }
  const { content, base64 } = fillIn(withRelatedType(message), standIn, bodies);
  assertComposed(content, { allowUtf8: mail.envelope.smtpUtf8, base64 });
  return { envelope: mail.envelope, content };
}

/** What mimetext asks of its host. Ours are the line ends; nothing is left to it to encode. */
const CONTEXT = {
  eol: "\r\n",
  toBase64: refuse,
  toBase64WebSafe: refuse,
  validateContentType: (type: string): string => type,
};

function refuse(): never {
  throw new TypeError("mimetext is not to encode anything");
}

/** Fields that are encoded and folded already: kept in order, repeated if need be, written as is. */
class FinishedHeader extends MIMEMessageHeader {
  override fields: HeaderField[] = [];

  override set(name: string, value: string): HeaderField {
    const field = { name, value, dump: () => value };
    this.fields.push(field);
    return field;
  }
}

function headerOf(mail: Mail): MIMEMessageHeader {
  const header = new FinishedHeader(CONTEXT);
  const set = (name: string, value: string): HeaderField => header.set(name, value);
  set("From", formatAddressList("From", [mail.from]));
  if (mail.sender !== undefined) set("Sender", formatAddressList("Sender", [mail.sender]));
  for (const [name, mailboxes] of [
    ["Reply-To", mail.replyTo],
    ["To", mail.to],
    ["Cc", mail.cc],
  ] as const) {
    // RFC 5322 §3.6.3: an address list is not empty. Bcc is in the envelope and nowhere else.
    if (mailboxes.length > 0) set(name, formatAddressList(name, mailboxes));
  }
  set("Subject", formatUnstructured("Subject", mail.subject));
  set("Date", formatDate(mail.date));
  set("Message-ID", foldValue("Message-ID", mail.messageId));
  if (mail.inReplyTo !== undefined) set("In-Reply-To", foldValue("In-Reply-To", mail.inReplyTo));
  if (mail.references.length > 0) {
    set("References", foldValue("References", mail.references.join(" ")));
  }
  for (const { name, value } of mail.headers) set(name, formatUnstructured(name, value));
  set("MIME-Version", "1.0");
  return header;
}

/** The text parts in the order of RFC 2046 §5.1.4: the plainest first. */
function textsOf(mail: Mail): [contentType: string, text: string][] {
  const texts: [string, string][] = [];
  if (mail.text !== undefined) texts.push(["text/plain", mail.text]);
  if (mail.html !== undefined) texts.push(["text/html", mail.html]);
  // mimetext writes no message without a text; an empty one shows as nothing.
  return texts.length > 0 ? texts : [["text/plain", ""]];
}

/** RFC 2387 §3.1: multipart/related names the type of its root, which mimetext leaves out. */
function withRelatedType(message: MIMEMessage): string {
  const roots = message.messages.filter(isText);
  const root = roots.length > 1 ? "multipart/alternative" : bareType(roots[0]);
  const { related } = message.boundaries;
  return message
    .asRaw()
    .replace(
      `multipart/related; boundary=${related}`,
      `multipart/related; type="${root}";\r\n boundary=${related}`,
    );
}

function isText(part: MIMEMessageContent): boolean {
  return !part.isAttachment() && !part.isInlineAttachment();
}

function bareType(part: MIMEMessageContent | undefined): string {
  return String(part?.getHeader("Content-Type")).split(";", 1)[0] ?? "";
}

/** Puts each body where its stand-in is, with one CRLF behind it, the end of the content included. */
function fillIn(
  skeleton: string,
  standIn: string,
  bodies: readonly Body[],
): { content: Uint8Array; base64: Range[] } {
  const pieces = skeleton.split(new RegExp(`${standIn}(\\d+)\\.(?:\\r\\n)*`));
  if (pieces.length !== bodies.length * 2 + 1) {
    throw new TypeError("mimetext left out a part, or wrote one twice");
  }
  const encoder = new TextEncoder();
  const chunks: (Uint8Array | Body)[] = [];
  let length = 0;
  for (const [at, piece] of pieces.entries()) {
    const body = at % 2 === 1 ? bodies[Number(piece)] : undefined;
    // The last piece ends the message, which mimetext leaves without a line end.
    const last = at === pieces.length - 1 && piece !== "";
    const chunk = body ?? encoder.encode(last ? `${piece}\r\n` : piece);
    chunks.push(chunk);
    length += chunk instanceof Uint8Array ? chunk.length : bodyLength(chunk) + 2;
  }
  const content = new Uint8Array(length);
  const base64: Range[] = [];
  let offset = 0;
  for (const chunk of chunks) {
    if (chunk instanceof Uint8Array) {
      content.set(chunk, offset);
      offset += chunk.length;
    } else {
      const start = offset;
      offset = writeBody(chunk, content, start);
      if (chunk.encoding === "base64" && offset > start) base64.push({ start, end: offset });
      // A text that is the whole message may bring the line end of the message itself.
      if (offset + 2 === content.length && endsLine(content, offset)) break;
      content[offset++] = 0x0d;
      content[offset++] = 0x0a;
    }
  }
  return { content: content.subarray(0, offset), base64 };
}

function endsLine(content: Uint8Array, end: number): boolean {
  return content[end - 2] === 0x0d && content[end - 1] === 0x0a;
}
