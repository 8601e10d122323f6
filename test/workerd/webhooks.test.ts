/** Webhooks: what a receiver gets, and when it gets it again. */
import { describe, expect, it, vi } from "vitest";

import type { Env } from "../../src/env.ts";
import type { MailEvent } from "../../src/mail-event.ts";
import { webhookKey } from "../../src/queued-event.ts";
import { HOOK_SECRET } from "../net/behaviour.ts";
import { called, hook } from "../net/control.ts";
import { consume, eventBinding } from "./consume.ts";
import { vars } from "./worker-calls.ts";

const AT = Date.UTC(2026, 10, 29, 12);

function eventOf(more: Partial<MailEvent> = {}): MailEvent {
  return {
    type: "email.sent",
    atMs: AT,
    mail: {
      id: crypto.randomUUID(),
      messageId: "<a@example.com>",
      createdAtMs: AT - 1000,
      from: "ann@example.com",
      subject: "Grüße",
      tags: [{ name: "kind", value: "welcome" }],
    },
    recipients: ["bob@example.org"],
    ...more,
  };
}

const withHook = (url: string, more: Env = {}): Env =>
  vars({ WEBHOOK_URL: url, WEBHOOK_SECRET: HOOK_SECRET, EVENT_QUEUE: eventBinding, ...more });

let names = 0;

/** A webhook of these answers, called with the event: how the message ended, and what came. */
async function tell(
  statuses: readonly number[],
  { event = eventOf(), attempts = 1, retryAfter }: Told = {},
) {
  names += 1;
  const name = `${names}-${crypto.randomUUID()}`;
  const url = hook(name, statuses, retryAfter);
  const body = { id: `evt_${names}`, webhook: await webhookKey(url), event };
  const [verdict] = await consume([{ body, attempts }], withHook(url), "postrider-events");
  return { verdict, calls: await called(name), again: { body, url, name } };
}

interface Told {
  readonly event?: MailEvent;
  readonly attempts?: number;
  readonly retryAfter?: string;
}

describe("an event", () => {
  it("comes signed, as Standard Webhooks has it and under the names of the Resend API", async () => {
    const before = Math.floor(Date.now() / 1000);
    const { verdict, calls } = await tell([200]);
    expect(verdict).toBe("ack");
    const [call] = calls;
    expect(call?.isSigned).toBe(true);
    const timestamp = Number(call?.headers["webhook-timestamp"]);
    expect(timestamp).toBeGreaterThanOrEqual(before);
    expect(timestamp).toBeLessThanOrEqual(Date.now() / 1000);
    for (const member of ["id", "timestamp", "signature"]) {
      expect(call?.headers[`svix-${member}`]).toBe(call?.headers[`webhook-${member}`]);
    }
    expect(call?.headers["content-type"]).toBe("application/json");
    expect(call?.body).not.toContain(HOOK_SECRET.slice(6));
  });

  it("says what happened, to whom, and of which mail", async () => {
    const event = eventOf();
    const { calls } = await tell([200], { event });
    expect(JSON.parse(calls[0]?.body ?? "")).toStrictEqual({
      type: "email.sent",
      created_at: "2026-11-29T12:00:00.000Z",
      timestamp: "2026-11-29T12:00:00.000Z",
      data: {
        email_id: event.mail.id,
        message_id: "<a@example.com>",
        created_at: "2026-11-29T11:59:59.000Z",
        from: "ann@example.com",
        to: ["bob@example.org"],
        subject: "Grüße",
        tags: { kind: "welcome" },
      },
    });
  });

  it("is the same at each attempt, but for the time and the signature", async () => {
    const { verdict, calls, again } = await tell([500, 200]);
    expect(verdict).toBe(5);
    const messages = [{ body: again.body, attempts: 2 }];
    expect(await consume(messages, withHook(again.url), "postrider-events")).toStrictEqual(["ack"]);
    const [, second] = await called(again.name);
    expect(second?.body).toBe(calls[0]?.body);
    expect(second?.headers["webhook-id"]).toBe(calls[0]?.headers["webhook-id"]);
    expect(second?.isSigned).toBe(true);
  });

  it("shares a batch with mails and with others, whose failures are not its own", async () => {
    const name = crypto.randomUUID();
    const urls = [hook(`${name}-a`, [500]), hook(`${name}-b`, [200])];
    const webhooks = urls.map((url) => ({ url, secret: HOOK_SECRET }));
    const env = vars({ WEBHOOKS: JSON.stringify(webhooks), EVENT_QUEUE: eventBinding });
    const keys = await Promise.all(urls.map(webhookKey));
    const bodies = [...keys.map((webhook) => ({ id: "evt_x", webhook, event: eventOf() })), null];
    const verdicts = await consume(
      bodies.map((body) => ({ body })),
      env,
    );
    expect(verdicts).toStrictEqual([5, "ack", "ack"]);
  });
});

describe("a webhook that does not take it", () => {
  it("gets it again on the schedule, and then no more", async () => {
    const verdicts = [];
    for (let attempts = 1; attempts <= 8; attempts += 1) {
      verdicts.push((await tell([500], { attempts })).verdict);
    }
    expect(verdicts).toStrictEqual([5, 300, 1800, 7200, 18_000, 36_000, 36_000, "ack"]);
  });

  it.each([
    ["301: redirects are not followed", 301, 5],
    ["404", 404, 5],
    ["410: it wants no more", 410, "ack"],
    ["429: slower", 429, 60],
    ["502: slower", 502, 60],
    ["504: slower", 504, 60],
  ])("answers %s", async (_, status, expected) => {
    const { verdict, again } = await tell([status]);
    expect(verdict).toBe(expected);
    expect(await called(`${again.name}-next`)).toStrictEqual([]);
  });

  it.each([
    ["seconds", "120", 120],
    ["more than a day", "999999", 86_400],
    ["less than the schedule", "1", 5],
    ["no time", "soon", 5],
  ])("asks for %s", async (_, retryAfter, expected) => {
    expect((await tell([503], { retryAfter })).verdict).toBe(expected);
  });

  it("asks for a time by its date", async () => {
    const retryAfter = new Date(Date.now() + 600_000).toUTCString();
    const { verdict } = await tell([503], { retryAfter });
    expect(verdict).toBeGreaterThan(590);
    expect(verdict).toBeLessThanOrEqual(600);
  });

  it("is not there", async () => {
    const url = "http://127.0.0.1:1/hook";
    const body = { id: "evt_x", webhook: await webhookKey(url), event: eventOf() };
    expect(await consume([{ body }], withHook(url), "postrider-events")).toStrictEqual([5]);
  });
});

describe("no call is made", () => {
  it.each([
    ["of a webhook that is not configured", {}, { webhook: "0123456789abcdef" }],
    ["for an event that it does not want", { WEBHOOK_EVENTS: "email.bounced" }, {}],
  ])("%s", async (_, env, more) => {
    const name = crypto.randomUUID();
    const url = hook(name, [200]);
    const spy = vi.spyOn(globalThis, "fetch");
    const body = { id: "evt_x", webhook: await webhookKey(url), event: eventOf(), ...more };
    expect(await consume([{ body }], withHook(url, env), "postrider-events")).toStrictEqual([
      "ack",
    ]);
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  });
});

describe("the details", () => {
  const bounceOf = (code: number, enhanced: string | undefined, text: string) => ({
    type: "email.bounced" as const,
    reason: text,
    reply: { code, text, ...(enhanced === undefined ? {} : { enhanced }) },
  });

  it.each([
    [550, "5.1.1", "Permanent", "NoEmail"],
    [452, "4.2.2", "Transient", "MailboxFull"],
    [552, undefined, "Permanent", "MessageTooLarge"],
    [552, "5.3.4", "Permanent", "MessageTooLarge"],
    [554, "5.6.0", "Permanent", "ContentRejected"],
    [550, "5.7.1", "Permanent", "General"],
    [550, undefined, "Permanent", "General"],
  ])("of a bounce by %i %s", async (code, enhanced, type, subType) => {
    const text = `${enhanced ?? ""} No\nway`.trim();
    const { calls } = await tell([200], { event: eventOf(bounceOf(code, enhanced, text)) });
    expect(JSON.parse(calls[0]?.body ?? "")).toMatchObject({
      data: {
        bounce: {
          type,
          subType,
          message: text,
          diagnosticCode: [`smtp; ${code} ${text.replace("\n", " ")}`],
        },
      },
    });
  });

  it.each([
    ["email.failed", { failed: { reason: "Why." } }],
    [
      "email.suppressed",
      { suppressed: { type: "OnSuppressionList", message: "Why.", reason: "Why." } },
    ],
  ] as const)("of %s", async (type, expected) => {
    const { calls } = await tell([200], { event: eventOf({ type, reason: "Why." }) });
    expect(JSON.parse(calls[0]?.body ?? "")).toMatchObject({ data: expected });
  });
});
