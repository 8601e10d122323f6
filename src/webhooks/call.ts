/**
 * Calls webhooks: each event that waits in EVENT_QUEUE is posted to the one webhook that it is for. Only
 * URLs of the configuration are called, redirects are not followed, and answers are not read.
 */
import type { Desk } from "../attempt.ts";
import { inOrder } from "../net/in-order.ts";
import type { Slip } from "../queue/slip.ts";
import { webhookKey, type QueuedEvent } from "../queued-event.ts";
import type { Webhook } from "../webhook-config.ts";
import { payloadOf } from "./payload.ts";
import { nextDelay, type HookAnswer } from "./schedule.ts";
import { signatureOf } from "./signature.ts";

export interface Call {
  readonly slip: Slip;
  readonly event: QueuedEvent;
}

const CALLS_AT_ONCE = 5;
/** Standard Webhooks: 15 to 30 seconds. */
const TIMEOUT_MS = 15_000;

/** Settles the messages. Never rejects. */
export async function callWebhooks(
  calls: readonly Call[],
  desk: Pick<Desk, "config" | "log">,
): Promise<void> {
  const work = async (call: Call): Promise<void> => callOne(call, desk);
  for await (const _ of inOrder(calls, work, () => CALLS_AT_ONCE));
}

async function callOne(
  { slip, event: queued }: Call,
  { config, log }: Pick<Desk, "config" | "log">,
): Promise<void> {
  const { id, event } = queued;
  const facts = { eventId: id, type: event.type, id: event.mail.id, attempt: slip.attempts };
  const webhook = await webhookOf(queued, config);
  if (webhook === undefined || !webhook.events.has(event.type)) {
    log("warn", "event.unwanted", facts);
    slip.ack();
    return;
  }
  const answer = await post(queued, webhook);
  const status = answer?.status;
  if (status !== undefined && status >= 200 && status < 300) {
    log("info", "event.told", { ...facts, status });
    slip.ack();
    return;
  }
  const delaySeconds = nextDelay(slip.attempts, answer, Date.now());
  if (delaySeconds === undefined) {
    log("error", "event.lost", { ...facts, status });
    slip.ack();
    return;
  }
  log("warn", "event.delayed", { ...facts, status, delaySeconds });
  slip.retry(delaySeconds);
}

async function webhookOf(
  { webhook: key }: QueuedEvent,
  { service: { webhooks } }: Desk["config"],
): Promise<Webhook | undefined> {
  for (const webhook of webhooks) if ((await webhookKey(webhook.url)) === key) return webhook;
  return undefined;
}

/** How it answered; undefined where it did not, or the event is none that can be written. */
async function post(
  { id, event }: QueuedEvent,
  { url, secret }: Webhook,
): Promise<HookAnswer | undefined> {
  try {
    const body = payloadOf(event);
    const timestamp = Math.floor(Date.now() / 1000);
    const signature = await signatureOf(secret, { id, timestamp, body });
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "Postrider",
        // The names of the standard, and those by which the Resend API calls the same.
        ...named("webhook", { id, timestamp, signature }),
        ...named("svix", { id, timestamp, signature }),
      },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel().catch(() => undefined);
    const retryAfter = response.headers.get("retry-after") ?? undefined;
    return { status: response.status, retryAfter };
  } catch {
    return undefined;
  }
}

function named(
  prefix: string,
  { id, timestamp, signature }: { id: string; timestamp: number; signature: string },
): Readonly<Record<string, string>> {
  return {
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: String(timestamp),
    [`${prefix}-signature`]: signature,
  };
}
