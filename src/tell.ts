/** Tells webhooks what became of mails: each event waits in EVENT_QUEUE, once for each who asked for it. */
import type { Config } from "./config.ts";
import type { Env } from "./env.ts";
import type { Log } from "./log.ts";
import type { EventMail, MailEvent } from "./mail-event.ts";
import { addressOf } from "./mail/mailbox.ts";
import type { Posting } from "./posting.ts";
import { batchesOf, octetsOf } from "./queue-batches.ts";
import { webhookKey, type QueuedEvent } from "./queued-event.ts";
import type { JournalMail } from "./store/journal.ts";

/** An event and its mail must fit into a message of 128 KB: beside tags, the recipients take most of it. */
const MAX_RECIPIENT_OCTETS = 40_000;
const MAX_RECIPIENTS = 1000;
/** Longer than what `LIMITS` lets through; the subject of a whole message may be longer. */
const MAX_CHARACTERS = 2000;

/**
 * Resolves when the queue has them. Never rejects: the mail is sent, and an event that cannot be told is
 * logged.
 */
export async function tell(
  events: readonly MailEvent[],
  { env, config, log }: { readonly env: Env; readonly config: Config; readonly log: Log },
): Promise<void> {
  const queue = env.EVENT_QUEUE;
  const { webhooks } = config.service;
  if (queue === undefined) return;
  const keyed = await Promise.all(
    webhooks.map(async (webhook) => ({ ...webhook, key: await webhookKey(webhook.url) })),
  );
  const messages = events.flatMap(portions).flatMap((event) =>
    keyed
      .filter((webhook) => webhook.events.has(event.type))
      .map(({ key }) => {
        const body = { id: `evt_${crypto.randomUUID().replaceAll("-", "")}`, webhook: key, event };
        return { body, octets: octetsOf(body) };
      }),
  );
  for (const batch of batchesOf(messages)) {
    const requests = batch.map(({ body }): MessageSendRequest<QueuedEvent> => ({
      body,
      contentType: "json",
    }));
    const once = async (): Promise<unknown> => queue.sendBatch(requests);
    try {
      await once().catch(once).catch(once);
    } catch {
      for (const { body } of batch) {
        log("error", "event.lost", { id: body.event.mail.id, type: body.event.type });
      }
    }
  }
}

/** The event, or several where it is about more recipients than one message holds. */
function portions(event: MailEvent): readonly MailEvent[] {
  const { mail, recipients, reason } = event;
  const bounds = { maxOctets: MAX_RECIPIENT_OCTETS, maxCount: MAX_RECIPIENTS };
  const parts = batchesOf(
    recipients.map((recipient) => ({ recipient, octets: octetsOf(recipient) + 1 })),
    bounds,
  );
  const short = {
    ...event,
    mail: { ...mail, subject: mail.subject.slice(0, MAX_CHARACTERS) },
    ...(reason === undefined ? {} : { reason: reason.slice(0, MAX_CHARACTERS) }),
  };
  if (parts.length < 2) return [short];
  return parts.map((part) => ({ ...short, recipients: part.map(({ recipient }) => recipient) }));
}

/** The mail as events show it. */
export function eventMail(id: string, { mail, tags }: Posting, createdAtMs: number): EventMail {
  return {
    id,
    messageId: mail.messageId,
    createdAtMs,
    from: addressOf(mail.from),
    subject: mail.subject,
    tags,
  };
}

/** The same of a mail of which only the journal is left: as much as it keeps. */
export function journalledMail({ id, messageId, createdAtMs, facts }: JournalMail): EventMail {
  const { from = "", subject = "", tags = [] } = facts;
  return { id, messageId, createdAtMs, from, subject, tags };
}
