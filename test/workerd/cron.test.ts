/** The clock: nothing that waits is forgotten, wherever a queue, an attempt or the clock itself ends. */
import { createScheduledController, env as bound } from "cloudflare:test";
import type { D1Database } from "@cloudflare/workers-types";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { tick } from "../../src/cron.ts";
import type { Env } from "../../src/env.ts";
import worker from "../../src/worker.ts";
import { arrived } from "../net/control.ts";
import { binding, queue } from "./consume.ts";
import { lifeOf } from "./journalled.ts";
import { db, empty, newMail, store } from "./store/samples.ts";
import { deliver, HEARD, toldOf, waiting } from "./waiting.ts";
import { vars } from "./worker-calls.ts";

const { NOT_MIGRATED } = bound as unknown as { readonly NOT_MIGRATED: D1Database };

const heard = (more: Env = {}) => vars({ ...HEARD, MAIL_QUEUE: binding, ...more });

/** Not at the full hour. */
const NOW = Math.floor(Date.now() / 3_600_000) * 3_600_000 + 30 * 60_000;

beforeEach(empty);

const scheduled = async (atMs: number) =>
  waiting({}, { status: "scheduled", scheduledAtMs: atMs, checkAtMs: atMs - 90_000 });

describe("a scheduled mail", () => {
  it("is released a little early, with the time that remains, and once", async () => {
    const [soon, later] = [await scheduled(NOW + 80_000), await scheduled(NOW + 600_000)];
    await tick(heard(), NOW);
    expect(queue.again).toStrictEqual([
      { body: { id: soon.id, turn: 1 }, contentType: "json", delaySeconds: 80 },
    ]);
    await tick(heard(), NOW + 60_000);
    expect(queue.again).toHaveLength(1);
    expect((await lifeOf(later.id)).mail?.status).toBe("scheduled");
  });

  it("that has been released can be canceled until its attempt begins", async () => {
    const body = await scheduled(NOW + 1000);
    await tick(heard(), NOW);
    expect(await store.journal.cancel(body.id, NOW)).toBe("done");
    expect(await deliver(body, heard(), { turn: 1 })).toBe("ack");
    expect(await arrived("starttls", body.mail.subject)).toStrictEqual([]);
  });

  it("is released in the next minute where the queue does not take it", async () => {
    const body = await scheduled(NOW + 1000);
    queue.failures = 3;
    await tick(heard(), NOW);
    expect(queue.again).toStrictEqual([]);
    await tick(heard(), NOW + 60_000);
    expect(queue.again).toMatchObject([{ body: { id: body.id, turn: 2 } }]);
    expect(queue.again[0]).not.toHaveProperty("delaySeconds");
  });

  it("is sent by the message of the clock", async () => {
    const body = await scheduled(Date.now() - 1000);
    const scheduledTime = new Date(NOW);
    const controller = createScheduledController({ scheduledTime, cron: "* * * * *" });
    await worker.scheduled?.(controller, heard(), {} as ExecutionContext);
    expect(queue.again).toMatchObject([{ body: { id: body.id, turn: 1 } }]);
    expect(await deliver(body, heard(), { turn: 1 })).toBe("ack");
    expect(await arrived("starttls", body.mail.subject)).toHaveLength(1);
  });
});

describe("a mail that is lost", () => {
  it("by the queue comes again when the queue's time is over, also where the clock ended", async () => {
    const body = await waiting({}, { checkAtMs: NOW });
    // The clock took it and ended before the queue had it.
    const time = { nowMs: NOW, untilMs: NOW, checkAtMs: NOW + 3_600_000, limit: 10 };
    expect(await store.journal.takeDue(time)).toHaveLength(1);
    await tick(heard(), NOW + 60_000);
    expect(queue.again).toStrictEqual([]);
    await tick(heard(), NOW + 3_600_000);
    expect(queue.again).toMatchObject([{ body: { id: body.id, turn: 2 } }]);
    // The message of before is of no more use.
    expect(await deliver(body, heard(), { turn: 1 })).toBe("ack");
    expect(await deliver(body, heard(), { turn: 2 })).toBe("ack");
    expect(await arrived("starttls", body.mail.subject)).toHaveLength(1);
  });

  it("comes in the next minute where the queue does not take it, and is as much in doubt", async () => {
    const [lost, dead] = [await waiting({}, { checkAtMs: NOW }), await waiting()];
    const turn = { id: dead.id, turn: 0 };
    await store.journal.begin([turn], { nowMs: NOW - 10_000, leaseMs: 5000 });
    queue.failures = 3;
    await tick(heard(), NOW);
    expect(queue.again).toStrictEqual([]);
    await tick(heard(), NOW + 60_000);
    const turns = queue.again.map(({ body }) => body);
    expect(turns).toHaveLength(2);
    expect(turns).toContainEqual({ id: lost.id, turn: 2 });
    const time = { nowMs: NOW, leaseMs: 60_000 };
    const [begun] = await store.journal.begin([{ id: dead.id, turn: 2 }], time);
    expect(begun).toMatchObject({ kind: "begun", isInDoubt: true });
  });

  it.each([
    ["retry", 1, ["queued", "interrupted", "accepted"]],
    ["fail", 0, ["queued", "interrupted", "unknown"]],
  ])("by an attempt comes again, in doubt: UNKNOWN=%s", async (UNKNOWN, times, steps) => {
    const body = await waiting();
    const turn = { id: body.id, turn: 0 };
    await store.journal.begin([turn], { nowMs: NOW - 10_000, leaseMs: 5000 });
    await tick(heard(), NOW);
    expect(queue.again).toMatchObject([{ body: { id: body.id, turn: 1 } }]);
    expect(await deliver(body, heard({ UNKNOWN }), { turn: 1 })).toBe("ack");
    expect((await lifeOf(body.id)).steps).toStrictEqual(steps);
    expect(await arrived("starttls", body.mail.subject)).toHaveLength(times);
  });

  it("by its only attempt is unknown, and that is told", async () => {
    const { id } = await waiting();
    // As one that is tried at once, and that no queue could take.
    await db.prepare("DELETE FROM bodies WHERE mail = ?1").bind(id).run();
    await store.journal.begin([{ id, turn: 0 }], { nowMs: NOW - 10_000, leaseMs: 5000 });
    await tick(heard(), NOW);
    expect((await lifeOf(id)).mail?.status).toBe("unknown");
    expect(toldOf(id)).toStrictEqual([["email.failed", ["bob@example.org"]]]);
    expect(queue.again).toStrictEqual([]);
  });
});

describe("a minute", () => {
  it("releases more than one group", async () => {
    for (let at = 0; at < 120; at += 1) await scheduled(NOW);
    await tick(heard(), NOW);
    expect(queue.again).toHaveLength(120);
  });

  it("makes less than 50 calls, however much there is to release", async () => {
    const at = { status: "scheduled", scheduledAtMs: NOW, checkAtMs: NOW } as const;
    for (let times = 0; times < 25; times += 1) {
      await store.journal.admit(Array.from({ length: 100 }, () => newMail(at)));
    }
    let calls = 0;
    const counted = <T extends object>(target: T, names: readonly string[]): T =>
      new Proxy(target, {
        get: (_, name) => {
          if (names.includes(String(name))) calls += 1;
          const member: unknown = Reflect.get(target, name);
          return typeof member === "function" ? (member.bind(target) as unknown) : member;
        },
      });
    const [JOURNAL, MAIL_QUEUE] = [
      counted(db, ["prepare"]),
      counted(binding, ["send", "sendBatch"]),
    ];
    await tick(heard({ JOURNAL, MAIL_QUEUE }), NOW + 30 * 60_000);
    expect(calls).toBeLessThan(50);
    expect(queue.again).toHaveLength(1800);
    // What was not enqueued has not been taken, and goes out in the next minute.
    await tick(heard(), NOW + 31 * 60_000);
    expect(queue.again).toHaveLength(2500);
  });

  it("forgets old mails and keys at the full hour, and only then", async () => {
    const hour = NOW + 30 * 60_000;
    const old = await waiting({}, { status: "accepted", createdAtMs: hour - 31 * 86_400_000 });
    const young = await waiting({}, { status: "accepted", createdAtMs: hour - 86_400_000 });
    await tick(heard(), NOW);
    expect((await lifeOf(old.id)).mail).toBeDefined();
    await tick(heard(), hour);
    expect((await lifeOf(old.id)).mail).toBeUndefined();
    expect((await lifeOf(young.id)).mail).toBeDefined();
  });

  it.each([
    ["no journal", () => vars()],
    ["no relay", () => vars({ JOURNAL: db }, ["SMTP_HOST"])],
    ["no tables", () => vars({ JOURNAL: NOT_MIGRATED, MAIL_QUEUE: binding })],
  ])("is over without an error where there is %s", async (_, env) => {
    const fault = vi.spyOn(console, "error").mockImplementation(() => undefined);
    await expect(tick(env(), NOW)).resolves.toBeUndefined();
    fault.mockRestore();
  });

  it("leaves mails alone where there is no queue", async () => {
    await scheduled(NOW);
    await tick(vars(HEARD), NOW);
    await tick(heard(), NOW);
    expect(queue.again).toHaveLength(1);
  });
});
