/** A mail as JSON, to wait in a queue: what parseMail makes of it later is the same mail. */
import { encodeBase64 } from "./base64.ts";
import type { AttachmentInput, Envelope, MailInput, ParsedAttachment, ParsedMail } from "./mail.ts";
import { addressOf } from "./mailbox.ts";
import type { Mailbox } from "./mailbox.ts";

/**
 * The mail in a form that survives `JSON.stringify`. Message-ID, Date and envelope are fixed in it,
 * so that however often it is read, sent or retried, it is one mail. Throws TypeError for a stream,
 * which has to be read before.
 */
export function serialiseMail(mail: ParsedMail): MailInput {
  // Its fields are in the message itself, Message-ID and Date among them.
  if (mail.raw !== undefined) {
    const { content } = mail.raw;
    return { raw: textOrBase64(content), envelope: envelopeInput(mail.envelope), ...mail.requests };
  }
  return {
    from: mailboxInput(mail.from),
    ...(mail.sender === undefined ? {} : { sender: mailboxInput(mail.sender) }),
    to: mail.to.map(mailboxInput),
    cc: mail.cc.map(mailboxInput),
    bcc: mail.bcc.map(mailboxInput),
    replyTo: mail.replyTo.map(mailboxInput),
    subject: mail.subject,
    ...(mail.text === undefined ? {} : { text: mail.text }),
    ...(mail.html === undefined ? {} : { html: mail.html }),
    ...(mail.amp === undefined ? {} : { amp: mail.amp }),
    ...(mail.textFormat === "fixed" ? {} : { textFormat: mail.textFormat }),
    ...(mail.calendar === undefined ? {} : { calendar: mail.calendar }),
    attachments: mail.attachments.map(attachmentInput),
    headers: headersInput(mail.headers),
    ...(mail.inReplyTo === undefined ? {} : { inReplyTo: mail.inReplyTo }),
    references: mail.references,
    ...(mail.listUnsubscribe === undefined ? {} : { listUnsubscribe: mail.listUnsubscribe }),
    ...(mail.autoSubmitted === undefined ? {} : { autoSubmitted: mail.autoSubmitted }),
    ...(mail.importance === undefined ? {} : { importance: mail.importance }),
    messageId: mail.messageId,
    date: mail.date.toISOString(),
    envelope: envelopeInput(mail.envelope),
    ...mail.requests,
  };
}

function envelopeInput({ from, to, submitter }: Envelope): NonNullable<MailInput["envelope"]> {
  return { from, to, ...(submitter === undefined ? {} : { submitter }) };
}

function mailboxInput(mailbox: Mailbox): { readonly email: string; readonly name?: string } {
  const { name } = mailbox;
  return { email: addressOf(mailbox), ...(name === undefined ? {} : { name }) };
}

function attachmentInput(parsed: ParsedAttachment): AttachmentInput {
  const { pointer: _, content, ...attachment } = parsed;
  if (content instanceof Uint8Array) return { ...attachment, content: encodeBase64(content) };
  if (content instanceof ReadableStream) throw new TypeError("a stream cannot wait in a queue");
  return { ...attachment, ...content };
}

/** Text where the octets are UTF-8: it is shorter, and people can read it. */
function textOrBase64(octets: Uint8Array): string | { readonly base64: string } {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return { base64: encodeBase64(octets) };
  }
}

/** Values under their names. parseMail keeps the values of a name together, so order survives. */
function headersInput(headers: ParsedMail["headers"]): Record<string, string[]> {
  const byName = new Map<string, string[]>();
  for (const { name, value } of headers) {
    const values = byName.get(name);
    if (values === undefined) byName.set(name, [value]);
    else values.push(value);
  }
  return Object.fromEntries(byName);
}
