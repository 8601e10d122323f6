/** The dead-letter queue: what was tried often enough has failed, with its story. */
import { env as bound } from "cloudflare:test";
import type { R2Bucket } from "@cloudflare/workers-types";
import { describe, expect, it, vi } from "vitest";

import { putSpooled, readSpooled } from "../../src/store/spool.ts";
import { arrived } from "../net/control.ts";
import { consume, eventBinding, queued, told } from "./consume.ts";
import { lifeOf } from "./journalled.ts";
import { db, store } from "./store/samples.ts";
import { deliver, HEARD, toldOf, waiting } from "./waiting.ts";
import { mail, relays, vars } from "./worker-calls.ts";

const { SPOOL } = bound as unknown as { readonly SPOOL: R2Bucket };
const heard = (more = {}) => vars({ ...HEARD, SPOOL, ...more });
const dead = { queueName: "postrider-dead" };

describe("with a journal", () => {
  it("a mail has failed for the reason of its last attempt", async () => {
    const body = await waiting({ to: "later@example.org" });
    expect(await deliver(body, heard())).toBeGreaterThanOrEqual(30);
    expect(await deliver(body, heard(), dead)).toBe("ack");
    const { mail: found, steps } = await lifeOf(body.id);
    expect(found?.status).toBe("failed");
    expect(steps).toStrictEqual(["queued", "deferred", "failed"]);
    const [, deferred, failed] = await store.journal.events(body.id);
    expect(failed?.data).toStrictEqual({ attempts: 1, reason: deferred?.data["reason"] });
    expect(String(failed?.data["reason"])).toContain("451 4.2.1 Mailbox busy");
    expect(toldOf(body.id).at(-1)).toStrictEqual(["email.failed", ["later@example.org"]]);
    // And nothing brings it back.
    expect(await deliver(body, heard(), dead)).toBe("ack");
    expect(toldOf(body.id)).toHaveLength(2);
  });

  it("a mail that some have got is accepted, and failed for the others", async () => {
    const body = await waiting({ to: ["bob@example.org", "later@example.org"] });
    await deliver(body, heard());
    expect(await deliver(body, heard(), dead)).toBe("ack");
    expect(await lifeOf(body.id)).toMatchObject({
      mail: { status: "accepted" },
      steps: ["queued", "deferred", "failed"],
    });
    expect(toldOf(body.id).at(-1)).toStrictEqual(["email.failed", ["later@example.org"]]);
  });

  it("a mail whose attempt never ended may have been sent", async () => {
    const body = await waiting();
    const turn = { id: body.id, turn: 0 };
    await store.journal.begin([turn], { nowMs: Date.now() - 10_000, leaseMs: 5000 });
    expect(await deliver(body, heard(), dead)).toBe("ack");
    expect((await lifeOf(body.id)).mail?.status).toBe("unknown");
  });

  it("a mail whose attempt is under way is left alone", async () => {
    const body = await waiting();
    const turn = { id: body.id, turn: 0 };
    await store.journal.begin([turn], { nowMs: Date.now(), leaseMs: 60_000 });
    expect(await deliver(body, heard(), dead)).toBeGreaterThanOrEqual(60);
  });

  it("a mail that is settled stays as it is", async () => {
    const body = await waiting();
    await deliver(body, heard());
    expect(await deliver(body, heard(), dead)).toBe("ack");
    expect((await lifeOf(body.id)).mail?.status).toBe("accepted");
  });

  it("what stands in SPOOL is removed", async () => {
    const body = queued();
    const spooled = await putSpooled(SPOOL, body.id, JSON.stringify(body));
    await waiting({}, { id: body.id, body: JSON.stringify({ id: body.id, spooled }) });
    expect(await deliver(body, heard(), dead)).toBe("ack");
    expect(await readSpooled(SPOOL, spooled)).toBeUndefined();
  });

  it("a bare mail is journalled as failed", async () => {
    const [body, timestamp] = [mail(), new Date()];
    const id = crypto.randomUUID();
    const message = { body, id: id.replaceAll("-", ""), timestamp };
    expect(await consume([message], heard(), "postrider-dead")).toStrictEqual(["ack"]);
    expect((await lifeOf(id)).mail?.status).toBe("failed");
    expect(await arrived("starttls", body.subject)).toStrictEqual([]);
  });

  it("another name is said in DEAD_LETTER_QUEUE", async () => {
    const body = await waiting();
    const env = heard({ DEAD_LETTER_QUEUE: "graveyard" });
    expect(await deliver(body, env, { queueName: "graveyard" })).toBe("ack");
    expect((await lifeOf(body.id)).mail?.status).toBe("failed");
  });
});

it("a mail whose end the journal could not be told has failed, and is in no doubt", async () => {
  const body = await waiting({ to: "later@example.org" });
  await deliver(body, heard());
  let calls = 0;
  const broken = new Proxy(db, {
    get: (target, name) => {
      if (name !== "batch") return Reflect.get(target, name).bind(target) as unknown;
      calls += 1;
      return calls === 1 ? target.batch.bind(target) : async () => Promise.reject(new Error("D1"));
    },
  });
  expect(await deliver(body, heard({ JOURNAL: broken }), dead)).toBeGreaterThanOrEqual(30);
  expect(await deliver(body, heard(), dead)).toBe("ack");
  expect((await lifeOf(body.id)).mail?.status).toBe("failed");
  expect(toldOf(body.id).at(-1)).toStrictEqual(["email.failed", ["later@example.org"]]);
});

it("a mail that only SPOOL knows has failed also where SPOOL does not answer", async () => {
  const { JOURNAL: _, ...rest } = HEARD;
  const id = crypto.randomUUID();
  const body = { id, spooled: `postrider/mails/${id}` };
  expect(await consume([{ body }], vars(rest), "postrider-dead")).toStrictEqual(["ack"]);
  expect(toldOf(id)).toStrictEqual([["email.failed", []]]);
});

it("a mail of five days ago is not postponed for ever", async () => {
  const createdAtMs = Date.now() - 6 * 86_400_000;
  const id = crypto.randomUUID();
  const kept = JSON.stringify({ id, spooled: `postrider/mails/${id}` });
  await waiting({}, { id, createdAtMs, body: kept });
  expect(await deliver({ id }, vars(HEARD))).toBe("ack");
  expect((await lifeOf(id)).mail?.status).toBe("failed");
});

describe("without a journal", () => {
  const vain = () => {
    const { JOURNAL: _, ...rest } = HEARD;
    return vars({ ...rest, EVENT_QUEUE: eventBinding, SPOOL, LOG_LEVEL: "error" });
  };

  it("mails are logged and told, others are logged, and all are acked", async () => {
    const fault = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const [one, two] = [queued(), queued()];
    const spooled = await putSpooled(SPOOL, two.id, JSON.stringify(two));
    const bodies = [one, { id: two.id, spooled }, { id: "x", turn: 0 }, null, mail()];
    const verdicts = await consume(
      bodies.map((body) => ({ body })),
      vain(),
      "postrider-dead",
    );
    expect(verdicts).toStrictEqual(Array(5).fill("ack"));
    expect(fault).toHaveBeenCalledTimes(5);
    fault.mockRestore();
    expect(told.map(({ event }) => event.type)).toStrictEqual(Array(3).fill("email.failed"));
    expect(await readSpooled(SPOOL, spooled)).toBeUndefined();
    expect(await arrived("starttls", one.mail.subject)).toStrictEqual([]);
  });
});

it("events that were never told are logged and acked", async () => {
  await deliver(await waiting(), heard());
  const [event] = told;
  const fault = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const env = { ...relays([1], { LOG_LEVEL: "error" }), ...HEARD };
  expect(await consume([{ body: event }], env, "postrider-dead")).toStrictEqual(["ack"]);
  expect(fault.mock.calls.map(([line]) => String(line))).toStrictEqual([
    expect.stringContaining('"event":"event.dead"'),
  ]);
  fault.mockRestore();
});
