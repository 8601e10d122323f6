/** What is written into the journal: as much of a mail as JOURNAL_DETAIL lets be kept. */
import type { Config } from "./config.ts";
import { addressOf, type Mailbox } from "./mail/mailbox.ts";
import type { Posting } from "./posting.ts";
import type { JournalEvent, MailFacts, NewMail } from "./store/journal.ts";
import type { Verdict } from "./verdict.ts";

type Detail = Config["service"]["journalDetail"];

/** A text is for looking at; what is longer is cut. */
const MAX_TEXT_CHARACTERS = 100_000;

/** A posting as it enters the journal. */
export function newMail(
  { id, posting }: { readonly id: string; readonly posting: Posting },
  rest: Omit<NewMail, "id" | "messageId" | "facts" | "scheduledAtMs"> & { readonly detail: Detail },
): NewMail {
  const { detail, events, ...others } = rest;
  const { mail, scheduledAt } = posting;
  return {
    ...others,
    id,
    messageId: mail.messageId,
    facts: factsOf(posting, detail),
    ...(scheduledAt === undefined ? {} : { scheduledAtMs: scheduledAt.getTime() }),
    events: events.map((event) => discreet(event, detail)),
  };
}

/** The entry of a verdict; without addresses, and texts that may hold some, where none may be kept. */
export function entryOf(
  verdict: Pick<Verdict, "entry">,
  atMs: number,
  detail: Detail,
): JournalEvent {
  return discreet({ ...verdict.entry, atMs }, detail);
}

function discreet(event: JournalEvent, detail: Detail): JournalEvent {
  if (detail !== "none") return event;
  const data = Object.entries(event.data)
    .filter(([name]) => name !== "reason" || !isTheirs(event.data))
    .map(([name, value]) => [name, withoutAddresses(value)]);
  return { ...event, data: Object.fromEntries(data) };
}

/** The reason quotes a relay, which may name people in any way. */
function isTheirs({ reply, refused, cause }: JournalEvent["data"]): boolean {
  return reply !== undefined || refused !== undefined || cause === "reply" || cause === "protocol";
}

/** Counts lists, and leaves of a reply its codes. */
function withoutAddresses(value: unknown): unknown {
  if (Array.isArray(value)) return value.length;
  if (typeof value === "string") return value.includes("@") ? "(not kept)" : value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== "text"));
}

function factsOf({ mail, tags }: Posting, detail: Detail): MailFacts {
  const { text, html } = mail;
  if (detail === "none") return tags.length === 0 ? {} : { tags };
  const addresses = (list: readonly Mailbox[]): readonly string[] => list.map(displayed);
  // A whole message may leave its recipients to the envelope.
  const to = mail.to.length + mail.cc.length + mail.bcc.length === 0 ? mail.envelope.to : undefined;
  return {
    from: displayed(mail.from),
    to: to ?? addresses(mail.to),
    ...(mail.cc.length === 0 ? {} : { cc: addresses(mail.cc) }),
    ...(mail.bcc.length === 0 ? {} : { bcc: addresses(mail.bcc) }),
    ...(mail.replyTo.length === 0 ? {} : { replyTo: addresses(mail.replyTo) }),
    subject: mail.subject,
    ...(tags.length === 0 ? {} : { tags }),
    ...(detail === "all" && text !== undefined ? { text: text.slice(0, MAX_TEXT_CHARACTERS) } : {}),
    ...(detail === "all" && html !== undefined ? { html: html.slice(0, MAX_TEXT_CHARACTERS) } : {}),
  };
}

/** `Ann <ann@example.com>`, for people; nothing parses it. */
export function displayed(mailbox: Mailbox): string {
  const address = addressOf(mailbox);
  return mailbox.name === undefined ? address : `${mailbox.name} <${address}>`;
}
