/** PATCH /emails/{id} and POST /emails/{id}/cancel: a mail that waits, until its attempt begins. */
import { env } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import type { Env } from "../../src/env.ts";
import { RELEASE_AHEAD_MS } from "../../src/dispatch/later.ts";
import { ask, scheduled, withJournal } from "./journal-calls.ts";
import { admitted, begin, bodyOf, db, eventTypes, journal } from "./store/samples.ts";
import { mail, post } from "./worker-calls.ts";

const HOUR_MS = 3_600_000;

function inHours(hours: number): string {
  return new Date(Date.now() + hours * HOUR_MS).toISOString();
}

async function checkAtOf(id: string): Promise<number | null> {
  return db.prepare("SELECT check_at FROM mails WHERE id = ?1").bind(id).first<number>("check_at");
}

describe("PATCH /emails/{id}", () => {
  it.each(["scheduled_at", "scheduledAt"])("sets another time: %s", async (name) => {
    const { id } = await scheduled();
    const time = inHours(48);
    const answer = await ask("PATCH", `/emails/${id}`, { body: { [name]: time } });
    expect(answer).toMatchObject({ status: 200, body: { object: "email", id } });
    expect(Object.keys(answer.body)).toHaveLength(2);
    expect((await ask("GET", `/emails/${id}`)).body).toMatchObject({
      scheduled_at: time,
      last_event: "scheduled",
      events: [{ type: "queued" }, { type: "rescheduled", scheduledAt: time }],
    });
    expect(await checkAtOf(id)).toBe(Date.parse(time) - RELEASE_AHEAD_MS);
  });

  it.each(["id", "email_id", "emailId"])("takes the id in the body, too: %s", async (name) => {
    const { id } = await scheduled();
    const body = (value: unknown) => ({ scheduled_at: "in 2 hours", [name]: value });
    expect((await ask("PATCH", `/emails/${id}`, { body: body(id) })).status).toBe(200);
    for (const other of [crypto.randomUUID(), 1, {}, { toString: 1, valueOf: 1 }]) {
      const answer = await ask("PATCH", `/emails/${id}`, { body: body(other) });
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: `#/${name}` }] } });
    }
  });

  it("brings one forward to now", async () => {
    const { id } = await scheduled();
    const before = Date.now();
    expect(
      (await ask("PATCH", `/emails/${id}`, { body: { scheduled_at: inHours(0) } })).status,
    ).toBe(200);
    expect(await checkAtOf(id)).toBeGreaterThanOrEqual(before);
    expect(await checkAtOf(id)).toBeLessThanOrEqual(Date.now());
  });

  it.each([
    ["nothing", {}, "missing_required_field"],
    ["null", { scheduled_at: null }, "missing_required_field"],
    ["a word", { scheduled_at: "soon" }, "validation_error"],
    ["a number", { scheduled_at: 1 }, "validation_error"],
    ["the past", { scheduled_at: "2020-01-01T00:00:00Z" }, "validation_error"],
    ["31 days", { scheduled_at: "in 31 days" }, "validation_error"],
    ["another field", { scheduled_at: "in 1 hour", subject: "x" }, "validation_error"],
    ["two times", { scheduled_at: "in 1 hour", scheduledAt: "in 2 hours" }, "validation_error"],
    ["a list", [], "validation_error"],
    ["a text", '"x"', "validation_error"],
    ["__proto__", '{"__proto__": {"scheduled_at": "in 1 hour"}}', "validation_error"],
  ])("refuses %s, and changes nothing", async (_, body, name) => {
    const { id, checkAtMs } = await scheduled();
    expect(await ask("PATCH", `/emails/${id}`, { body })).toMatchObject({
      status: 422,
      body: { name },
    });
    expect(await checkAtOf(id)).toBe(checkAtMs);
  });

  it("refuses a body that is too long, no JSON, or of another type", async () => {
    const { id } = await scheduled();
    const path = `/emails/${id}`;
    expect((await ask("PATCH", path, { body: "x".repeat(20_000) })).status).toBe(413);
    expect((await ask("PATCH", path, { body: "{" })).status).toBe(400);
    expect((await ask("PATCH", path)).status).toBe(400);
    const headers = { "content-type": "text/plain" };
    expect((await ask("PATCH", path, { body: "{}", headers })).status).toBe(415);
  });
});

describe("POST /emails/{id}/cancel", () => {
  it.each([
    ["no body", undefined],
    ["an empty one", ""],
    ["{}", {}],
    ["no JSON", "{"],
  ])("takes a mail back: %s", async (_, body) => {
    const { id } = await scheduled();
    const answer = await ask("POST", `/emails/${id}/cancel`, { body });
    expect(answer.status).toBe(200);
    expect(answer.body).toStrictEqual({ object: "email", id });
    expect(await bodyOf(id)).toBeNull();
    expect(await eventTypes(id)).toStrictEqual(["queued", "canceled"]);
    expect((await ask("GET", `/emails/${id}`)).body["last_event"]).toBe("canceled");
  });

  it("takes what waits in the bucket along", async () => {
    const { SPOOL } = env as Env;
    if (SPOOL === undefined) throw new TypeError("the tests bind SPOOL");
    const { id } = await scheduled();
    await SPOOL.put(`postrider/mails/${id}`, "x");
    const bound = withJournal({ SPOOL });
    expect((await ask("POST", `/emails/${id}/cancel`, { env: bound })).status).toBe(200);
    expect(await SPOOL.head(`postrider/mails/${id}`)).toBeNull();
  });

  it("cancels what POST /emails scheduled", async () => {
    const bound = withJournal();
    const sent = await post("/emails", mail({ scheduled_at: inHours(100) }), { env: bound });
    expect(sent).toMatchObject({ status: 202, body: { status: "scheduled" } });
    const path = `/emails/${String(sent.body["id"])}`;
    expect(sent.headers.get("location")).toBe(path);
    expect((await ask("PATCH", path, { body: { scheduled_at: inHours(3) } })).status).toBe(200);
    expect((await ask("POST", `${path}/cancel`)).status).toBe(200);
  });
});

describe("both", () => {
  const changes = [
    ["PATCH", ""],
    ["POST", "/cancel"],
  ] as const;
  const body = { scheduled_at: "in 3 hours" };

  it.each(changes)("refuse what is not scheduled any more: %s", async (method, rest) => {
    for (const status of ["queued", "sending", "accepted", "failed", "canceled"] as const) {
      const { id } = await admitted({ status });
      const answer = await ask(method, `/emails/${id}${rest}`, { body });
      expect(answer).toMatchObject({ status: 422, body: { name: "validation_error", id } });
      expect(answer.body["message"]).toContain(`is ${status};`);
    }
  });

  it.each(changes)("come too late for one that is being sent: %s", async (method, rest) => {
    const { id, scheduledAtMs } = await scheduled();
    await begin(id, { nowMs: scheduledAtMs ?? 0 });
    expect((await ask(method, `/emails/${id}${rest}`, { body })).status).toBe(422);
    expect((await journal.mail(id))?.status).toBe("sending");
  });

  it.each(changes)("do not touch the mail of another token: %s", async (method, rest) => {
    const { id } = await scheduled({ token: "news" });
    const answer = await ask(method, `/emails/${id}${rest}`, { body, token: "shop" });
    expect(answer).toMatchObject({ status: 404, body: { message: "Email not found" } });
    expect((await ask(method, `/emails/${id}${rest}`, { body, token: "news" })).status).toBe(200);
  });

  it.each(changes)("want the right to send: %s", async (method, rest) => {
    const { id } = await scheduled();
    const answer = await ask(method, `/emails/${id}${rest}`, { body, token: "reader" });
    expect(answer).toMatchObject({ status: 401, body: { name: "restricted_api_key" } });
    expect((await ask(method, `/emails/${id}${rest}`, { body, token: "sender" })).status).toBe(200);
  });

  it.each(changes)(
    "take no id that is none, and none that nobody knows: %s",
    async (method, rest) => {
      expect((await ask(method, `/emails/x${rest}`, { body })).status).toBe(422);
      const unknown = `/emails/${crypto.randomUUID()}${rest}`;
      expect((await ask(method, unknown, { body })).status).toBe(404);
    },
  );

  it("end with one winner of ten at once", async () => {
    const { id } = await scheduled();
    const all = await Promise.all(
      Array.from({ length: 10 }, async () => ask("POST", `/emails/${id}/cancel`)),
    );
    const statuses = all.map(({ status }) => status).toSorted((one, other) => one - other);
    expect(statuses).toStrictEqual([200, ...Array.from({ length: 9 }, () => 422)]);
  });
});
