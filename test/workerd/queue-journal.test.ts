/** The consumer with a journal: nothing is sent that is not written down, and nothing twice. */
import { env as bound } from "cloudflare:test";
import type { R2Bucket } from "@cloudflare/workers-types";
import { beforeEach, describe, expect, it } from "vitest";

import { arrived, hostile, ports, received } from "../net/control.ts";
import { consume, eventBinding, queue } from "./consume.ts";
import { lifeOf } from "./journalled.ts";
import { bodyOf, db, store } from "./store/samples.ts";
import { deliver, HEARD, toldOf, waiting } from "./waiting.ts";
import { relays, vars } from "./worker-calls.ts";

beforeEach(async () => {
  await store.suppressions.remove("unknown@example.org");
});

const heard = (more = {}) => vars({ ...HEARD, ...more });

describe("an attempt", () => {
  it("that succeeds settles the mail, and the message that comes again sends nothing", async () => {
    const body = await waiting();
    expect(await deliver(body, heard())).toBe("ack");
    const { mail, steps } = await lifeOf(body.id);
    expect(mail).toMatchObject({ status: "accepted", attempts: 1, reply: { code: 250 } });
    expect(mail?.relay).toBe(`localhost:${ports().starttls}`);
    expect(steps).toStrictEqual(["queued", "accepted"]);
    expect(await bodyOf(body.id)).toBeNull();
    expect(toldOf(body.id)).toStrictEqual([["email.sent", ["bob@example.org"]]]);

    expect(await deliver(body, heard(), { attempts: 2 })).toBe("ack");
    expect(await arrived("starttls", body.mail.subject)).toHaveLength(1);
    expect((await lifeOf(body.id)).steps).toStrictEqual(["queued", "accepted"]);
  });

  it("of one message twice in a batch sends once", async () => {
    const { id, mail } = await waiting();
    const message = { body: { id, turn: 0 } };
    const verdicts = await consume([message, message], heard());
    expect(verdicts).toStrictEqual(["ack", expect.any(Number)]);
    expect(await arrived("starttls", mail.subject)).toHaveLength(1);
  });

  it("that fails is told once, and made again until it succeeds", async () => {
    const body = await waiting();
    const down = { ...relays([1]), ...HEARD };
    expect(await deliver(body, down)).toBeGreaterThanOrEqual(30);
    expect((await lifeOf(body.id)).mail?.status).toBe("deferred");
    expect(await deliver(body, down, { attempts: 2 })).toBeGreaterThanOrEqual(60);
    expect(toldOf(body.id)).toStrictEqual([["email.delivery_delayed", ["bob@example.org"]]]);
    expect(await deliver(body, heard(), { attempts: 3 })).toBe("ack");
    const { mail, steps } = await lifeOf(body.id);
    expect(mail).toMatchObject({ status: "accepted", attempts: 3 });
    expect(steps).toStrictEqual(["queued", "deferred", "deferred", "accepted"]);
    expect(await arrived("starttls", body.mail.subject)).toHaveLength(1);
  });

  it("goes on for those who are owed it, and for nobody else", async () => {
    const to = ["bob@example.org", "unknown@example.org", "later@example.org"];
    const body = await waiting({ to });
    expect(await deliver(body, heard())).toBeGreaterThanOrEqual(30);
    expect(queue.again).toStrictEqual([]);
    expect((await lifeOf(body.id)).mail?.status).toBe("deferred");
    expect(toldOf(body.id)).toStrictEqual([
      ["email.sent", ["bob@example.org"]],
      ["email.bounced", ["unknown@example.org"]],
      ["email.delivery_delayed", ["later@example.org"]],
    ]);
    // The relay that has no such rule.
    const env = heard({ SMTP_PORT: String(ports().small) });
    expect(await deliver(body, env, { attempts: 2 })).toBe("ack");
    const [second] = await arrived("small", body.mail.subject);
    expect(second?.rcptTo).toStrictEqual(["later@example.org"]);
    expect((await lifeOf(body.id)).mail?.status).toBe("accepted");
  });

  it.each([
    ["on", ["unknown@example.org"]],
    ["off", []],
  ])("that is refused is the last; SUPPRESS_REFUSED=%s", async (SUPPRESS_REFUSED, listed) => {
    const body = await waiting({ to: "unknown@example.org" });
    expect(await deliver(body, heard({ SUPPRESS_REFUSED }))).toBe("ack");
    expect((await lifeOf(body.id)).mail).toMatchObject({
      status: "refused",
      reply: { code: 550, enhanced: "5.1.1" },
    });
    expect(toldOf(body.id)).toStrictEqual([["email.bounced", ["unknown@example.org"]]]);
    const found = await store.suppressions.among(["unknown@example.org"]);
    expect([...found]).toStrictEqual(listed);
  });

  it("waits as long as the relay asks for", async () => {
    const full = await deliver(await waiting({ to: "full@example.org" }), heard());
    expect(full).toBeGreaterThanOrEqual(3600);
    const grey = await deliver(await waiting({ to: "grey@example.org" }), heard());
    expect(grey).toBeGreaterThanOrEqual(1000);
    expect(grey).toBeLessThanOrEqual(1250);
  });

  it("is the last one after five days", async () => {
    const createdAtMs = Date.now() - 5 * 86_400_000;
    const body = await waiting({}, { createdAtMs });
    expect(await deliver(body, { ...relays([1]), ...HEARD })).toBe("ack");
    expect((await lifeOf(body.id)).mail?.status).toBe("failed");
    expect(toldOf(body.id)).toStrictEqual([["email.failed", ["bob@example.org"]]]);
  });
});

describe("a mail that may have been sent", () => {
  it.each([
    ["retry", "deferred", ["queued", "deferred"]],
    ["fail", "unknown", ["queued", "unknown"]],
  ])("with UNKNOWN=%s is %s", async (policy, status, expected) => {
    const port = await hostile({ at: "final-dot", what: "eof" });
    const body = await waiting();
    const verdict = await deliver(body, { ...relays([port], { UNKNOWN: policy }), ...HEARD });
    expect(verdict === "ack").toBe(policy === "fail");
    const { mail, steps } = await lifeOf(body.id);
    expect(mail?.status).toBe(status);
    expect(steps).toStrictEqual(expected);
    expect(await received(port)).toHaveLength(1);
  });

  it("since its attempt never ended is left alone until the lease is over", async () => {
    const body = await waiting();
    const turn = { id: body.id, turn: 0 };
    await store.journal.begin([turn], { nowMs: Date.now(), leaseMs: 60_000 });
    const verdict = await deliver(body, heard(), { attempts: 2 });
    expect(verdict).toBeGreaterThanOrEqual(60);
    expect(verdict).toBeLessThanOrEqual(62);
    expect(await arrived("starttls", body.mail.subject)).toStrictEqual([]);
  });

  it.each([
    ["retry", 1, "accepted", ["queued", "interrupted", "accepted"], "email.sent"],
    ["fail", 0, "unknown", ["queued", "interrupted", "unknown"], "email.failed"],
  ])(
    "is then, with UNKNOWN=%s, sent %i times more",
    async (UNKNOWN, times, status, steps, type) => {
      const body = await waiting();
      const turn = { id: body.id, turn: 0 };
      await store.journal.begin([turn], { nowMs: Date.now() - 10_000, leaseMs: 5000 });
      expect(await deliver(body, heard({ UNKNOWN }), { attempts: 2 })).toBe("ack");
      expect(await arrived("starttls", body.mail.subject)).toHaveLength(times);
      const life = await lifeOf(body.id);
      expect(life.mail?.status).toBe(status);
      expect(life.steps).toStrictEqual(steps);
      const [, interrupted] = await store.journal.events(body.id);
      expect(interrupted?.data).toStrictEqual({ possibleDuplicate: true });
      expect(toldOf(body.id)).toStrictEqual([[type, ["bob@example.org"]]]);
    },
  );
});

describe("a turn", () => {
  const scheduled = async () => {
    const scheduledAtMs = Date.now() + 60_000;
    return waiting({}, { status: "scheduled", scheduledAtMs });
  };

  it("that comes early waits for its time", async () => {
    const verdict = await deliver(await scheduled(), heard());
    expect(verdict).toBeGreaterThanOrEqual(58);
    expect(verdict).toBeLessThanOrEqual(60);
  });

  it("is of no use once the mail is canceled or rescheduled", async () => {
    const [one, two] = [await scheduled(), await scheduled()];
    const nowMs = Date.now();
    expect(await store.journal.cancel(one.id, nowMs)).toBe("done");
    const at = { scheduledAtMs: nowMs + 30_000, checkAtMs: nowMs + 10_000 };
    expect(await store.journal.reschedule(two.id, { nowMs, ...at })).toBe("done");
    expect(await deliver(one, heard())).toBe("ack");
    expect(await deliver(two, heard())).toBe("ack");
    expect(await deliver(two, heard(), { turn: 1 })).toBeGreaterThanOrEqual(28);
    expect(await arrived("starttls", one.mail.subject)).toStrictEqual([]);
    expect(await arrived("starttls", two.mail.subject)).toStrictEqual([]);
  });

  it("of a mail that nobody knows is acked", async () => {
    expect(await deliver({ id: crypto.randomUUID() }, heard())).toBe("ack");
  });
});

it("begins all mails of a batch in one go, and settles them in few", async () => {
  const mails = await Promise.all(Array.from({ length: 8 }, async () => waiting()));
  let calls = 0;
  const counting = new Proxy(db, {
    get: (target, name) => {
      if (name !== "batch") return Reflect.get(target, name).bind(target) as unknown;
      calls += 1;
      return target.batch.bind(target);
    },
  });
  const messages = mails.map(({ id }) => ({ body: { id, turn: 0 } }));
  const verdicts = await consume(messages, heard({ JOURNAL: counting }));
  expect(verdicts).toStrictEqual(Array(8).fill("ack"));
  // One for begin, one for the suppression list, and the rest for how they ended.
  expect(calls).toBeLessThanOrEqual(6);
});

it("tells, remembers and removes in as few calls as it writes down", async () => {
  const { SPOOL } = bound as unknown as { readonly SPOOL: R2Bucket };
  const mails = await Promise.all(
    Array.from({ length: 20 }, async (_, at) => {
      const to = at < 10 ? "bob@example.org" : "unknown@example.org";
      return waiting({ to });
    }),
  );
  const calls = { told: 0, suppressions: 0 };
  const counting = new Proxy(db, {
    get: (target, name) => {
      if (name !== "prepare") return Reflect.get(target, name).bind(target) as unknown;
      return (sql: string) => {
        if (sql.includes("INTO suppressions")) calls.suppressions += 1;
        return target.prepare(sql);
      };
    },
  });
  const EVENT_QUEUE = {
    sendBatch: async (messages: never) => {
      calls.told += 1;
      return eventBinding.sendBatch(messages);
    },
  } as unknown as typeof eventBinding;
  const messages = mails.map(({ id }) => ({ body: { id, turn: 0 } }));
  const verdicts = await consume(messages, heard({ JOURNAL: counting, EVENT_QUEUE, SPOOL }));
  expect(verdicts).toStrictEqual(Array(20).fill("ack"));
  for (const { id } of mails) expect(toldOf(id)).toHaveLength(1);
  expect(calls.told).toBeLessThanOrEqual(8);
  expect(calls.suppressions).toBeLessThanOrEqual(8);
});
