/** What a clock does: mails that are due are taken once, dead attempts end, and old mails go. */
import { beforeEach, describe, expect, it } from "vitest";

import type { MailStatus, NewMail } from "../../../src/store/journal.ts";
import {
  admitted,
  begin,
  bodyOf,
  db,
  empty,
  event,
  eventTypes,
  journal,
  MINUTE,
  newMail,
  NOW,
  SECOND,
} from "./samples.ts";

beforeEach(empty);

async function takeDue(
  asked: { readonly nowMs?: number; readonly untilMs?: number; readonly limit?: number } = {},
) {
  const { nowMs = NOW, untilMs = nowMs, limit = 100 } = asked;
  return journal.takeDue({ nowMs, untilMs, checkAtMs: nowMs + 5 * MINUTE, limit });
}

function withoutBody(more: Partial<NewMail> = {}): NewMail {
  const { body: _, ...mail } = newMail(more);
  return mail;
}

describe("takeDue", () => {
  it("takes a scheduled mail ahead of its time, with a new turn, and not twice", async () => {
    const scheduledAtMs = NOW + 60 * MINUTE;
    const checkAtMs = scheduledAtMs - 30 * SECOND;
    const { id } = await admitted({ status: "scheduled", scheduledAtMs, checkAtMs });
    expect(await takeDue({ untilMs: checkAtMs - 1 })).toStrictEqual([]);
    expect(await takeDue({ untilMs: checkAtMs })).toStrictEqual([
      { id, turn: 1, atMs: scheduledAtMs },
    ]);
    expect((await journal.mail(id))?.status).toBe("scheduled");
    expect(await takeDue()).toStrictEqual([]);
    expect(await begin(id, { turn: 1, nowMs: NOW })).toStrictEqual({
      kind: "early",
      atMs: scheduledAtMs,
    });
    expect(await begin(id, { turn: 1, nowMs: scheduledAtMs })).toMatchObject({
      kind: "begun",
      isInDoubt: false,
    });
  });

  it("can still be rescheduled or canceled then, and what was taken is over", async () => {
    const scheduledAtMs = NOW + MINUTE;
    const more = { status: "scheduled", scheduledAtMs, checkAtMs: NOW } as const;
    const [one, two] = [await admitted(more), await admitted(more)];
    expect(await takeDue()).toHaveLength(2);
    const time = { nowMs: NOW, scheduledAtMs: scheduledAtMs + MINUTE, checkAtMs: NOW + MINUTE };
    expect(await journal.reschedule(one.id, time)).toBe("done");
    expect(await journal.cancel(two.id, NOW)).toBe("done");
    for (const { id } of [one, two]) {
      expect(await begin(id, { turn: 1, nowMs: NOW + 60 * MINUTE })).toStrictEqual({
        kind: "over",
      });
    }
    expect(await takeDue({ nowMs: NOW + MINUTE })).toMatchObject([{ id: one.id, turn: 3 }]);
  });

  it.each(["queued", "deferred"] as const)(
    "takes a %s mail that nobody has looked after in time, and again if nobody does",
    async (status) => {
      const { id } = await admitted({ status });
      const late = NOW + 10 * MINUTE;
      expect(await takeDue({ nowMs: late - 1, untilMs: late + MINUTE })).toStrictEqual([]);
      expect(await takeDue({ nowMs: late })).toStrictEqual([{ id, turn: 1, atMs: late }]);
      expect((await journal.mail(id))?.status).toBe(status);
      expect(await takeDue({ nowMs: late + MINUTE })).toStrictEqual([]);
      expect(await takeDue({ nowMs: late + 5 * MINUTE })).toMatchObject([{ id, turn: 2 }]);
      expect(await begin(id, { turn: 1 })).toStrictEqual({ kind: "over" });
      expect(await begin(id, { turn: 2 })).toMatchObject({ kind: "begun", isInDoubt: false });
    },
  );

  it("takes an attempt that is over time, and the next one is in doubt", async () => {
    const { id } = await admitted();
    await begin(id);
    expect(await takeDue({ nowMs: NOW + MINUTE - 1 })).toStrictEqual([]);
    expect(await takeDue({ nowMs: NOW + MINUTE })).toMatchObject([{ id, turn: 1 }]);
    expect((await journal.mail(id))?.status).toBe("queued");
    await journal.settle([{ id, turn: 0, attempt: 1, status: "failed", events: [] }]);
    expect(await begin(id, { turn: 1, nowMs: NOW + MINUTE })).toMatchObject({
      kind: "begun",
      mail: { attempts: 2 },
      isInDoubt: true,
    });
  });

  it("takes no attempt that has no body to be tried again with", async () => {
    await journal.admit([withoutBody({ status: "sending", checkAtMs: NOW })]);
    expect(await takeDue({ nowMs: NOW + MINUTE })).toStrictEqual([]);
  });

  it("takes nothing that is final or that nobody is to look after", async () => {
    const { checkAtMs: _, ...unattended } = newMail();
    await journal.admit([unattended, newMail({ status: "failed", checkAtMs: NOW })]);
    expect(await takeDue({ nowMs: NOW + 100 * MINUTE })).toStrictEqual([]);
    const { id } = await admitted();
    await begin(id);
    await journal.settle([{ id, turn: 0, attempt: 1, status: "accepted", events: [] }]);
    expect(await takeDue({ nowMs: NOW + 100 * MINUTE })).toStrictEqual([]);
  });

  it("takes so many, the most overdue first, and each once of many at once", async () => {
    const mails = Array.from({ length: 50 }, (_, at) => newMail({ checkAtMs: NOW - at }));
    await journal.admit(mails);
    const first = await takeDue({ limit: 10 });
    expect(new Set(first.map(({ id }) => id))).toStrictEqual(
      new Set(mails.slice(-10).map(({ id }) => id)),
    );
    const rest = await Promise.all(Array.from({ length: 6 }, async () => takeDue({ limit: 10 })));
    expect(new Set([...first, ...rest.flat()].map(({ id }) => id)).size).toBe(50);
    expect(rest.flat()).toHaveLength(40);
  });

  it("gives them in the order in which they are due", async () => {
    await journal.admit(
      [3, 1, 2].map((minutes) =>
        newMail({ status: "scheduled", scheduledAtMs: NOW + minutes * MINUTE, checkAtMs: NOW }),
      ),
    );
    const times = (await takeDue()).map(({ atMs }) => atMs - NOW);
    expect(times).toStrictEqual([MINUTE, 2 * MINUTE, 3 * MINUTE]);
  });
});

describe("endInterrupted", () => {
  it("ends attempts over time that cannot be tried again, and nothing else", async () => {
    const dead = withoutBody({ status: "sending", checkAtMs: NOW });
    const alive = withoutBody({ status: "sending", checkAtMs: NOW + 1 });
    const again = newMail({ status: "sending", checkAtMs: NOW });
    const waiting = withoutBody({ checkAtMs: NOW });
    await journal.admit([dead, alive, again, waiting]);
    const ended = await journal.endInterrupted({ nowMs: NOW, limit: 10 });
    expect(ended).toMatchObject([{ id: dead.id, status: "unknown", attempts: 1 }]);
    expect(await journal.events(dead.id)).toStrictEqual([
      event("queued"),
      event("interrupted"),
      event("unknown"),
    ]);
    expect(await eventTypes(again.id)).toStrictEqual(["queued"]);
    expect(await journal.endInterrupted({ nowMs: NOW, limit: 10 })).toStrictEqual([]);
    // It was alive after all, and came too late.
    await journal.settle([
      { id: dead.id, turn: 0, attempt: 1, status: "accepted", events: [event("accepted")] },
    ]);
    expect((await journal.mail(dead.id))?.status).toBe("unknown");
  });

  it("ends so many at once", async () => {
    await journal.admit(
      Array.from({ length: 7 }, () => withoutBody({ status: "sending", checkAtMs: NOW })),
    );
    expect(await journal.endInterrupted({ nowMs: NOW, limit: 5 })).toHaveLength(5);
    expect(await journal.endInterrupted({ nowMs: NOW, limit: 5 })).toHaveLength(2);
  });
});

describe("forget", () => {
  const STATUSES: readonly MailStatus[] = [
    "scheduled",
    "queued",
    "sending",
    "deferred",
    "accepted",
    "refused",
    "unknown",
    "failed",
    "canceled",
    "suppressed",
  ];

  async function count(table: string): Promise<number | null> {
    return db.prepare(`SELECT count(*) AS count FROM ${table}`).first<number>("count");
  }

  it("forgets what is settled and old, with all that goes with it", async () => {
    const facts = { text: "kept" };
    await journal.admit(STATUSES.map((status) => newMail({ status, facts, createdAtMs: NOW - 1 })));
    const young = await admitted({ status: "accepted", facts });
    expect(await journal.forget(NOW - 1)).toBe(0);
    expect(await journal.forget(NOW)).toBe(6);
    expect(await journal.forget(NOW)).toBe(0);
    const left = await journal.list({ limit: 100 });
    expect(left?.mails.map(({ status }) => status).sort()).toStrictEqual([
      "accepted",
      "deferred",
      "queued",
      "scheduled",
      "sending",
    ]);
    expect(left?.mails[0]?.id).toBe(young.id);
    expect(await count("events")).toBe(5);
    expect(await count("texts")).toBe(5);
    expect(await count("bodies")).toBe(4);
  });

  it("counts from the end of a mail, not from its creation", async () => {
    const old = { createdAtMs: NOW - 60 * MINUTE };
    const [sent, canceled, dead] = [
      await admitted(old),
      await admitted({ ...old, status: "scheduled", scheduledAtMs: NOW }),
      withoutBody({ ...old, status: "sending", checkAtMs: NOW - SECOND }),
    ];
    await journal.admit([dead]);
    await begin(sent.id);
    const settled = { id: sent.id, turn: 0, attempt: 1, status: "accepted" } as const;
    await journal.settle([{ ...settled, events: [event("accepted", NOW)] }]);
    expect(await journal.cancel(canceled.id, NOW)).toBe("done");
    expect(await journal.endInterrupted({ nowMs: NOW, limit: 10 })).toHaveLength(1);
    expect(await journal.forget(NOW)).toBe(0);
    expect(await journal.forget(NOW + 1)).toBe(3);
  });

  it("forgets more than one step holds", async () => {
    const mails = Array.from({ length: 1234 }, () =>
      newMail({
        status: "accepted",
        createdAtMs: NOW - 1,
        events: [event("accepted"), event("attempt")],
      }),
    );
    await journal.admit([newMail({ createdAtMs: NOW - 5 }), ...mails]);
    expect(await journal.forget(NOW)).toBe(1234);
    expect(await count("mails")).toBe(1);
    expect(await count("events")).toBe(1);
    expect(await bodyOf(mails[0]?.id ?? "")).toBeNull();
  });
});
