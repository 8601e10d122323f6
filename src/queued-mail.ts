/**
 * What waits in the queue: a mail with its Message-ID and Date fixed, so that every attempt sends the
 * same mail, under the id the client was given. A bare Mail, sent to the queue by another Worker, is
 * taken too; what it leaves open is then fixed by the queue message.
 */
import type { MailInput, ParsedMail } from "./mail/mail.ts";
import { isRecord } from "./mail/fields.ts";
import { parseMail } from "./mail/parse-mail.ts";
import { serialiseMail } from "./mail/serialise-mail.ts";
import type { Result } from "./result.ts";
import type { Problem } from "./smtp/outcome.ts";

export interface QueuedMail {
  /** The id that POST /emails answered with. */
  readonly id: string;
  readonly mail: MailInput;
}

/** One shape for all ways in: our own messages, or a Mail as it is. */
export type QueueBody = QueuedMail | MailInput;

/**
 * A queue message may have 128,000 octets with its metadata, which the documentation puts at about
 * 100. The error for more is only "Unknown Internal Error", so it is checked before.
 */
export const MAX_QUEUED_OCTETS = 127_500;

/** The queue message of a mail, and its octets as JSON. */
export function queuedMail(
  id: string,
  mail: ParsedMail,
): { readonly body: QueuedMail; readonly octets: number } {
  const body = { id, mail: serialiseMail(mail) };
  return { body, octets: new TextEncoder().encode(JSON.stringify(body)).length };
}

/** The mail in a queue message, or what is wrong with it. */
export function readQueueBody(
  body: unknown,
  message: { readonly id: string; readonly timestamp: Date },
): { readonly id: string; readonly mail: Result<ParsedMail, readonly Problem[]> } {
  const isOurs = isRecord(body) && "mail" in body && "id" in body;
  const id = isOurs && isPlainId(body.id) ? body.id : message.id;
  const mail = parseMail(isOurs ? body.mail : body, {
    now: message.timestamp,
    // The same for every attempt. Ids of queue messages are hexadecimal.
    messageId: (domain) => `<${message.id.replaceAll(/[^A-Za-z0-9]/g, "")}@${domain}>`,
  });
  return { id, mail };
}

/** Ids stand in logs, where no address may: another producer may write anything here. */
function isPlainId(id: unknown): id is string {
  return typeof id === "string" && /^[\w-]{1,64}$/.test(id);
}

/** The same mail for fewer recipients: its header fields stay. */
export function narrowed(id: string, mail: ParsedMail, recipients: readonly string[]): QueuedMail {
  const whole = serialiseMail(mail);
  return { id, mail: { ...whole, envelope: { ...whole.envelope, to: recipients } } };
}
