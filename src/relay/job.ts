/**
 * What a Worker asks of the object that keeps a relay's sessions: one mail, and which of the configured
 * relays. Never how to reach or use it: that the object reads for itself.
 */
import type { AttachmentInput, MailInput, ParsedAttachment, ParsedMail } from "../mail/mail.ts";
import { serialiseMail } from "../mail/serialise-mail.ts";
import type { Outcome } from "../smtp/outcome.ts";

export interface DeliveryJob {
  /** Which of the configured relays. */
  readonly relay: number;
  /** Its `host:port`: the object has to be configured alike. */
  readonly label: string;
  /** Message-ID, Date and envelope are fixed in it. */
  readonly mail: MailInput;
}

/** The binding RELAY_SESSIONS, as far as it is used. */
export interface RelaySessionsBinding {
  getByName(name: string): { deliver(job: DeliveryJob): Promise<Outcome> };
}

/** The mail for a call: octets stay octets, which RPC carries and JSON does not. */
export function mailOf(mail: ParsedMail): MailInput {
  const { raw } = mail;
  if (raw !== undefined) {
    const empty = { ...mail, raw: { ...raw, content: new Uint8Array(0) } };
    return { ...serialiseMail(empty), raw: raw.content };
  }
  const attachments = mail.attachments.map(attachmentOf);
  const fields = serialiseMail({ ...mail, attachments: [] });
  return fields.raw === undefined ? { ...fields, attachments } : fields;
}

function attachmentOf(parsed: ParsedAttachment): AttachmentInput {
  const { pointer: _, content, ...rest } = parsed;
  return "r2Key" in content ? { ...rest, ...content } : { ...rest, content };
}

/** The object of a relay's shard; what all of the relay's begin with where that is "". */
export function nameOf(label: string, shard: number | ""): string {
  return `${label}#${shard}`;
}

/** The shard of a mail: the same for each attempt at it. */
export function shardOf(messageId: string, shards: number): number {
  let hash = 0;
  for (const character of messageId) {
    hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  }
  return hash % shards;
}
