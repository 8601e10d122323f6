/** Tells webhooks what became of mails: each event waits in EVENT_QUEUE, once for each who asked for it. */
import type { Config } from "./config.ts";
import type { Env } from "./env.ts";
import type { Log } from "./log.ts";
import type { EventMail, MailEvent } from "./mail-event.ts";
import { addressOf } from "./mail/mailbox.ts";
import type { Posting } from "./posting.ts";
import type { QueuedEvent } from "./queued-event.ts";
import type { JournalMail } from "./store/journal.ts";

/** Messages that the platform takes in one call. */
const MAX_MESSAGES = 100;

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
  const messages = events.flatMap((event) =>
    webhooks
      .filter((webhook) => webhook.events.has(event.type))
      .map(({ url }): MessageSendRequest<QueuedEvent> => {
        const body = { id: `evt_${crypto.randomUUID().replaceAll("-", "")}`, url, event };
        return { body, contentType: "json" };
      }),
  );
  for (let at = 0; at < messages.length; at += MAX_MESSAGES) {
    const some = messages.slice(at, at + MAX_MESSAGES);
    const once = async (): Promise<unknown> => queue.sendBatch(some);
    try {
      await once().catch(once).catch(once);
    } catch {
      for (const { body } of some) {
        log("error", "event.lost", { id: body.event.mail.id, type: body.event.type });
      }
    }
  }
}

/** The mail as events show it. */
export function eventMail(id: string, { mail, tags }: Posting, createdAtMs: number): EventMail {
  const shown = mail.to.length === 0 ? mail.envelope.to : mail.to.map(addressOf);
  return {
    id,
    messageId: mail.messageId,
    createdAtMs,
    from: addressOf(mail.from),
    to: shown,
    subject: mail.subject,
    tags,
  };
}

/** The same of a mail of which only the journal is left: as much as it keeps. */
export function journalledMail({ id, messageId, createdAtMs, facts }: JournalMail): EventMail {
  const { from = "", to = [], subject = "", tags = [] } = facts;
  return { id, messageId, createdAtMs, from, to, subject, tags };
}
