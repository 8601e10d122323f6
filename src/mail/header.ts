/** The header fields of a mail (RFC 5322 §3.6), encoded and folded, in the order they are written. */
import { formatAddressList } from "./address-list.ts";
import { automaticFields } from "./automatic.ts";
import { formatDate } from "./date.ts";
import { foldValue, formatUnstructured } from "./header-field.ts";
import { LIMITS } from "./limits.ts";
import { listUnsubscribeFields } from "./list-unsubscribe.ts";
import type { Mail } from "./mail.ts";
import { formatCustom } from "./structured-field.ts";
import { utf8Length } from "./utf8.ts";

/** What of a mail makes its header. */
export type HeaderSource = Omit<Mail, "attachments">;

export interface FieldLine {
  readonly name: string;
  readonly value: string;
}

/** All fields but those of MIME. Bcc is in the envelope and nowhere else. */
export function headerFields(mail: HeaderSource): FieldLine[] {
  const fields: FieldLine[] = [];
  const set = (name: string, value: string): void => {
    fields.push({ name, value });
  };
  set("From", formatAddressList("From", [mail.from]));
  if (mail.sender !== undefined) set("Sender", formatAddressList("Sender", [mail.sender]));
  for (const [name, mailboxes] of [
    ["Reply-To", mail.replyTo],
    ["To", mail.to],
    ["Cc", mail.cc],
  ] as const) {
    // RFC 5322 §3.6.3: an address list is not empty.
    if (mailboxes.length > 0) set(name, formatAddressList(name, mailboxes));
  }
  set("Subject", formatUnstructured("Subject", mail.subject));
  set("Date", formatDate(mail.date));
  set("Message-ID", foldValue("Message-ID", mail.messageId));
  if (mail.inReplyTo !== undefined) set("In-Reply-To", foldValue("In-Reply-To", mail.inReplyTo));
  if (mail.references.length > 0) {
    set("References", foldValue("References", mail.references.join(" ")));
  }
  if (mail.listUnsubscribe !== undefined) {
    for (const { name, value } of listUnsubscribeFields(mail.listUnsubscribe)) {
      set(name, foldValue(name, value));
    }
  }
  for (const { name, value } of automaticFields(mail)) set(name, value);
  for (const { name, value } of mail.headers) set(name, formatCustom(name, value));
  return fields;
}

/** How many octets the fields take up on the wire, but for those of MIME, which are short. */
export function headerLength(mail: HeaderSource): number {
  const { from, to, cc, replyTo, subject, headers, references } = mail;
  const mailboxes = [from, ...to, ...cc, ...replyTo];
  const characters =
    subject.length +
    mailboxes.length * MAX_ADDRESS_LENGTH +
    mailboxes.reduce((sum, { name = "" }) => sum + name.length, 0) +
    headers.reduce((sum, { name, value }) => sum + name.length + value.length, 0) +
    references.reduce((sum, id) => sum + id.length, 0);
  // Most headers are far from any limit, and need not be written twice to see it.
  if (characters * MAX_GROWTH < LIMITS.headerOctets) return characters;
  return headerFields(mail).reduce(
    (sum, { name, value }) => sum + name.length + utf8Length(value) + ": \r\n".length,
    0,
  );
}

/** With brackets and separators. */
const MAX_ADDRESS_LENGTH = 264;
/** A character as UTF-8 in an encoded-word, the wrapping of the word and the fold included. */
const MAX_GROWTH = 16;
