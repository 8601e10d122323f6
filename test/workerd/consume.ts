/** The queue consumer as the platform calls it, with a queue that keeps what is put back. */
import { createMessageBatch } from "cloudflare:test";
import { beforeEach, expect, vi } from "vitest";

import type { Env } from "../../src/env.ts";
import type { QueuedEvent } from "../../src/queued-event.ts";
import type { QueueBody, QueuedMail } from "../../src/queued-mail.ts";
import worker from "../../src/worker.ts";
import { mail } from "./worker-calls.ts";

interface Again {
  readonly body: QueueBody;
  readonly delaySeconds?: number;
}

/** What the consumer put back, and how often the queue fails first. */
export const queue: { again: Again[]; failures: number } = { again: [], failures: 0 };

/** The binding MAIL_QUEUE, as far as the consumer uses it. */
export const binding = {
  send: async (body: QueueBody, options: { readonly delaySeconds?: number }) => {
    queue.failures -= 1;
    if (queue.failures >= 0) throw new Error("Queue send failed");
    // As the platform does: a copy, by way of JSON.
    queue.again.push({ ...options, body: JSON.parse(JSON.stringify(body)) });
  },
  sendBatch: async (messages: readonly Again[]) => {
    queue.failures -= 1;
    if (queue.failures >= 0) throw new Error("Queue send failed");
    queue.again.push(...(JSON.parse(JSON.stringify(messages)) as Again[]));
  },
} as unknown as NonNullable<Env["MAIL_QUEUE"]>;

/** What was told to webhooks. */
export const told: QueuedEvent[] = [];

/** The binding EVENT_QUEUE. */
export const eventBinding = {
  sendBatch: async (messages: readonly { readonly body: QueuedEvent }[]) => {
    told.push(...messages.map(({ body }) => JSON.parse(JSON.stringify(body)) as QueuedEvent));
  },
} as unknown as NonNullable<Env["EVENT_QUEUE"]>;

beforeEach(() => {
  told.length = 0;
  queue.again = [];
  queue.failures = 0;
});

interface Given {
  readonly body: unknown;
  readonly id?: string;
  readonly attempts?: number;
  readonly timestamp?: Date;
}

/** How each message ended: "ack", or the seconds until its retry. */
export async function consume(
  given: readonly Given[],
  env: Env,
  queueName = "postrider-mail",
): Promise<readonly ("ack" | number)[]> {
  const messages = given.map(({ body, id, attempts = 1, timestamp }) => ({
    id: id ?? crypto.randomUUID().replaceAll("-", ""),
    timestamp: timestamp ?? new Date(1_790_000_000_000),
    attempts,
    body,
  }));
  const batch = createMessageBatch(queueName, messages);
  const spies = batch.messages.map((message) => ({
    ack: vi.spyOn(message, "ack"),
    retry: vi.spyOn(message, "retry"),
  }));
  await worker.queue?.(batch, { MAIL_QUEUE: binding, ...env }, {} as ExecutionContext);
  return spies.map(({ ack, retry }) => {
    expect(ack.mock.calls.length + retry.mock.calls.length).toBe(1);
    const delaySeconds = retry.mock.calls[0]?.[0]?.delaySeconds;
    return ack.mock.calls.length === 1 ? "ack" : (delaySeconds ?? Number.NaN);
  });
}

/** How a batch of one ended. */
export async function one(
  body: unknown,
  env: Env,
  attempts = 1,
): Promise<"ack" | number | undefined> {
  return (await consume([{ body, attempts }], env))[0];
}

/** A message of our own making. */
export function queued(
  more: object = {},
): QueuedMail & { readonly mail: { readonly subject: string } } {
  return { id: crypto.randomUUID(), mail: mail(more) } as QueuedMail & {
    mail: { subject: string };
  };
}

export function messageIdOf(raw: string | undefined): string | undefined {
  return /^Message-ID: (<.+>)\r$/m.exec(raw ?? "")?.[1];
}
