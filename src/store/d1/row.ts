/**
 * Rows of the journal as values: the place where the JSON in what D1 returns gets a type. It is not checked
 * again, since nobody but this folder writes it, from values of the same types.
 */
import type { JournalEvent, JournalMail, KeptReply, MailFacts, MailStatus } from "../journal.ts";

/** The columns that `mailOf` reads, of the table `mails`. */
export const MAIL_COLUMNS: string =
  "id, message_id, token, created_at, scheduled_at, status, attempts, facts, relay, reply";

export interface MailRow {
  readonly id: string;
  readonly message_id: string;
  readonly token: string;
  readonly created_at: number;
  readonly scheduled_at: number | null;
  readonly status: MailStatus;
  readonly attempts: number;
  readonly facts: string;
  readonly relay: string | null;
  readonly reply: string | null;
}

export function mailOf(row: MailRow): JournalMail {
  return {
    id: row.id,
    messageId: row.message_id,
    token: row.token,
    createdAtMs: row.created_at,
    ...(row.scheduled_at === null ? {} : { scheduledAtMs: row.scheduled_at }),
    status: row.status,
    attempts: row.attempts,
    facts: JSON.parse(row.facts) as MailFacts,
    ...(row.relay === null ? {} : { relay: row.relay }),
    ...(row.reply === null ? {} : { reply: JSON.parse(row.reply) as KeptReply }),
  };
}

export interface EventRow {
  readonly at: number;
  readonly type: JournalEvent["type"];
  readonly data: string;
}

export function eventOf(row: EventRow): JournalEvent {
  return { atMs: row.at, type: row.type, data: JSON.parse(row.data) as JournalEvent["data"] };
}

/** What a column with a list of texts holds. */
export function listOf(json: string): readonly string[] {
  return JSON.parse(json) as readonly string[];
}
