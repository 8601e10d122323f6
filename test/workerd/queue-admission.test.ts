/** Mails that enter the journal by the queue, mails that stand in SPOOL, and mails that are not sent. */
import { env as bound } from "cloudflare:test";
import type { R2Bucket } from "@cloudflare/workers-types";
import { beforeEach, describe, expect, it } from "vitest";

import { putSpooled, readSpooled } from "../../src/store/spool.ts";
import { arrived } from "../net/control.ts";
import { consume, messageIdOf, queued } from "./consume.ts";
import { lifeOf } from "./journalled.ts";
import { bodyOf, event, store } from "./store/samples.ts";
import { deliver, HEARD, toldOf, waiting } from "./waiting.ts";
import { mail, relays, vars } from "./worker-calls.ts";

const { SPOOL } = bound as unknown as { readonly SPOOL: R2Bucket };
const heard = (more = {}) => vars({ ...HEARD, SPOOL, ...more });

const LISTED = ["listed@example.org", "also-listed@example.org"];

beforeEach(async () => {
  for (const address of LISTED) await store.suppressions.remove(address);
});

function uuidOf(id: string): string {
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function newId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

describe("a mail that another Worker sends to the queue", () => {
  it("is journalled under the id of its message, and sent once however often that comes", async () => {
    const [body, id, timestamp] = [
      mail({ tags: [{ name: "a", value: "b" }] }),
      newId(),
      new Date(),
    ];
    expect(await consume([{ body, id, timestamp }], heard())).toStrictEqual(["ack"]);
    expect(await consume([{ body, id, timestamp, attempts: 2 }], heard())).toStrictEqual(["ack"]);
    const [found, ...others] = await arrived("starttls", body.subject);
    expect(others).toStrictEqual([]);
    expect(messageIdOf(found?.raw)).toBe(`<${id}@example.com>`);
    const life = await lifeOf(uuidOf(id));
    expect(life.mail).toMatchObject({
      token: "queue",
      status: "accepted",
      createdAtMs: timestamp.getTime(),
      facts: { subject: body.subject, tags: [{ name: "a", value: "b" }] },
    });
    expect(life.steps).toStrictEqual(["queued", "accepted"]);
  });

  it("goes on under its turn after it was deferred", async () => {
    const [body, id, timestamp] = [mail(), newId(), new Date()];
    const down = { ...relays([1]), ...HEARD };
    const [verdict] = await consume([{ body, id, timestamp }], down);
    expect(verdict).toBeGreaterThanOrEqual(30);
    expect((await lifeOf(uuidOf(id))).mail?.status).toBe("deferred");
    const again = await consume([{ body, id, timestamp, attempts: 2 }], heard());
    expect(again).toStrictEqual(["ack"]);
    expect((await lifeOf(uuidOf(id))).mail).toMatchObject({ status: "accepted", attempts: 2 });
  });

  it.each([
    ["no mail", { mail: null }],
    ["a mail without recipients", { from: "ann@example.com", text: "x" }],
    ["nothing that JSON has", 10n],
  ])("and cannot be read has failed, and that is told once: %s", async (_, body) => {
    const [id, timestamp] = [newId(), new Date()];
    for (let attempts = 1; attempts <= 2; attempts += 1) {
      const message = { body, id, timestamp, attempts };
      expect(await consume([message], heard())).toStrictEqual(["ack"]);
    }
    const { mail: found, steps } = await lifeOf(uuidOf(id));
    expect(found).toMatchObject({ status: "failed", token: "queue" });
    expect(steps).toStrictEqual(["queued", "failed"]);
    expect(toldOf(uuidOf(id))).toStrictEqual([["email.failed", []]]);
  });

  it("is held by the journal until its time", async () => {
    const [id, timestamp] = [newId(), new Date()];
    const body = mail({ scheduledAt: new Date(Date.now() + 48 * 3_600_000).toISOString() });
    expect(await consume([{ body, id, timestamp }], heard())).toStrictEqual(["ack"]);
    expect(await lifeOf(uuidOf(id))).toMatchObject({
      mail: { status: "scheduled", scheduledAtMs: Date.parse(body.scheduledAt) },
      steps: ["scheduled"],
    });
    expect(toldOf(uuidOf(id))).toStrictEqual([["email.scheduled", ["bob@example.org"]]]);
    expect(await arrived("starttls", body.subject)).toStrictEqual([]);
  });

  it("and one of our own from before there was a journal are journalled alike", async () => {
    const body = queued();
    expect(await consume([{ body, timestamp: new Date() }], heard())).toStrictEqual(["ack"]);
    expect((await lifeOf(body.id)).steps).toStrictEqual(["queued", "accepted"]);
  });
});

describe("without a journal", () => {
  const vain = (more = {}) => vars({ SPOOL, ...more });

  it("a scheduled mail waits in the queue", async () => {
    const body = mail({ scheduledAt: new Date(Date.now() + 7_200_000).toISOString() });
    const [verdict] = await consume([{ body, timestamp: new Date() }], vain());
    expect(verdict).toBeGreaterThan(7190);
    expect(verdict).toBeLessThanOrEqual(7200);
  });

  it("a mail scheduled further ahead than the queue holds it is refused", async () => {
    const body = mail({ scheduledAt: new Date(Date.now() + 25 * 3_600_000).toISOString() });
    expect(await consume([{ body, timestamp: new Date() }], vain())).toStrictEqual(["ack"]);
    expect(await arrived("starttls", body.subject)).toStrictEqual([]);
  });

  it("a turn is kept for when the journal is bound again", async () => {
    expect(await deliver({ id: "x" }, vain())).toBeGreaterThanOrEqual(30);
  });

  it("a mail in SPOOL is sent, and removed", async () => {
    const body = queued();
    const spooled = await putSpooled(SPOOL, body.id, JSON.stringify(body));
    const message = { body: { id: body.id, spooled } };
    const [deferred] = await consume([message], { ...relays([1]), SPOOL });
    expect(deferred).toBeGreaterThanOrEqual(30);
    expect(await readSpooled(SPOOL, spooled)).toBeTypeOf("string");
    expect(await consume([message], vain())).toStrictEqual(["ack"]);
    expect(await arrived("starttls", body.mail.subject)).toHaveLength(1);
    expect(await readSpooled(SPOOL, spooled)).toBeUndefined();
    // A message whose mail is gone is not worth another attempt.
    expect(await consume([message], vain())).toStrictEqual(["ack"]);
  });
});

describe("a mail in SPOOL", () => {
  async function spooledMail() {
    const body = queued();
    const spooled = await putSpooled(SPOOL, body.id, JSON.stringify(body));
    await waiting({}, { id: body.id, body: JSON.stringify({ id: body.id, spooled }) });
    return { ...body, spooled };
  }

  it("stays there until it is settled", async () => {
    const one = await spooledMail();
    await deliver(one, { ...relays([1]), ...HEARD, SPOOL });
    expect(await readSpooled(SPOOL, one.spooled)).toBeTypeOf("string");
    expect(await deliver(one, heard(), { attempts: 2 })).toBe("ack");
    expect(await arrived("starttls", one.mail.subject)).toHaveLength(1);
    expect(await readSpooled(SPOOL, one.spooled)).toBeUndefined();
  });

  it("waits while SPOOL is not bound", async () => {
    const one = await spooledMail();
    expect(await deliver(one, vars(HEARD))).toBeGreaterThanOrEqual(30);
    expect((await lifeOf(one.id)).mail?.status).toBe("deferred");
  });

  it("that is gone has failed", async () => {
    const one = await spooledMail();
    await SPOOL.delete(one.spooled);
    expect(await deliver(one, heard())).toBe("ack");
    expect((await lifeOf(one.id)).mail?.status).toBe("failed");
    expect(toldOf(one.id)).toStrictEqual([["email.failed", ["bob@example.org"]]]);
  });

  it("of a message from before there was a journal is journalled", async () => {
    const body = queued();
    const spooled = await putSpooled(SPOOL, body.id, JSON.stringify(body));
    const message = { body: { id: body.id, spooled }, timestamp: new Date() };
    const down = { ...relays([1]), ...HEARD, SPOOL };
    expect((await consume([message], down))[0]).toBeGreaterThanOrEqual(30);
    expect(await bodyOf(body.id)).toBe(JSON.stringify({ id: body.id, spooled }));
    expect(await consume([message], heard())).toStrictEqual(["ack"]);
    expect(await readSpooled(SPOOL, spooled)).toBeUndefined();
  });
});

describe("a mail that is not sent", () => {
  async function suppress(...addresses: readonly string[]): Promise<void> {
    const entry = { reason: "manual", note: "", atMs: Date.now() } as const;
    await store.suppressions.add(addresses.map((address) => ({ address, ...entry })));
  }

  it("has nobody left that may be written to", async () => {
    const body = await waiting({ to: LISTED });
    await suppress(...LISTED);
    expect(await deliver(body, heard())).toBe("ack");
    expect(await lifeOf(body.id)).toMatchObject({
      mail: { status: "suppressed" },
      steps: ["queued", "suppressed"],
    });
    expect(toldOf(body.id)).toStrictEqual([["email.suppressed", LISTED]]);
    expect(await arrived("starttls", body.mail.subject)).toStrictEqual([]);
  });

  it("to some goes to the others", async () => {
    const body = await waiting({ to: ["bob@example.org", LISTED[0]] });
    await suppress(...LISTED);
    expect(await deliver(body, heard())).toBe("ack");
    expect((await lifeOf(body.id)).steps).toStrictEqual(["queued", "suppressed", "accepted"]);
    const [found] = await arrived("starttls", body.mail.subject);
    expect(found?.rcptTo).toStrictEqual(["bob@example.org"]);
  });

  it("to some is told of once, however often the others are tried", async () => {
    const body = await waiting({ to: ["bob@example.org", LISTED[0]] });
    await suppress(...LISTED);
    await deliver(body, { ...relays([1]), ...HEARD });
    expect(await deliver(body, heard(), { attempts: 2 })).toBe("ack");
    expect((await lifeOf(body.id)).steps).toStrictEqual([
      "queued",
      "deferred",
      "suppressed",
      "accepted",
    ]);
    expect(toldOf(body.id)).toStrictEqual([
      ["email.delivery_delayed", ["bob@example.org"]],
      ["email.suppressed", [LISTED[0]]],
      ["email.sent", ["bob@example.org"]],
    ]);
  });

  it("is not allowed here any more", async () => {
    const body = await waiting();
    expect(await deliver(body, heard({ ALLOWED_RECIPIENTS: "example.net" }))).toBe("ack");
    expect((await lifeOf(body.id)).mail?.status).toBe("failed");
    expect(toldOf(body.id)).toStrictEqual([["email.failed", ["bob@example.org"]]]);
    expect(await arrived("starttls", body.mail.subject)).toStrictEqual([]);
  });

  it.each([
    ["no JSON", "{"],
    ["no mail", '{"id":"x","mail":{}}'],
    ["a turn of its own", '{"id":"x","turn":0}'],
  ])("cannot be read: %s", async (_, body) => {
    const { id } = await waiting({}, { body, events: [event("queued")] });
    expect(await deliver({ id }, heard())).toBe("ack");
    expect((await lifeOf(id)).mail?.status).toBe("failed");
  });

  it("goes to nobody in a sandbox, and to one recipient in staging", async () => {
    const [one, two] = [await waiting(), await waiting()];
    expect(await deliver(one, heard({ SANDBOX: "on" }))).toBe("ack");
    expect((await lifeOf(one.id)).mail?.status).toBe("accepted");
    expect(await arrived("starttls", one.mail.subject)).toStrictEqual([]);
    expect(await deliver(two, heard({ STAGING_RECIPIENT: "dev@example.com" }))).toBe("ack");
    const [found] = await arrived("starttls", two.mail.subject);
    expect(found?.rcptTo).toStrictEqual(["dev@example.com"]);
  });
});
