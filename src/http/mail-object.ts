/** A mail of the journal as the Resend API shows one, with what we know beyond that. */
import type { JournalEvent, JournalMail, MailStatus } from "../store/journal.ts";

/** The object of a list: without content, tags and events. */
export function listedMail(mail: JournalMail): object {
  const { facts, scheduledAtMs } = mail;
  return {
    id: mail.id,
    message_id: mail.messageId,
    // Some SDKs fail where these are not what they are in every mail. Empty: not kept (JOURNAL_DETAIL).
    from: facts.from ?? "",
    to: facts.to ?? [],
    cc: facts.cc ?? null,
    bcc: facts.bcc ?? null,
    reply_to: facts.replyTo ?? null,
    subject: facts.subject ?? "",
    created_at: isoOf(mail.createdAtMs),
    scheduled_at: scheduledAtMs === undefined ? null : isoOf(scheduledAtMs),
    last_event: LAST_EVENTS[mail.status],
    topic_id: null,
    status: mail.status,
    attempts: mail.attempts,
    relay: mail.relay ?? null,
    reply: mail.reply ?? null,
  };
}

/** The whole object. */
export function mailObject(mail: JournalMail, events: readonly JournalEvent[]): object {
  const { html, text, tags } = mail.facts;
  return {
    object: "email",
    ...listedMail(mail),
    html: html ?? null,
    text: text ?? null,
    tags: tags ?? null,
    events: events.map(({ atMs, type, data }) => ({ at: isoOf(atMs), type, ...data })),
  };
}

/** In the words that the SDKs know; another one makes some of them fail. */
const LAST_EVENTS = {
  scheduled: "scheduled",
  queued: "queued",
  sending: "queued",
  deferred: "delivery_delayed",
  accepted: "sent",
  refused: "bounced",
  unknown: "failed",
  failed: "failed",
  suppressed: "failed",
  canceled: "canceled",
} as const satisfies Record<MailStatus, string>;

const STATUSES = Object.keys(LAST_EVENTS) as readonly MailStatus[];

/** What a filter may ask for: the statuses, and the words of `last_event`. */
export const STATUS_WORDS: readonly string[] = [
  ...new Set([...STATUSES, ...Object.values(LAST_EVENTS)]),
];

/** The statuses that are called so, or that are so in the words of `last_event`; none where none is. */
export function statusesOf(word: string): readonly MailStatus[] {
  const own = STATUSES.filter((status) => status === word);
  return own.length > 0 ? own : STATUSES.filter((status) => LAST_EVENTS[status] === word);
}

function isoOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
