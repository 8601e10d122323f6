/** Messages that are no mail, and deployments that are not set up: the consumer settles them all. */
import { createMessageBatch } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import type { Env } from "../../src/env.ts";
import worker from "../../src/worker.ts";
import { arrived } from "../net/control.ts";
import { binding, consume, one, queue, queued } from "./consume.ts";
import { mail, vars } from "./worker-calls.ts";

describe("poison", () => {
  const odd: readonly unknown[] = [
    null,
    undefined,
    "x",
    7,
    true,
    {},
    [],
    [[]],
    { id: "x" },
    { mail: null },
    { id: "x", mail: null },
    { id: "x", mail: [] },
    { id: {}, mail: { from: "x" } },
    { id: "x", mail: { from: { email: {} }, to: [{}], text: [] } },
    { from: "ann@example.com", to: "bob@example.org\r\nRCPT TO:<x@example.org>", text: "x" },
    new Date(),
    new Map([["mail", {}]]),
    new Uint8Array(3),
    10n,
    JSON.parse('{"__proto__":{"id":"x","mail":{}}}'),
  ];

  it("is acked, and the mails around it are delivered", async () => {
    const [first, last] = [queued(), queued()];
    const bodies = [first, ...odd, last];
    const verdicts = await consume(
      bodies.map((body) => ({ body })),
      vars(),
    );
    expect(verdicts).toStrictEqual(Array(bodies.length).fill("ack"));
    for (const {
      mail: { subject },
    } of [first, last]) {
      expect(await arrived("starttls", subject)).toHaveLength(1);
    }
    expect(queue.again).toStrictEqual([]);
  });

  it("that throws when it is read is retried, and stops nobody", async () => {
    const trap = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("trap");
        },
        has: () => {
          throw new Error("trap");
        },
      },
    );
    const after = queued();
    const messages = [{ body: null }, { body: after }];
    const batch = createMessageBatch(
      "postrider-mail",
      messages.map(({ body }, at) => ({ id: `a${at}`, timestamp: new Date(), attempts: 1, body })),
    );
    const [poisoned] = batch.messages;
    const retry = vi.spyOn(poisoned as Message, "retry");
    Object.defineProperty(poisoned, "body", { value: trap });
    await worker.queue?.(batch, vars({ MAIL_QUEUE: binding }), {} as ExecutionContext);
    expect(retry).toHaveBeenCalledOnce();
    expect(await arrived("starttls", after.mail.subject)).toHaveLength(1);
  });
});

describe("a deployment that is not set up", () => {
  it.each([
    ["no relay", {}],
    ["a wrong port", { SMTP_HOST: "localhost", SMTP_PORT: "x" }],
    [
      "a secret that cannot be read",
      { SMTP_HOST: { get: async () => Promise.reject(new Error()) } },
    ],
    ["no queue to send to", { SMTP_HOST: "localhost", MAIL_QUEUE: undefined }],
  ])("retries all, and throws nothing: %s", async (_, env) => {
    const fault = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const verdicts = await consume([{ body: queued() }, { body: null }], env as Env);
    expect(verdicts).toStrictEqual([expect.any(Number), expect.any(Number)]);
    expect(fault).toHaveBeenCalledOnce();
    expect(String(fault.mock.calls[0]?.[0])).toMatch(
      /"names":"(?:SMTP_HOST|SMTP_PORT|MAIL_QUEUE)"/,
    );
    fault.mockRestore();
  });

  it("needs no API_TOKENS to deliver", async () => {
    expect(await one(queued(), vars({}, ["API_TOKENS"]))).toBe("ack");
  });
});

it("logs neither address, subject, reply text nor an id that another producer made up", async () => {
  const lines: string[] = [];
  const spies = (["info", "warn", "error"] as const).map((level) =>
    vi.spyOn(console, level).mockImplementation((line: string) => void lines.push(line)),
  );
  const bodies = [
    queued(),
    queued({ to: "unknown@example.org" }),
    queued({ to: "later@example.org" }),
    queued({ to: ["bob@example.org", "unknown@example.org"] }),
    { id: "ann@example.com\n", mail: mail({ to: "x@y" }) },
    { from: "ann@example.com" },
  ];
  await consume(
    bodies.map((body) => ({ body })),
    vars({ LOG_LEVEL: "debug" }),
  );
  for (const spy of spies) spy.mockRestore();
  const events = lines.map((line) => JSON.parse(line) as { readonly event: string });
  expect(events.filter(({ event }) => event.startsWith("mail."))).toHaveLength(bodies.length);
  // One session for all of them, and one line about it.
  expect(events.filter(({ event }) => !event.startsWith("mail."))).toMatchObject([
    { event: "session.ended", mails: 5, openMs: expect.any(Number), totalMs: expect.any(Number) },
  ]);
  for (const line of lines) {
    expect(line).not.toMatch(/@|example\.(?:com|org)|call \d|No such user|busy/);
  }
});
