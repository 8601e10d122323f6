/** Attempts: who may begin one, and whose ending counts. */
import type { D1PreparedStatement } from "@cloudflare/workers-types";
import { describe, expect, it } from "vitest";

import type { MailStatus, Settlement } from "../../../src/store/journal.ts";
import { openStore } from "../../../src/store/d1/store.ts";
import {
  admitted,
  begin,
  bodyOf,
  db,
  event,
  eventTypes,
  journal,
  MINUTE,
  newMail,
  NOW,
  SECOND,
} from "./samples.ts";

function settlement(id: string, more: Partial<Settlement> = {}): Settlement {
  return { id, turn: 0, attempt: 1, status: "accepted", events: [], ...more };
}

describe("begin", () => {
  it("gives a mail that waits, with its body, and keeps others off until the lease is over", async () => {
    const mail = await admitted();
    expect(await begin(mail.id, { leaseMs: 5 * MINUTE })).toStrictEqual({
      kind: "begun",
      mail: {
        id: mail.id,
        messageId: mail.messageId,
        token: "app",
        createdAtMs: NOW,
        status: "sending",
        attempts: 1,
        facts: mail.facts,
      },
      body: mail.body,
      isInDoubt: false,
      mayBeSent: false,
    });
    expect(await begin(mail.id, { nowMs: NOW + MINUTE })).toStrictEqual({
      kind: "busy",
      untilMs: NOW + 5 * MINUTE,
    });
  });

  it("gives the mail to one of ten at once", async () => {
    const { id } = await admitted();
    const all = await Promise.all(Array.from({ length: 10 }, async () => begin(id)));
    expect(all.map(({ kind }) => kind).sort()).toStrictEqual(
      ["begun", ...Array.from({ length: 9 }, () => "busy")].sort(),
    );
    expect((await journal.mail(id))?.attempts).toBe(1);
  });

  it("answers in the order asked, each mail for itself, and one named twice once", async () => {
    const [one, two, over] = [newMail(), newMail({ body: "2" }), newMail({ status: "accepted" })];
    await journal.admit([one, two, over]);
    const missing = crypto.randomUUID();
    const ids = [missing, two.id, over.id, one.id, two.id];
    const answers = await journal.begin(
      ids.map((id) => ({ id, turn: 0 })),
      { nowMs: NOW, leaseMs: MINUTE },
    );
    expect(answers.map(({ kind }) => kind)).toStrictEqual([
      "missing",
      "begun",
      "over",
      "begun",
      "busy",
    ]);
    expect(answers[1]).toMatchObject({ mail: { id: two.id }, body: "2" });
  });

  it("asks nothing for nothing", async () => {
    expect(await journal.begin([], { nowMs: NOW, leaseMs: MINUTE })).toStrictEqual([]);
    await journal.settle([]);
    await journal.admit([]);
  });

  it("begins no attempt of another turn", async () => {
    const { id } = await admitted();
    expect(await begin(id, { turn: 1 })).toStrictEqual({ kind: "over" });
    expect((await journal.mail(id))?.status).toBe("queued");
  });

  it.each<MailStatus>(["accepted", "refused", "unknown", "failed", "canceled", "suppressed"])(
    "begins none of a mail that is %s",
    async (status) => {
      const { id } = await admitted({ status });
      expect(await begin(id)).toStrictEqual({ kind: "over" });
    },
  );

  it("begins a deferred mail again, and tells how often", async () => {
    const { id } = await admitted();
    await begin(id);
    await journal.settle([settlement(id, { status: "deferred", checkAtMs: NOW + MINUTE })]);
    expect(await begin(id)).toMatchObject({
      kind: "begun",
      mail: { attempts: 2 },
      isInDoubt: false,
    });
  });

  it("begins a scheduled mail at its time, or a second before, and not earlier", async () => {
    const scheduledAtMs = NOW + 10 * MINUTE;
    const { id } = await admitted({ status: "scheduled", scheduledAtMs });
    expect(await begin(id, { nowMs: scheduledAtMs - 1001 })).toStrictEqual({
      kind: "early",
      atMs: scheduledAtMs,
    });
    expect(await begin(id, { nowMs: scheduledAtMs - SECOND })).toMatchObject({
      kind: "begun",
      mail: { scheduledAtMs, status: "sending" },
    });
  });

  it("takes over an attempt whose lease is over, in doubt, once", async () => {
    const { id } = await admitted();
    await begin(id);
    const late = NOW + MINUTE;
    expect(await begin(id, { nowMs: late - 1 })).toMatchObject({ kind: "busy" });
    const all = await Promise.all(
      Array.from({ length: 5 }, async () => begin(id, { nowMs: late })),
    );
    const begun = all.filter(({ kind }) => kind === "begun");
    expect(begun).toMatchObject([{ isInDoubt: true, mail: { attempts: 2 } }]);
  });

  it.each([
    ["is not in doubt any more once an attempt has asked a relay", true],
    ["is still in doubt after an attempt that asked none", false],
  ])("%s", async (_, isAsked) => {
    const { id } = await admitted();
    await begin(id);
    await begin(id, { nowMs: NOW + MINUTE });
    await journal.settle([settlement(id, { attempt: 2, status: "deferred", isAsked })]);
    expect(await begin(id, { nowMs: NOW + 2 * MINUTE })).toMatchObject({ isInDoubt: !isAsked });
  });

  it("knows its own write again where the answer to it was lost, and is in no doubt", async () => {
    const [one, two] = [await admitted(), await admitted()];
    await begin(two.id);
    let lost = 2;
    const lossy = new Proxy(db, {
      get: (target, name) => {
        if (name !== "batch") return Reflect.get(target, name).bind(target) as unknown;
        return async (statements: D1PreparedStatement[]) => {
          const answer = await target.batch(statements);
          lost -= 1;
          if (lost >= 0) throw new Error("D1_ERROR: Network connection lost.");
          return answer;
        };
      },
    });
    const turns = [one, two].map(({ id }) => ({ id, turn: 0 }));
    const time = { nowMs: NOW, leaseMs: MINUTE };
    expect(await openStore(lossy).journal.begin(turns, time)).toMatchObject([
      { kind: "begun", isInDoubt: false, mail: { attempts: 1 }, body: one.body },
      { kind: "busy" },
    ]);
    expect(await begin(one.id, { nowMs: NOW + MINUTE })).toMatchObject({ mail: { attempts: 2 } });
  });

  it("is foreseen by look, which begins nothing", async () => {
    const { id, body } = await admitted();
    const turns = [{ id, turn: 0 }];
    const mail = { attempts: 0, status: "queued" };
    const begun = { kind: "begun", mail, body, isInDoubt: false, mayBeSent: false };
    for (let times = 0; times < 2; times += 1) {
      expect(await journal.look(turns, NOW)).toMatchObject([begun]);
    }
    await begin(id);
    expect(await journal.look(turns, NOW)).toMatchObject([{ kind: "busy" }]);
    const late = await journal.look(turns, NOW + MINUTE);
    expect(late).toMatchObject([{ kind: "begun", isInDoubt: true, mayBeSent: true }]);
    expect(await journal.look([{ id, turn: 1 }], NOW)).toStrictEqual([{ kind: "over" }]);
    expect(await journal.look([], NOW)).toStrictEqual([]);
  });

  it("remembers that an attempt may have sent it, whatever later attempts come to", async () => {
    const [dead, unsure] = [await admitted(), await admitted()];
    await begin(dead.id);
    await begin(unsure.id);
    const deferred = { status: "deferred", isAsked: true } as const;
    await journal.settle([settlement(unsure.id, { ...deferred, mayBeSent: true })]);
    for (const [at, { id }] of [dead, unsure, dead, unsure].entries()) {
      const begun = await begin(id, { nowMs: NOW + MINUTE });
      expect(begun).toMatchObject({ mayBeSent: true, isInDoubt: at === 0 });
      const attempt = begun.kind === "begun" ? begun.mail.attempts : 0;
      await journal.settle([settlement(id, { ...deferred, attempt })]);
    }
  });

  it("gives a mail without a body without one", async () => {
    const { body: _, ...mail } = newMail();
    await journal.admit([mail]);
    expect(await begin(mail.id)).not.toHaveProperty("body");
  });

  it("gives a body of 900 KB, of whatever characters, as it was", async () => {
    const body = JSON.stringify({ text: "ä€😀\u0000\ud800\"\\'\r\n".repeat(60_000) });
    expect(new TextEncoder().encode(body).length).toBeGreaterThan(900_000);
    const { id } = await admitted({ body });
    const beginning = await begin(id);
    expect(beginning.kind === "begun" && beginning.body === body).toBe(true);
  });

  it("takes a hundred at once", async () => {
    const mails = Array.from({ length: 100 }, () => newMail({ body: "x".repeat(20_000) }));
    await journal.admit(mails);
    const turns = mails.map(({ id }) => ({ id, turn: 0 }));
    const answers = await journal.begin(turns, { nowMs: NOW, leaseMs: MINUTE });
    expect(answers.every(({ kind }) => kind === "begun")).toBe(true);
    await journal.settle(
      mails.map(({ id }) =>
        settlement(id, { events: [event("attempt", NOW, { text: "y".repeat(20_000) })] }),
      ),
    );
    for (const { id } of mails) {
      expect((await journal.mail(id))?.status).toBe("accepted");
      expect(await eventTypes(id)).toStrictEqual(["queued", "attempt"]);
    }
  });
});

describe("settle", () => {
  it("writes down what became of it, and drops the body where that is final", async () => {
    const mail = await admitted();
    await begin(mail.id);
    await journal.settle([
      settlement(mail.id, {
        relay: "smtp.example.com:587",
        reply: { code: 250, enhanced: "2.0.0", text: "queued as ÄÖ 😀" },
        events: [event("attempt", NOW + 1, { stage: "content" }), event("accepted", NOW + 2)],
      }),
    ]);
    expect(await journal.mail(mail.id)).toStrictEqual({
      id: mail.id,
      messageId: mail.messageId,
      token: "app",
      createdAtMs: NOW,
      status: "accepted",
      attempts: 1,
      facts: mail.facts,
      relay: "smtp.example.com:587",
      reply: { code: 250, enhanced: "2.0.0", text: "queued as ÄÖ 😀" },
    });
    expect(await journal.events(mail.id)).toStrictEqual([
      event("queued"),
      event("attempt", NOW + 1, { stage: "content" }),
      event("accepted", NOW + 2),
    ]);
    expect(await bodyOf(mail.id)).toBeNull();
  });

  it("keeps the body and the recipients still owed where it is deferred", async () => {
    const mail = await admitted();
    await begin(mail.id);
    const owed = ["bob@example.org", "čen@example.net"];
    await journal.settle([settlement(mail.id, { status: "deferred", owed })]);
    expect(await begin(mail.id)).toMatchObject({ owed, body: mail.body });
    await journal.settle([settlement(mail.id, { attempt: 2, status: "deferred" })]);
    expect(await begin(mail.id)).toMatchObject({ owed });
    await journal.settle([settlement(mail.id, { attempt: 3, status: "deferred", owed: [] })]);
    expect(await begin(mail.id)).toMatchObject({ owed: [] });
  });

  it("keeps the relay and its reply together", async () => {
    const { id } = await admitted();
    await begin(id);
    const relay = "one.example.com:587";
    const reply = { code: 451, text: "later" };
    await journal.settle([settlement(id, { status: "deferred", relay, reply })]);
    await begin(id);
    await journal.settle([settlement(id, { attempt: 2, status: "deferred" })]);
    expect(await journal.mail(id)).toMatchObject({ relay, reply });
    await begin(id);
    const other = "two.example.com:587";
    await journal.settle([settlement(id, { attempt: 3, status: "deferred", relay: other })]);
    const mail = await journal.mail(id);
    expect(mail?.relay).toBe(other);
    expect(mail).not.toHaveProperty("reply");
  });

  it("of another turn has no effect", async () => {
    const mail = await admitted();
    await begin(mail.id);
    await journal.settle([settlement(mail.id, { turn: 1, events: [event("accepted")] })]);
    expect((await journal.mail(mail.id))?.status).toBe("sending");
    expect(await eventTypes(mail.id)).toStrictEqual(["queued"]);
    expect(await bodyOf(mail.id)).toBe(mail.body);
  });

  it("of an attempt that another has taken over has no effect", async () => {
    const { id } = await admitted();
    await begin(id);
    await begin(id, { nowMs: NOW + MINUTE });
    await journal.settle([settlement(id, { status: "deferred", events: [event("deferred")] })]);
    expect((await journal.mail(id))?.status).toBe("sending");
    await journal.settle([settlement(id, { attempt: 2, events: [event("accepted")] })]);
    expect(await eventTypes(id)).toStrictEqual(["queued", "accepted"]);
  });

  it("tells which counted, also where it is asked again since the answer was lost", async () => {
    const [done, again, late] = [await admitted(), await admitted(), await admitted()];
    for (const { id } of [done, again, late]) await begin(id);
    const settlements = [
      settlement(done.id, { nonce: "1", events: [event("accepted")] }),
      settlement(again.id, { nonce: "2", status: "deferred", events: [event("deferred")] }),
      settlement(late.id, { nonce: "3", attempt: 2, events: [event("accepted")] }),
    ];
    for (let times = 0; times < 2; times += 1) {
      expect([...(await journal.settle(settlements))]).toStrictEqual([done.id, again.id]);
    }
    expect(await eventTypes(done.id)).toStrictEqual(["queued", "accepted"]);
    expect(await eventTypes(again.id)).toStrictEqual(["queued", "deferred"]);
    expect(await eventTypes(late.id)).toStrictEqual(["queued"]);
    const other = [settlement(done.id, { nonce: "4" })];
    expect([...(await journal.settle(other))]).toStrictEqual([]);
  });

  it("changes nothing about a mail that is final", async () => {
    const { id } = await admitted();
    await begin(id);
    await journal.settle([settlement(id, { events: [event("accepted")] })]);
    await journal.settle([settlement(id, { status: "failed", events: [event("failed")] })]);
    expect((await journal.mail(id))?.status).toBe("accepted");
    expect(await eventTypes(id)).toStrictEqual(["queued", "accepted"]);
  });

  it("ends a mail of which no attempt has begun, and one that was admitted as it was sent", async () => {
    const waiting = await admitted();
    const sending = await admitted({ status: "sending" });
    expect((await journal.mail(sending.id))?.attempts).toBe(1);
    await journal.settle([
      settlement(waiting.id, { attempt: 0, status: "suppressed" }),
      settlement(sending.id, { status: "refused" }),
    ]);
    expect((await journal.mail(waiting.id))?.status).toBe("suppressed");
    expect((await journal.mail(sending.id))?.status).toBe("refused");
  });
});
