/** POST /emails/batch: one session, strict and permissive, and what becomes of each mail. */
import { describe, expect, it, vi } from "vitest";

import type { Env } from "../../src/env.ts";
import { arrived, hostile } from "../net/control.ts";
import { binding, queue } from "./consume.ts";
import { journalled, lifeOf, store } from "./journalled.ts";
import { mail, post, relays, vars } from "./worker-calls.ts";

const PERMISSIVE = { "x-batch-validation": "permissive" };

function pick(): Env {
  const { JOURNAL } = journalled();
  return JOURNAL === undefined ? {} : { JOURNAL };
}

type Data = readonly { readonly id: string; readonly status: string }[];

describe("a batch", () => {
  it("of three goes over one session, with an id for each", async () => {
    const mails = [mail(), mail(), mail()];
    const { status, body } = await post("/emails/batch", mails, { env: journalled() });
    expect(status).toBe(200);
    const data = body["data"] as Data;
    expect(data.map((one) => one.status)).toStrictEqual(["accepted", "accepted", "accepted"]);
    expect(new Set(data.map(({ id }) => id)).size).toBe(3);
    expect(body).not.toHaveProperty("errors");
    const found = await Promise.all(mails.map(async (m) => arrived("starttls", m.subject)));
    expect(found.map(({ length }) => length)).toStrictEqual([1, 1, 1]);
    expect(new Set(found.map(([first]) => first?.session["id"])).size).toBe(1);
    expect((await lifeOf(data[2]?.id)).mail?.status).toBe("accepted");
  });

  it("is all or nothing where it is strict: pointers lead to the item", async () => {
    const mails = [mail(), mail({ to: "x" }), mail({ tags: [{ name: "é", value: "1" }] })];
    const { status, body } = await post("/emails/batch", mails);
    expect([status, body["name"]]).toStrictEqual([422, "validation_error"]);
    const pointers = (body["errors"] as { readonly pointer: string }[]).map((one) => one.pointer);
    expect(pointers).toStrictEqual(["#/1/to", "#/2/tags/0/name"]);
    expect(await arrived("starttls", mails[0]?.subject ?? "")).toStrictEqual([]);
  });

  it("sends what is valid where it is permissive, and tells the others by index", async () => {
    const mails = [mail({ from: "" }), mail(), mail({ to: "x" })];
    const { status, body } = await post("/emails/batch", mails, { headers: PERMISSIVE });
    expect(status).toBe(200);
    expect(body["data"]).toMatchObject([{ status: "accepted" }]);
    expect(body["errors"]).toMatchObject([
      { index: 0, message: "Missing `from` field.", pointer: "#/0/from" },
      { index: 2, pointer: "#/2/to" },
    ]);
    expect(await arrived("starttls", mails[1]?.subject ?? "")).toHaveLength(1);
  });

  it("has `errors` in permissive mode also where there are none", async () => {
    const { body } = await post("/emails/batch", [mail()], { headers: PERMISSIVE });
    expect(body["errors"]).toStrictEqual([]);
  });

  it("tells what a relay refused, and keeps data in step with the request", async () => {
    const mails = [mail(), mail({ to: "unknown@example.org" }), mail()];
    const { status, body } = await post("/emails/batch", mails);
    expect(status).toBe(200);
    expect((body["data"] as Data).map((one) => one.status)).toStrictEqual([
      "accepted",
      "refused",
      "accepted",
    ]);
    expect(body).not.toHaveProperty("errors");
    expect(body["data"]).toMatchObject([{}, { message: expect.stringMatching(/550/) }, {}]);
  });

  it("has each mail in data or in errors where it is permissive, never in both", async () => {
    const mails = [mail(), mail({ to: "unknown@example.org" }), mail({ to: "x" }), mail()];
    const env = vars({ SUPPRESS_REFUSED: "off" });
    const { body } = await post("/emails/batch", mails, { headers: PERMISSIVE, env });
    expect(body["data"]).toMatchObject([{ status: "accepted" }, { status: "accepted" }]);
    expect(body["errors"]).toMatchObject([
      { index: 1, status: "refused", message: expect.stringMatching(/550/) },
      { index: 2, pointer: "#/2/to" },
    ]);
  });

  it("writes each mail down as it ends, and not all at the end", async () => {
    const slow = await hostile({ at: "greeting", what: "silence" });
    const env = { ...relays([slow]), ...pick() };
    const sending = post("/emails/batch", [mail(), mail()], { env });
    // Both are in the journal before either has ended.
    await vi.waitFor(async () => {
      const { mails = [] } = (await store.journal.list({ limit: 2 })) ?? {};
      expect(mails.map(({ status }) => status)).toStrictEqual(["sending", "sending"]);
    });
    expect((await sending).status).toBe(503);
  });

  it("puts what a relay defers into the queue", async () => {
    const mails = [mail(), mail({ to: "later@example.org" })];
    const { body } = await post("/emails/batch", mails, {
      env: journalled({ MAIL_QUEUE: binding }),
    });
    const data = body["data"] as Data;
    expect(data.map((one) => one.status)).toStrictEqual(["accepted", "queued"]);
    expect(body).not.toHaveProperty("errors");
    expect(queue.again).toMatchObject([{ body: { id: data[1]?.id, turn: 0 }, delaySeconds: 30 }]);
    expect((await lifeOf(data[1]?.id)).mail?.status).toBe("deferred");
  });

  it("queues the recipients that are owed alone, where there is no journal", async () => {
    const mails = [mail({ to: ["bob@example.org", "later@example.org"] })];
    const { body } = await post("/emails/batch", mails, { env: vars({ MAIL_QUEUE: binding }) });
    expect((body["data"] as Data).map((one) => one.status)).toStrictEqual(["queued"]);
    expect(queue.again).toMatchObject([
      { body: { mail: { envelope: { to: ["later@example.org"] } } } },
    ]);
  });

  it("may be tried again as a whole where nothing of it was sent", async () => {
    const port = await hostile({ at: "greeting", what: "eof" });
    const { status, headers } = await post("/emails/batch", [mail(), mail()], {
      env: relays([port]),
    });
    expect(status).toBe(503);
    expect(headers.get("retry-after")).toMatch(/^\d+$/);
  });

  it("goes into the queue as a whole where DELIVERY is queue", async () => {
    const { body } = await post("/emails/batch", [mail(), mail({ scheduledAt: "in 2 days" })], {
      env: journalled({ MAIL_QUEUE: binding, DELIVERY: "queue" }),
    });
    expect((body["data"] as Data).map((one) => one.status)).toStrictEqual(["queued", "scheduled"]);
    expect(queue.again).toHaveLength(1);
  });

  it.each([
    ["nothing", [], 422],
    ["101 mails", Array.from({ length: 101 }, () => mail()), 422],
    ["no list", mail(), 422],
    ["text", "{", 400],
    ["null items", [null], 422],
  ])("of %s is refused", async (_, body, status) => {
    expect((await post("/emails/batch", body)).status).toBe(status);
  });

  it.each([
    [{ "x-batch-validation": "lenient" }, 422],
    [{ "content-type": "text/plain" }, 415],
  ])("with %j is refused", async (headers, status) => {
    expect((await post("/emails/batch", [mail()], { headers })).status).toBe(status);
  });

  it("answers 403 for a sender that is not allowed, by index", async () => {
    const env = vars({ ALLOWED_SENDERS: "example.com" });
    const mails = [mail(), mail({ from: "eve@example.net" })];
    const { status, body } = await post("/emails/batch", mails, { env });
    expect([status, (body["errors"] as { pointer: string }[])[0]?.pointer]).toStrictEqual([
      403,
      "#/1/from",
    ]);
  });
});
