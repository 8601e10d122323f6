/** Events on their way into EVENT_QUEUE: however many or large, none is lost to the limits of a queue. */
import { expect, it } from "vitest";

import { readConfig } from "../../src/config.ts";
import type { Env } from "../../src/env.ts";
import type { MailEvent } from "../../src/mail-event.ts";
import type { QueuedEvent } from "../../src/queued-event.ts";
import { tell } from "../../src/tell.ts";
import { HEARD } from "./waiting.ts";
import { vars } from "./worker-calls.ts";

/** What the platform takes in one call, and of one message with its metadata. */
const MOST = { messages: 100, octets: 256_000, each: 127_900 };

function eventOf(more: Partial<MailEvent>): MailEvent {
  const tags = Array.from({ length: 75 }, (_, at) => ({
    name: `name-${at}`.padEnd(256, "n"),
    value: "v".repeat(256),
  }));
  const mail = {
    id: crypto.randomUUID(),
    messageId: "<a@example.com>",
    createdAtMs: 1,
    from: "ann@example.com",
    subject: "\u0001".repeat(100_000),
    tags,
  };
  return { type: "email.sent", atMs: 1, mail, recipients: [], ...more };
}

/** What a queue with the limits of the platform took, and what was logged. */
async function told(events: readonly MailEvent[]) {
  const config = await readConfig(vars(HEARD));
  if (!config.ok) throw new Error("HEARD is a deployment");
  const taken: QueuedEvent[] = [];
  const queue = {
    sendBatch: async (messages: readonly MessageSendRequest<QueuedEvent>[]) => {
      const octets = messages.map(
        ({ body }) => new TextEncoder().encode(JSON.stringify(body)).length,
      );
      const sum = octets.reduce((all, one) => all + one, 0);
      const isTaken =
        messages.length <= MOST.messages && sum <= MOST.octets && Math.max(...octets) <= MOST.each;
      if (!isTaken) throw new Error("Queue sendBatch failed: Payload Too Large");
      taken.push(...messages.map(({ body }) => body));
    },
  } as unknown as NonNullable<Env["EVENT_QUEUE"]>;
  const logged: string[] = [];
  const log = (_: string, name: string): void => void logged.push(name);
  await tell(events, { env: { EVENT_QUEUE: queue }, config: config.value, log });
  return { taken, logged };
}

const addresses = (count: number): readonly string[] =>
  Array.from(
    { length: count },
    (_, at) => `a.long.name.${at}@${"a-long-name".repeat(5)}.example.org`,
  );

it("120 bounces of one mail are told, each for itself", async () => {
  const events = addresses(120).map((one) =>
    eventOf({ type: "email.bounced", recipients: [one], reason: "x".repeat(500) }),
  );
  const { taken, logged } = await told(events);
  expect(logged).toStrictEqual([]);
  expect(taken.map(({ event }) => event.recipients)).toStrictEqual(
    events.map(({ recipients }) => recipients),
  );
});

it("an event about 1000 recipients is told in parts, each under an id of its own", async () => {
  const recipients = addresses(1000);
  const { taken, logged } = await told([eventOf({ recipients, reason: "\u0001".repeat(9000) })]);
  expect(logged).toStrictEqual([]);
  expect(taken.length).toBeGreaterThan(1);
  expect(taken.flatMap(({ event }) => event.recipients)).toStrictEqual(recipients);
  expect(new Set(taken.map(({ id }) => id)).size).toBe(taken.length);
});

it("no message has the URL of a webhook, which may be a secret", async () => {
  const { taken } = await told([eventOf({ recipients: ["bob@example.org"] })]);
  expect(taken).toMatchObject([{ webhook: expect.stringMatching(/^[0-9a-f]{16}$/) }]);
  expect(JSON.stringify(taken)).not.toContain("hooks.example.com");
});
