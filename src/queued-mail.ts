/**
 * What waits in the queue: a mail with its Message-ID and Date fixed, so that every attempt sends the
 * same mail, under the id the client was given; or where that mail stands: in the journal, or in SPOOL.
 * A bare Mail, sent to the queue by another Worker, is taken too; what it leaves open is then fixed by
 * the queue message.
 */
import { isRecord } from "./mail/fields.ts";
import type { MailInput, ParsedMail } from "./mail/mail.ts";
import { serialiseMail } from "./mail/serialise-mail.ts";
import { parsePosting, type Posting, type PostingInput, type Tag } from "./posting.ts";
import { invalid, type Result } from "./result.ts";
import type { Problem } from "./smtp/outcome.ts";
import type { Turn } from "./store/journal.ts";

export interface QueuedMail {
  /** The id that POST /emails answered with. */
  readonly id: string;
  readonly mail: MailInput;
  readonly tags?: readonly Tag[];
}

/** The mail stands in SPOOL under this key, as the JSON of a QueuedMail. */
export interface SpooledMail {
  readonly id: string;
  readonly spooled: string;
}

/** One shape for all ways in: our own messages, or a posting as it is. */
export type QueueBody = QueuedMail | SpooledMail | Turn | PostingInput;

/** What a queue message says, told apart. */
export type QueueMessage =
  | { readonly kind: "turn"; readonly turn: Turn }
  | { readonly kind: "spooled"; readonly spooled: SpooledMail }
  | {
      readonly kind: "mail";
      readonly id: string;
      /** Nobody here has admitted it: it comes from another Worker. */
      readonly isBare: boolean;
      readonly posting: Result<Posting, readonly Problem[]>;
    };

/**
 * A queue message may have 128,000 octets with its metadata, which the documentation puts at about
 * 100. The error for more is only "Unknown Internal Error", so it is checked before.
 */
export const MAX_QUEUED_OCTETS = 127_500;

/** The queue message of a mail, and its JSON with its octets. */
export function queuedMail(
  id: string,
  { mail, tags }: Pick<Posting, "mail" | "tags">,
): { readonly body: QueuedMail; readonly text: string; readonly octets: number } {
  const body = { id, mail: serialiseMail(mail), ...(tags.length === 0 ? {} : { tags }) };
  const text = JSON.stringify(body);
  return { body, text, octets: new TextEncoder().encode(text).length };
}

/** What the message says; a mail in it is parsed. */
export function readQueueBody(
  body: unknown,
  message: { readonly id: string; readonly timestamp: Date },
): QueueMessage {
  const has = (name: string): boolean => isRecord(body) && Object.hasOwn(body, name);
  const fields = new Map<string, unknown>(isRecord(body) ? Object.entries(body) : []);
  const given = fields.get("id");
  const id = isPlainId(given) ? given : undefined;
  const turn = fields.get("turn");
  if (id !== undefined && typeof turn === "number") return { kind: "turn", turn: { id, turn } };
  const spooled = claimIn(body);
  if (spooled !== undefined) return { kind: "spooled", spooled };
  const isOurs = has("mail") && has("id");
  const tags = fields.get("tags");
  const input = isOurs ? withTags(fields.get("mail"), tags) : body;
  const posting = parsePosting(input, {
    now: message.timestamp,
    // The same for every attempt. Ids of queue messages are hexadecimal.
    messageId: (domain) => `<${message.id.replaceAll(/[^A-Za-z0-9]/g, "")}@${domain}>`,
  });
  return { kind: "mail", id: id ?? idOf(message.id), isBare: !isOurs, posting };
}

/** Where the mail stands, if that is what the message says. */
export function claimIn(body: unknown): SpooledMail | undefined {
  if (!isRecord(body)) return undefined;
  const { id, turn, spooled } = body as { readonly [name: string]: unknown };
  if (!isPlainId(id) || typeof turn === "number" || typeof spooled !== "string") return undefined;
  return { id, spooled };
}

/** The posting in text that was kept: what `queuedMail` made. */
export function readKept(
  text: string,
  message: { readonly id: string; readonly timestamp: Date },
): Result<Posting, readonly Problem[]> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return invalid([{ pointer: "", detail: "What was kept of the mail cannot be read." }]);
  }
  const read = readQueueBody(body, message);
  if (read.kind === "mail") return read.posting;
  return invalid([{ pointer: "", detail: "What was kept is no mail." }]);
}

/** The same mail for fewer recipients: its header fields stay. */
export function narrowed(mail: ParsedMail, recipients: readonly string[]): ParsedMail {
  return { ...mail, envelope: { ...mail.envelope, to: recipients } };
}

function withTags(mail: unknown, tags: unknown): unknown {
  return tags === undefined || !isRecord(mail) ? mail : { ...mail, tags };
}

/** Ids stand in logs, where no address may: another producer may write anything here. */
function isPlainId(id: unknown): id is string {
  return typeof id === "string" && /^[\w-]{1,64}$/.test(id);
}

/** A UUID of the 32 hexadecimal digits of a queue message, the same for each delivery of it. */
function idOf(messageId: string): string {
  const digits = /^[0-9a-f]{32}$/i.test(messageId) ? messageId.toLowerCase() : undefined;
  if (digits === undefined) return messageId;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
