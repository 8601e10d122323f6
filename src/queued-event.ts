/** What waits in EVENT_QUEUE: one event for one webhook, under an id that stays the same in retries. */
import type { MailEvent } from "./mail-event.ts";

export interface QueuedEvent {
  /** `webhook-id`: whoever is told twice can tell. */
  readonly id: string;
  /** The webhook, by its URL: the secret is never in a message. */
  readonly url: string;
  readonly event: MailEvent;
}
