/** What waits in EVENT_QUEUE: one event for one webhook, under an id that stays the same in retries. */
import { EVENT_TYPES, type MailEvent } from "./mail-event.ts";
import { isRecord } from "./mail/fields.ts";

export interface QueuedEvent {
  /** `webhook-id`: whoever is told twice can tell. */
  readonly id: string;
  /** The webhook, by its URL: the secret is never in a message. */
  readonly url: string;
  readonly event: MailEvent;
}

/** The event in a queue message; undefined where it is something else. */
export function readQueuedEvent(body: unknown): QueuedEvent | undefined {
  if (!isRecord(body)) return undefined;
  const { id, url, event } = body as { readonly [name: string]: unknown };
  if (typeof id !== "string" || !id.startsWith("evt_") || typeof url !== "string") return undefined;
  if (!isRecord(event)) return undefined;
  const { type } = event as { readonly type?: unknown };
  if (!EVENT_TYPES.some((one) => one === type)) return undefined;
  // Only `tell` writes such messages: no mail has a member `event`.
  return body as unknown as QueuedEvent;
}
