/** A mail as JSON, to wait in a queue: what parseMail makes of it later is the same mail. */
import { encodeBase64 } from "./base64.ts";
import type { Attachment, AttachmentInput, Envelope, Mail, MailInput } from "./mail.ts";
import { addressOf } from "./mailbox.ts";
import type { Mailbox } from "./mailbox.ts";

/**
 * The mail in a form that survives `JSON.stringify`. Message-ID, Date and envelope are fixed in it,
 * so that however often it is read, sent or retried, it is one mail.
 */
export function serialiseMail(mail: Mail): MailInput {
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
    attachments: mail.attachments.map(attachmentInput),
    headers: headersInput(mail.headers),
    ...(mail.inReplyTo === undefined ? {} : { inReplyTo: mail.inReplyTo }),
    references: mail.references,
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

function attachmentInput(attachment: Attachment): AttachmentInput {
  return { ...attachment, content: encodeBase64(attachment.content) };
}

/** Values under their names. parseMail keeps the values of a name together, so order survives. */
function headersInput(headers: Mail["headers"]): Record<string, string[]> {
  const byName = new Map<string, string[]>();
  for (const { name, value } of headers) {
    const values = byName.get(name);
    if (values === undefined) byName.set(name, [value]);
    else values.push(value);
  }
  return Object.fromEntries(byName);
}
