/** A database that does its part and whose answer is lost: a caller is told nothing that is not so. */
import { describe, expect, it } from "vitest";

import { tick } from "../../src/cron.ts";
import type { Env } from "../../src/env.ts";
import { arrived } from "../net/control.ts";
import { binding, consume, eventBinding, queue } from "./consume.ts";
import { journalled, lifeOf, store } from "./journalled.ts";
import { lossy } from "./lossy.ts";
import { db } from "./store/samples.ts";
import { HEARD, toldOf } from "./waiting.ts";
import { mail, post, vars } from "./worker-calls.ts";

const ADMISSION = /INTO mails/;
const SETTLEMENT = /UPDATE mails SET/;
const HOUR = 3_600_000;

async function idsOf(subject: string): Promise<readonly string[]> {
  const { results } = await db
    .prepare("SELECT id FROM mails WHERE facts ->> 'subject' = ?1")
    .bind(subject)
    .all<{ id: string }>();
  return results.map(({ id }) => id);
}

/** What clock and queue do within the hours that follow. */
async function later(subject: string): Promise<void> {
  const env = journalled({ MAIL_QUEUE: binding });
  await tick(env, Date.now() + 2 * HOUR);
  const own = new Set(await idsOf(subject));
  const bodies = queue.again
    .map(({ body }) => body)
    .filter((body) => "id" in body && own.has(body.id));
  await consume(
    bodies.map((body) => ({ body })),
    env,
  );
}

const WAYS = [
  ["by the queue", "/emails", { prefer: "respond-async" }],
  ["in a batch", "/emails/batch", {}],
] as const;

describe("an admission whose answer is lost", () => {
  it.each(WAYS)("once, %s, is repeated", async (_, path, more) => {
    const sent = mail();
    const env = journalled({ JOURNAL: lossy(ADMISSION, 1), MAIL_QUEUE: binding });
    const body = path === "/emails" ? sent : [sent];
    const { status } = await post(path, body, { env, headers: more });
    expect([200, 202]).toContain(status);
    expect(await idsOf(sent.subject)).toHaveLength(1);
  });

  it.each(WAYS)("each time, %s, is given up: the mail may be sent again", async (_, path, more) => {
    const sent = mail();
    const headers = { ...more, "idempotency-key": crypto.randomUUID() };
    const body = path === "/emails" ? sent : [sent];
    const lost = journalled({ JOURNAL: lossy(ADMISSION), MAIL_QUEUE: binding });
    const first = await post(path, body, { env: lost, headers });
    expect([first.status, first.body["message"]]).toStrictEqual([
      503,
      expect.stringMatching(/not sent/),
    ]);
    await later(sent.subject);
    expect(await arrived("starttls", sent.subject)).toStrictEqual([]);
    const second = await post(path, body, {
      env: journalled({ MAIL_QUEUE: binding }),
      headers,
    });
    expect([200, 202]).toContain(second.status);
    await later(sent.subject);
    expect(await arrived("starttls", sent.subject)).toHaveLength(1);
  });

  it("and that cannot be given up is told as what may have been taken", async () => {
    const sent = mail();
    const headers = { prefer: "respond-async", "idempotency-key": crypto.randomUUID() };
    const lost = journalled({
      JOURNAL: lossy(new RegExp(`${ADMISSION.source}|${SETTLEMENT.source}`)),
      MAIL_QUEUE: binding,
    });
    const first = await post("/emails", sent, { env: lost, headers });
    expect(first.status).toBe(504);
    // The key finds out: what was taken is told, what was given up is carried out.
    const second = await post("/emails", sent, {
      env: journalled({ MAIL_QUEUE: binding }),
      headers,
    });
    expect(second.status).toBe(202);
    await later(sent.subject);
    expect(await arrived("starttls", sent.subject)).toHaveLength(1);
  });
});

describe("an attempt that took too long", () => {
  it("tells nothing of a mail that somebody else has judged meanwhile", async () => {
    const sent = mail();
    // Before its end is written down, the clock has taken it for dead.
    const overtaken = new Proxy(db, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (name !== "prepare") {
          return typeof member === "function" ? (member.bind(target) as unknown) : member;
        }
        return (sql: string) => {
          const isEnd = SETTLEMENT.test(sql);
          return target.prepare(isEnd ? sql.replace("WHERE", "WHERE 1 = 0 AND") : sql);
        };
      },
    });
    const env = journalled({ ...HEARD, EVENT_QUEUE: eventBinding, JOURNAL: overtaken });
    const { status, body } = await post("/emails", sent, { env });
    expect(status).toBe(200);
    expect(toldOf(String(body["id"]))).toStrictEqual([]);
  });
});

describe("a claim whose answer is lost", () => {
  it("is known as the own one when it is repeated", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const env = journalled({ JOURNAL: lossy(/INTO claims/, 1) });
    expect((await post("/emails", mail(), { env, headers })).status).toBe(200);
  });
});

describe("a queue that takes a part of a batch, without a journal", () => {
  it("is told as it is", async () => {
    const mails = Array.from({ length: 4 }, () => mail({ text: "x".repeat(100_000) }));
    let calls = 0;
    const flaky = {
      sendBatch: async () => {
        calls += 1;
        if (calls > 1) throw new Error("Queue send failed");
      },
    } as unknown as NonNullable<Env["MAIL_QUEUE"]>;
    const env = vars({ MAIL_QUEUE: flaky, DELIVERY: "queue" });
    const { status, body } = await post("/emails/batch", mails, { env });
    expect(status).toBe(200);
    const data = body["data"] as readonly { readonly status: string }[];
    expect(data.map((one) => one.status)).toStrictEqual(["queued", "queued", "failed", "failed"]);
  });
});

describe("recipients that are left out", () => {
  it("are told in the journal and to webhooks, as where the mail waits", async () => {
    const address = `gone-${crypto.randomUUID()}@example.org`;
    await store.suppressions.add([{ address, reason: "manual", note: "", atMs: Date.now() }]);
    const env = journalled({ ...HEARD, EVENT_QUEUE: eventBinding });
    const { body } = await post("/emails", mail({ to: ["bob@example.org", address] }), { env });
    const id = String(body["id"]);
    expect((await lifeOf(id)).steps).toStrictEqual(["suppressed", "attempt", "accepted"]);
    expect(toldOf(id)).toContainEqual(["email.suppressed", [address]]);
  });
});
