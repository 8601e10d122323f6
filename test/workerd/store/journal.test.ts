/** The journal: what goes in comes out, page by page, and a scheduled mail can be changed. */
import { beforeAll, describe, expect, it } from "vitest";

import type { JournalEvent, JournalMail, MailQuery, NewMail } from "../../../src/store/journal.ts";
import {
  admitted,
  begin,
  bodyOf,
  empty,
  event,
  eventTypes,
  journal,
  MINUTE,
  newMail,
  NOW,
} from "./samples.ts";

describe("admit", () => {
  it("keeps all that it is told", async () => {
    const mail = newMail({
      status: "scheduled",
      scheduledAtMs: NOW + MINUTE,
      facts: {
        from: "Ann Ä <ann@example.com>",
        to: ["bob@example.org", "čen@example.net"],
        cc: [],
        bcc: ["x@example.com"],
        replyTo: ["'; DROP TABLE mails; --@example.com"],
        subject: "Grüße 😀 \u0000 \" ' \\ \u2028 ?1",
        text: "the text\r\n",
        html: "<p>é</p>",
        tags: [{ name: "a", value: "b" }],
      },
      events: [event("scheduled", NOW, { at: 1.5, deep: { list: [null, "😀"] } }), event("queued")],
    });
    await journal.admit([mail]);
    expect(await journal.mail(mail.id)).toStrictEqual({
      id: mail.id,
      messageId: mail.messageId,
      token: "app",
      createdAtMs: NOW,
      scheduledAtMs: NOW + MINUTE,
      status: "scheduled",
      attempts: 0,
      facts: mail.facts,
    });
    expect(await journal.events(mail.id)).toStrictEqual(mail.events);
    expect(await bodyOf(mail.id)).toBe(mail.body);
  });

  it("keeps a mail of which nothing may be told", async () => {
    const { id } = await admitted({ facts: {}, events: [] });
    expect((await journal.mail(id))?.facts).toStrictEqual({});
    expect(await journal.events(id)).toStrictEqual([]);
  });

  it("leaves an id that is there already as it is, and takes the others", async () => {
    const first = await admitted();
    const second = newMail();
    await journal.admit([
      {
        ...first,
        token: "other",
        body: "other",
        facts: { text: "other" },
        events: [event("failed")],
      },
      second,
    ]);
    expect(await journal.mail(first.id)).toMatchObject({ token: "app", facts: first.facts });
    expect(await eventTypes(first.id)).toStrictEqual(["queued"]);
    expect(await bodyOf(first.id)).toBe(first.body);
    expect((await journal.mail(second.id))?.id).toBe(second.id);
  });

  it("keeps no body of a mail that is final", async () => {
    const { id } = await admitted({ status: "suppressed" });
    expect(await bodyOf(id)).toBeNull();
  });

  it("takes all or none", async () => {
    const broken = { ...event("queued"), data: undefined as never };
    const mails = [newMail(), newMail({ events: [event("queued"), broken] })];
    await expect(journal.admit(mails)).rejects.toThrow();
    for (const { id } of mails) expect(await journal.mail(id)).toBeUndefined();
  });

  it("leaves out a text that no row holds, and keeps the rest", async () => {
    const facts = { subject: "long", text: "é".repeat(400_000), html: "é".repeat(300_000) };
    const { id } = await admitted({ facts });
    expect((await journal.mail(id))?.facts).toStrictEqual({ subject: "long" });
  });

  it("keeps a long text where a row holds it", async () => {
    const facts = { text: "€".repeat(600_000) };
    const { id } = await admitted({ facts });
    expect((await journal.mail(id))?.facts.text === facts.text).toBe(true);
  });
});

it("does not know what nobody admitted", async () => {
  const id = crypto.randomUUID();
  expect(await journal.mail(id)).toBeUndefined();
  expect(await journal.events(id)).toStrictEqual([]);
});

describe("list", () => {
  const statuses = ["queued", "accepted", "failed"] as const;
  const mails = Array.from({ length: 60 }, (_, at) =>
    newMail({
      token: at % 4 === 0 ? "other" : "app",
      status: statuses[at % 3] ?? "queued",
      // Of one batch, and later ones of a clock that goes wrong.
      createdAtMs: NOW - Math.floor(at / 10),
      facts: { subject: String(at), text: "left out" },
    }),
  );
  const newestFirst = mails.toReversed();

  beforeAll(async () => {
    await empty();
    for (let at = 0; at < mails.length; at += 20) await journal.admit(mails.slice(at, at + 20));
  });

  async function page(query: MailQuery) {
    const found = await journal.list(query);
    if (found === undefined) throw new Error("the cursor names a mail");
    return found;
  }

  const idsOf = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);

  it("shows the newest first, without their texts", async () => {
    const { mails: shown, hasMore } = await page({ limit: 5 });
    expect(idsOf(shown)).toStrictEqual(idsOf(newestFirst.slice(0, 5)));
    expect(shown[0]?.facts).toStrictEqual({ subject: "59" });
    expect(hasMore).toBe(true);
  });

  it.each([1, 7, 20, 59, 60, 61])("pages by %d to the end and back", async (limit) => {
    const there: JournalMail[] = [];
    for (let hasMore = true; hasMore;) {
      const after = there.at(-1)?.id;
      const found = await page({ limit, ...(after === undefined ? {} : { after }) });
      expect(found.mails.length).toBeGreaterThan(0);
      there.push(...found.mails);
      hasMore = found.hasMore;
    }
    expect(idsOf(there)).toStrictEqual(idsOf(newestFirst));

    const back = there.slice(-1);
    for (let hasMore = true; hasMore;) {
      const found = await page({ limit, before: back[0]?.id ?? "" });
      back.unshift(...found.mails);
      hasMore = found.hasMore;
    }
    expect(idsOf(back)).toStrictEqual(idsOf(newestFirst));
  });

  it("has an empty page behind the last and before the first", async () => {
    const nothing = { mails: [], hasMore: false };
    expect(await page({ limit: 5, after: mails[0]?.id ?? "" })).toStrictEqual(nothing);
    expect(await page({ limit: 5, before: mails.at(-1)?.id ?? "" })).toStrictEqual(nothing);
  });

  it.each<[string, Omit<MailQuery, "limit">, (mail: NewMail) => boolean]>([
    ["token", { token: "other" }, ({ token }) => token === "other"],
    ["a status", { statuses: ["failed"] }, ({ status }) => status === "failed"],
    ["statuses", { statuses: ["failed", "queued"] }, ({ status }) => status !== "accepted"],
    ["no status", { statuses: [] }, () => false],
    [
      "both",
      { statuses: ["queued"], token: "app" },
      ({ status, token }) => status === "queued" && token === "app",
    ],
  ])("filters by %s, on every page", async (_, filter, matches) => {
    const wanted = idsOf(newestFirst.filter(matches));
    const found: string[] = [];
    for (let hasMore = true; hasMore;) {
      const after = found.at(-1);
      const next = await page({ limit: 4, ...filter, ...(after === undefined ? {} : { after }) });
      found.push(...idsOf(next.mails));
      hasMore = next.hasMore;
    }
    expect(found).toStrictEqual(wanted);
    const middle = wanted[6];
    if (middle === undefined) return;
    const before = await page({ limit: 4, ...filter, before: middle });
    expect(idsOf(before.mails)).toStrictEqual(wanted.slice(2, 6));
  });

  it("takes a cursor that the filter by status leaves out", async () => {
    const cursor = newestFirst.find(({ status }) => status === "accepted")?.id ?? "";
    const { mails: shown } = await page({ limit: 3, statuses: ["failed"], after: cursor });
    expect(shown).toHaveLength(3);
  });

  it("shows what lies between two cursors", async () => {
    const [first, last] = [newestFirst[10]?.id ?? "", newestFirst[20]?.id ?? ""];
    const between = await page({ limit: 50, after: first, before: last });
    expect(idsOf(between.mails)).toStrictEqual(idsOf(newestFirst.slice(11, 20)));
  });

  it("knows no cursor that names no mail, or one of another token", async () => {
    const unknown = crypto.randomUUID();
    expect(await journal.list({ limit: 5, after: unknown })).toBeUndefined();
    expect(await journal.list({ limit: 5, before: unknown })).toBeUndefined();
    const foreign = mails[0]?.id ?? "";
    expect(await journal.list({ limit: 5, after: foreign, token: "app" })).toBeUndefined();
    expect(await journal.list({ limit: 5, before: foreign, token: "other" })).toBeDefined();
  });
});

describe("a scheduled mail", () => {
  const scheduled = {
    status: "scheduled",
    scheduledAtMs: NOW + 10 * MINUTE,
    events: [event("scheduled")] as readonly JournalEvent[],
  } as const;
  const later = {
    nowMs: NOW + 1,
    scheduledAtMs: NOW + 20 * MINUTE,
    checkAtMs: NOW + 19 * MINUTE,
  };

  it("can be given another time, and a message under way is over", async () => {
    const { id } = await admitted(scheduled);
    expect(await journal.reschedule(id, later)).toBe("done");
    expect(await journal.mail(id)).toMatchObject({
      status: "scheduled",
      scheduledAtMs: later.scheduledAtMs,
    });
    expect(await journal.events(id)).toStrictEqual([
      event("scheduled"),
      event("rescheduled", NOW + 1, {
        scheduledAt: new Date(later.scheduledAtMs).toISOString(),
      }),
    ]);
    const nowMs = later.scheduledAtMs;
    expect(await begin(id, { nowMs })).toStrictEqual({ kind: "over" });
    expect(await begin(id, { turn: 1, nowMs })).toMatchObject({ kind: "begun" });
  });

  it("can be canceled, once", async () => {
    const { id } = await admitted(scheduled);
    expect(await journal.cancel(id, NOW + 1)).toBe("done");
    expect((await journal.mail(id))?.status).toBe("canceled");
    expect(await journal.events(id)).toStrictEqual([
      event("scheduled"),
      event("canceled", NOW + 1),
    ]);
    expect(await bodyOf(id)).toBeNull();
    for (const turn of [0, 1]) {
      expect(await begin(id, { turn, nowMs: NOW + 60 * MINUTE })).toStrictEqual({ kind: "over" });
    }
    expect(await journal.cancel(id, NOW + 2)).toBe("settled");
    expect(await journal.reschedule(id, later)).toBe("settled");
    expect(await eventTypes(id)).toStrictEqual(["scheduled", "canceled"]);
  });

  it("is either sent or canceled", async () => {
    const nowMs = scheduled.scheduledAtMs;
    for (let round = 0; round < 10; round++) {
      const { id } = await admitted(scheduled);
      const [beginning, change] = await Promise.all([
        begin(id, { nowMs }),
        journal.cancel(id, nowMs),
      ]);
      expect([
        ["begun", "settled"],
        ["over", "done"],
      ]).toContainEqual([beginning.kind, change]);
    }
  });

  it.each(["queued", "sending", "deferred", "accepted"] as const)(
    "is not one that is %s",
    async (status) => {
      const mail = await admitted({ status });
      expect(await journal.reschedule(mail.id, later)).toBe("settled");
      expect(await journal.cancel(mail.id, NOW)).toBe("settled");
      expect((await journal.mail(mail.id))?.status).toBe(status);
      expect(await eventTypes(mail.id)).toStrictEqual(["queued"]);
      expect(await bodyOf(mail.id)).toBe(status === "accepted" ? null : mail.body);
    },
  );

  it("is missing where the journal does not know it", async () => {
    const id = crypto.randomUUID();
    expect(await journal.reschedule(id, later)).toBe("missing");
    expect(await journal.cancel(id, NOW)).toBe("missing");
  });
});
