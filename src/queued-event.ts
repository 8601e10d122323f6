/** What waits in EVENT_QUEUE: one event for one webhook, under an id that stays the same in retries. */
import { EVENT_TYPES, type MailEvent } from "./mail-event.ts";
import { isRecord } from "./mail/fields.ts";

export interface QueuedEvent {
  /** `webhook-id`: whoever is told twice can tell. */
  readonly id: string;
  /** The webhook, by `webhookKey`. */
  readonly webhook: string;
  readonly event: MailEvent;
}

/** The event in a queue message; undefined where it is something else. */
export function readQueuedEvent(body: unknown): QueuedEvent | undefined {
  if (!isRecord(body)) return undefined;
  const { id, webhook, event } = body as { readonly [name: string]: unknown };
  if (typeof id !== "string" || !id.startsWith("evt_")) return undefined;
  if (typeof webhook !== "string") return undefined;
  if (!isRecord(event)) return undefined;
  const { type } = event as { readonly type?: unknown };
  if (!EVENT_TYPES.some((one) => one === type)) return undefined;
  // Only `tell` writes such messages: no mail has a member `event`.
  return body as unknown as QueuedEvent;
}

/** What a webhook is called in messages: its URL may hold a secret of the receiver, and stays out of them. */
export async function webhookKey(url: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(url));
  const octets = new Uint8Array(digest, 0, 8);
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
