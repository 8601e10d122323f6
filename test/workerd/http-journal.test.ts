/** What POST /emails writes down, and the guards that the journal and the configuration put around it. */
import { env as bound } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import type { Env } from "../../src/env.ts";
import { arrived, hostile } from "../net/control.ts";
import { binding, queue } from "./consume.ts";
import { journalled, lifeOf, store } from "./journalled.ts";
import { mail, post, relays, vars } from "./worker-calls.ts";

const NOT_MIGRATED = (bound as { readonly NOT_MIGRATED?: NonNullable<Env["JOURNAL"]> })
  .NOT_MIGRATED;

describe("a mail that is tried at once", () => {
  it("is accepted, with its attempt, the relay and the reply", async () => {
    const { status, body } = await post("/emails", mail(), { env: journalled() });
    expect(status).toBe(200);
    const { mail: kept, steps } = await lifeOf(body["id"]);
    expect(steps).toStrictEqual(["attempt", "accepted"]);
    expect(kept).toMatchObject({
      status: "accepted",
      attempts: 1,
      messageId: body["messageId"],
      relay: body["relay"],
      reply: { code: 250 },
      facts: { from: "Ann <ann@example.com>", to: ["bob@example.org"] },
    });
  });

  it("is refused, with the reply", async () => {
    const env = journalled({ SUPPRESS_REFUSED: "off" });
    const { status, body } = await post("/emails", mail({ to: "unknown@example.org" }), { env });
    expect(status).toBe(422);
    const { mail: kept, steps } = await lifeOf(body["id"]);
    expect(steps).toStrictEqual(["attempt", "refused"]);
    expect(kept).toMatchObject({ status: "refused", reply: { code: 550 } });
  });

  it("is failed where the relay defers it: the caller was told to try again", async () => {
    const { status, body } = await post("/emails", mail({ to: "later@example.org" }), {
      env: journalled({ MAIL_QUEUE: binding }),
    });
    expect(status).toBe(503);
    expect((await lifeOf(body["id"])).mail?.status).toBe("failed");
    expect(queue.again).toStrictEqual([]);
  });

  it("is unknown where the relay dies with the final dot", async () => {
    const port = await hostile({ at: "final-dot", what: "eof" });
    const env = { ...relays([port]), JOURNAL: journalled().JOURNAL } as Env;
    const { status, body } = await post("/emails", mail(), { env });
    expect(status).toBe(504);
    expect((await lifeOf(body["id"])).mail?.status).toBe("unknown");
  });

  it("keeps no address and no subject where JOURNAL_DETAIL is none", async () => {
    const sent = mail({ to: ["bob@example.org", "unknown@example.org"], cc: "cy@example.org" });
    const env = journalled({ JOURNAL_DETAIL: "none", SUPPRESS_REFUSED: "off" });
    const { body } = await post("/emails", sent, { env });
    const { mail: kept } = await lifeOf(body["id"]);
    expect(kept?.facts).toStrictEqual({});
    const all = JSON.stringify([kept, await store.journal.events(String(body["id"]))]);
    // The Message-ID is of the sender's domain, and tells no more.
    expect(all.replaceAll(String(body["messageId"]), "")).not.toMatch(/@|call \d/);
  });

  it("keeps the texts where JOURNAL_DETAIL is all", async () => {
    const env = journalled({ JOURNAL_DETAIL: "all" });
    const { body } = await post("/emails", mail({ text: "Hi", html: "<p>Hi" }), { env });
    expect((await lifeOf(body["id"])).mail?.facts).toMatchObject({ text: "Hi", html: "<p>Hi" });
  });

  it("is not sent where the journal has no tables, and the answer says how to make them", async () => {
    const sent = mail();
    const env = vars(NOT_MIGRATED === undefined ? {} : { JOURNAL: NOT_MIGRATED });
    const { status, body } = await post("/emails", sent, { env });
    expect(status).toBe(502);
    expect(body["message"]).toContain("npm run migrate");
    expect(await arrived("starttls", sent.subject)).toStrictEqual([]);
  });
});

describe("a mail that waits", () => {
  const env = (more: Env = {}): Env => journalled({ MAIL_QUEUE: binding, ...more });

  it("stands in the journal, and its turn in the queue", async () => {
    const { status, body, headers } = await post("/emails", mail(), {
      env: env({ DELIVERY: "queue" }),
    });
    expect(status).toBe(202);
    expect(headers.get("location")).toBe(`/emails/${String(body["id"])}`);
    expect(queue.again).toStrictEqual([{ contentType: "json", body: { id: body["id"], turn: 0 } }]);
    const { mail: kept, steps } = await lifeOf(body["id"]);
    expect([kept?.status, steps]).toStrictEqual(["queued", ["queued"]]);
  });

  it("may be larger than a queue message, with the journal", async () => {
    const { status } = await post("/emails", mail({ text: "x".repeat(200_000) }), {
      env: env({ DELIVERY: "queue" }),
    });
    expect(status).toBe(202);
  });

  it("is taken though the queue fails: the journal hands it on", async () => {
    queue.failures = 3;
    const { status, body } = await post("/emails", mail(), { env: env({ DELIVERY: "queue" }) });
    expect(status).toBe(202);
    const nowMs = Date.now();
    const due = await store.journal.takeDue({
      nowMs,
      untilMs: nowMs,
      checkAtMs: nowMs + 60_000,
      limit: 1000,
    });
    expect(due.map(({ id }) => id)).toContain(body["id"]);
  });

  it("is scheduled for its time, and held until then", async () => {
    const scheduledAt = new Date(Date.now() + 40 * 3_600_000).toISOString();
    const { status, body } = await post("/emails", mail({ scheduled_at: scheduledAt }), {
      env: env(),
    });
    expect([status, body["status"], body["scheduledAt"]]).toStrictEqual([
      202,
      "scheduled",
      scheduledAt,
    ]);
    expect(queue.again).toStrictEqual([]);
    expect((await lifeOf(body["id"])).mail).toMatchObject({
      status: "scheduled",
      scheduledAtMs: Date.parse(scheduledAt),
    });
  });

  it("is scheduled by the queue alone, where there is no journal, up to a day", async () => {
    const { status } = await post("/emails", mail({ scheduledAt: "in 1 hour" }), {
      env: vars({ MAIL_QUEUE: binding }),
    });
    expect(status).toBe(202);
    expect(queue.again).toMatchObject([{ delaySeconds: 3600 }]);
    const far = await post("/emails", mail({ scheduledAt: "in 25 hours" }), {
      env: vars({ MAIL_QUEUE: binding }),
    });
    expect([far.status, far.body["message"]]).toStrictEqual([
      422,
      expect.stringMatching(/JOURNAL/),
    ]);
    const none = await post("/emails", mail({ scheduledAt: "in 1 hour" }), { env: vars() });
    expect([none.status, none.body["message"]]).toStrictEqual([
      422,
      expect.stringMatching(/MAIL_QUEUE/),
    ]);
  });
});

describe("guards", () => {
  it("leave out suppressed recipients, and say so", async () => {
    const address = `gone-${crypto.randomUUID()}@example.org`;
    await store.suppressions.add([{ address, reason: "manual", note: "", atMs: Date.now() }]);
    const sent = mail({ to: [address, "bob@example.org"] });
    const { status, body } = await post("/emails", sent, { env: journalled() });
    expect(status).toBe(200);
    expect(body).toMatchObject({ accepted: ["bob@example.org"], suppressed: [address] });
    const [one] = await arrived("starttls", sent.subject);
    expect(one?.rcptTo).toStrictEqual(["bob@example.org"]);
  });

  it("send nothing where all recipients are suppressed", async () => {
    const address = `gone-${crypto.randomUUID()}@example.org`;
    await store.suppressions.add([{ address, reason: "manual", note: "", atMs: Date.now() }]);
    const sent = mail({ to: address });
    const { status, body } = await post("/emails", sent, { env: journalled() });
    expect(status).toBe(422);
    expect(body).toMatchObject({ title: "All recipients are suppressed", suppressed: [address] });
    expect((await lifeOf(body["id"])).mail?.status).toBe("suppressed");
    expect(await arrived("starttls", sent.subject)).toStrictEqual([]);
  });

  it("send everything to the one recipient of staging, with the header as it was", async () => {
    const sent = mail({ to: ["bob@example.org", "cy@example.org"] });
    const env = vars({ STAGING_RECIPIENT: "dev@example.net" });
    const { body } = await post("/emails", sent, { env });
    expect(body["accepted"]).toStrictEqual(["dev@example.net"]);
    const [one] = await arrived("starttls", sent.subject);
    expect(one?.rcptTo).toStrictEqual(["dev@example.net"]);
    expect(one?.raw).toMatch(/^To: bob@example.org, cy@example.org\r$/m);
  });

  it("compose, journal and do not send where SANDBOX is on", async () => {
    const sent = mail();
    const { status, body } = await post("/emails", sent, { env: journalled({ SANDBOX: "on" }) });
    expect([status, body["relay"]]).toStrictEqual([200, "sandbox"]);
    expect((await lifeOf(body["id"])).mail?.status).toBe("accepted");
    expect(await arrived("starttls", sent.subject)).toStrictEqual([]);
  });

  it("remember an address of which the relay says that it does not exist", async () => {
    const env = journalled();
    const to = "unknown@example.org";
    await store.suppressions.remove(to);
    const first = await post("/emails", mail({ to }), { env });
    const second = await post("/emails", mail({ to }), { env });
    await store.suppressions.remove(to);
    expect(first.body["title"]).toBe("The relay refused the mail");
    const reply = first.body["reply"] as { readonly enhanced?: string };
    const isGone = reply.enhanced === "5.1.1";
    expect(second.body["title"]).toBe(
      isGone ? "All recipients are suppressed" : "The relay refused the mail",
    );
  });

  it("let a token send only as its senders", async () => {
    const tokens = [{ name: "shop", token: "shop-0123456789abcdef", senders: ["example.net"] }];
    const env = vars({ API_TOKENS: JSON.stringify(tokens) });
    const headers = { authorization: "Bearer shop-0123456789abcdef" };
    const wrong = await post("/emails", mail(), { env, headers });
    expect([wrong.status, wrong.body["message"]]).toStrictEqual([
      403,
      expect.stringContaining("`senders` of this API token"),
    ]);
    const right = await post("/emails", mail({ from: "ann@example.net" }), { env, headers });
    expect(right.status).toBe(200);
  });
});
