/** Sessions that outlive a request: one object keeps them, and POST /emails and the queue send by it. */
import { env as bindings } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import type { Env } from "../../src/env.ts";
import { arrived, hostile, ports, received } from "../net/control.ts";
import { consume, messageIdOf, queued } from "./consume.ts";
import { abort, ask, bound, calls } from "./relay-object.ts";
import { call, mail, post, relays, TOKEN, vars, WRONG_PASSWORD } from "./worker-calls.ts";

const { SPOOL } = bindings as Env;

/** Statuses of mails that are posted one after the other. */
async function inTurn(count: number, env: Env): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    statuses.push((await post("/emails", mail(), { env })).status);
  }
  return statuses;
}

async function atOnce(count: number, env: Env): Promise<readonly number[]> {
  const answers = Array.from({ length: count }, async () => post("/emails", mail(), { env }));
  return (await Promise.all(answers)).map(({ status }) => status);
}

/** Mails in each session of a hostile server. */
async function mailsOf(port: number): Promise<readonly number[]> {
  return (await received(port)).map(({ secure }) => secure.split("\r\nMAIL FROM").length - 1);
}

const ok = (count: number): number[] => Array<number>(count).fill(200);

describe("a session", () => {
  it("takes the mails of one request after the other", async () => {
    const port = await hostile({});
    expect(await inTurn(4, bound(relays([port])))).toStrictEqual(ok(4));
    expect(await mailsOf(port)).toStrictEqual([4]);
    const [session] = await received(port);
    expect(session?.secure.split("AUTH PLAIN ").length).toBe(2);
  });

  it.each([1, 2])("is one of %s at most, which requests at once share", async (most) => {
    const port = await hostile({});
    const env = bound(relays([port], { RELAY_MAX_SESSIONS: most }));
    expect(await atOnce(8, env)).toStrictEqual(ok(8));
    expect(await mailsOf(port)).toStrictEqual(Array(most).fill(8 / most));
  });

  it("is closed when it has been idle, and the next mail goes by a new one", async () => {
    const port = await hostile({});
    const env = bound(relays([port], { RELAY_IDLE_SECONDS: "1" }));
    expect(await inTurn(2, env)).toStrictEqual(ok(2));
    const isClosed = async (): Promise<void> =>
      expect((await received(port))[0]?.secure).toMatch(/\r\nQUIT\r\n$/);
    await vi.waitFor(isClosed, { timeout: 5000, interval: 100 });
    expect(await inTurn(1, env)).toStrictEqual(ok(1));
    expect(await mailsOf(port)).toStrictEqual([2, 1]);
  });

  it("takes as many mails as RELAY_MAILS_PER_SESSION says", async () => {
    const port = await hostile({});
    const env = bound(relays([port], { RELAY_MAILS_PER_SESSION: 2 }));
    expect(await inTurn(5, env)).toStrictEqual(ok(5));
    expect(await mailsOf(port)).toStrictEqual([2, 2, 1]);
  });

  it("that the relay closes after a mail is replaced before the next", async () => {
    const port = await hostile({ mails: 1 });
    const env = bound(relays([port], { RELAY_MAX_SESSIONS: 1 }));
    expect(await inTurn(3, env)).toStrictEqual(ok(3));
    expect((await received(port)).filter(({ secure }) => secure.includes("DATA"))).toHaveLength(3);
  });

  it("that dies after content leaves the mail unknown: neither it nor another relay gets it again", async () => {
    const port = await hostile({ at: "final-dot", what: "eof" });
    const other = await hostile({});
    const { status, body } = await post("/emails", mail(), { env: bound(relays([port, other])) });
    expect(status).toBe(504);
    expect(body).toMatchObject({ outcome: "unknown", relay: `localhost:${port}` });
    expect(await mailsOf(port)).toStrictEqual([1]);
    expect(await mailsOf(other)).toStrictEqual([]);
    expect(calls).toHaveLength(1);
  });

  it("belongs to a shard, and a mail to the shard of its Message-ID", async () => {
    const port = await hostile({});
    const env = bound(relays([port], { RELAY_SHARDS: 3 }));
    expect(await inTurn(12, env)).toStrictEqual(ok(12));
    const names = new Set(calls.map(({ name }) => name));
    expect(names.size).toBeGreaterThan(1);
    for (const name of names) expect(name).toMatch(new RegExp(`^localhost:${port}#[012]$`));
    expect(await received(port)).toHaveLength(names.size);
  });
});

describe("a relay's limit", () => {
  it("turns away what would wait too long, and nothing is sent", async () => {
    const port = await hostile({});
    const env = bound(relays([port], { RELAY_MAILS_PER_MINUTE: 2 }));
    expect(await inTurn(2, env)).toStrictEqual(ok(2));
    const { status, body } = await post("/emails", mail(), { env });
    expect(status).toBe(503);
    expect(body).toMatchObject({ outcome: "deferred", cause: "timeout", retryable: true });
    expect(body["message"]).toContain("RELAY_MAILS_PER_MINUTE");
    expect(await mailsOf(port)).toStrictEqual([2]);
  });

  it("lets the others wait for their turn", async () => {
    const port = await hostile({});
    const env = bound(relays([port], { RELAY_MAILS_PER_SECOND: 2 }));
    const since = Date.now();
    expect(await atOnce(5, env)).toStrictEqual(ok(5));
    expect(Date.now() - since).toBeGreaterThanOrEqual(1900);
  });
});

describe("several relays", () => {
  it("are tried in order where nothing can have been sent", async () => {
    const port = await hostile({});
    const { status, body } = await post("/emails", mail(), { env: bound(relays([1, port])) });
    expect(status).toBe(200);
    expect(body["relay"]).toBe(`localhost:${port}`);
    expect(calls.map(({ name }) => name)).toStrictEqual(["localhost:1#0", `localhost:${port}#0`]);
  });

  it("are not tried for a mail that is refused, or cannot be composed", async () => {
    const port = await hostile({});
    const env = bound(relays([ports().starttls, port], { SPOOL } as Env), {});
    const refused = await post("/emails", mail({ to: "unknown@example.org" }), { env });
    expect(refused.status).toBe(422);
    const missing = mail({ attachments: [{ r2Key: "missing", filename: "a.bin" }] });
    expect((await post("/emails", missing, { env })).body).toMatchObject({ status: 422 });
    expect(await received(port)).toStrictEqual([]);
  });
});

describe("a call", () => {
  it("names the relay and no credential: those are the object's own", async () => {
    const port = await hostile({});
    const vaults = relays([port], { RELAY_MAX_SESSIONS: 1 });
    expect(await inTurn(1, bound(vaults))).toStrictEqual(ok(1));
    expect(calls[0]?.job).toMatchObject({ relay: 0, label: `localhost:${port}` });
    expect(Object.keys(calls[0]?.job ?? {}).toSorted()).toStrictEqual(["label", "mail", "relay"]);
    expect(JSON.stringify(calls)).not.toMatch(/postrider"|password|username|AHBvc3RyaWRlcg/);

    const own = vars({ SMTP_PORT: ports().tls, SMTP_SECURITY: "tls" });
    const env = bound(own, { SMTP_PASSWORD: WRONG_PASSWORD });
    const { body } = await post("/emails", mail(), { env });
    expect(body).toMatchObject({ status: 502, cause: "auth" });
  });

  it.each([
    ["of another name", "localhost:1#0", {}],
    ["that is configured for others", "", { relay: 1 }],
    ["whose relay is another by now", "", { label: "localhost:1" }],
  ])("is refused by an object %s, which dials nothing", async (_, name, more) => {
    const port = await hostile({});
    const label = `localhost:${port}`;
    const job = { relay: 0, label, mail: mail(), ...more };
    const outcome = await ask(name === "" ? `${label}#0` : name, job, relays([port]));
    expect(outcome).toMatchObject({ status: "refused", failure: { cause: "config" } });
    expect(await received(port)).toStrictEqual([]);
  });

  it("with what is no mail is refused", async () => {
    const job = { relay: 0, label: "localhost:1", mail: { from: "x" } };
    const outcome = await ask("localhost:1#0", job, relays([1]));
    expect(outcome).toMatchObject({ status: "refused", failure: { cause: "validation" } });
  });

  it("that breaks without an answer leaves the mail unknown, and is not made again", async () => {
    const port = await hostile({ at: "final-dot", what: "silence" });
    const env = bound(relays([port, ports().starttls]));
    const sending = post("/emails", mail(), { env });
    const isSent = async (): Promise<void> =>
      expect((await received(port))[0]?.secure).toMatch(/\r\n\.\r\n$/);
    await vi.waitFor(isSent, { timeout: 5000, interval: 50 });
    await abort(`localhost:${port}#0`);
    const { status, body } = await sending;
    expect(status).toBe(504);
    expect(body).toMatchObject({ outcome: "unknown", relay: `localhost:${port}` });
    expect(calls).toHaveLength(1);
  });

  it("is not made for a mail that is not allowed, for a dry run, or to verify", async () => {
    const env = bound(vars({ ALLOWED_SENDERS: "example.net" }));
    expect((await post("/emails", mail(), { env })).status).toBe(403);
    const recipients = bound(vars({ ALLOWED_RECIPIENTS: "example.net" }));
    expect((await post("/emails", mail(), { env: recipients })).status).toBe(403);
    expect((await post("/emails?dryRun=true", mail(), { env: bound(vars()) })).status).toBe(200);
    const verified = await post("/verify", {}, { env: bound(vars()) });
    expect(verified.body).toMatchObject({ ok: true });
    expect(calls).toStrictEqual([]);
  });
});

describe("the mail arrives as it was given", () => {
  const octets = new Uint8Array(2_000_000).map((_, at) => (at * 7919) >> 5);

  /** The octets of the attachment, as they arrived. */
  async function attached(subject: string): Promise<Uint8Array> {
    const [{ raw } = { raw: "" }] = await arrived("starttls", subject);
    const [, base64 = ""] = /filename="a.bin"\r\n\r\n([A-Za-z0-9+/=\r\n]*)\r\n--/.exec(raw) ?? [];
    return Uint8Array.from(atob(base64.replaceAll("\r\n", "")), (digit) => digit.charCodeAt(0));
  }

  it.each(["content", "r2Key"])("with an attachment by %s", async (how) => {
    await SPOOL?.put("sessions.bin", octets);
    const base64 = btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join(""));
    const source = how === "content" ? { content: base64 } : { r2Key: "sessions.bin" };
    const input = mail({ attachments: [{ ...source, filename: "a.bin" }] });
    const env = bound(vars({ SPOOL } as Env));
    expect((await post("/emails", input, { env })).status).toBe(200);
    const sent = calls[0]?.job.mail;
    const [file] = (sent?.raw === undefined ? sent?.attachments : undefined) ?? [];
    // Octets go as octets, and what is in the bucket stays there.
    expect(file?.content instanceof Uint8Array).toBe(how === "content");
    const found = await attached(input.subject);
    expect(found.length).toBe(octets.length);
    expect(found.every((octet, at) => octet === octets[at])).toBe(true);
  });

  it("as a whole message, octets over 127 included", async () => {
    const id = crypto.randomUUID();
    const head = `From: ann@example.com\r\nTo: bob@example.org\r\nSubject: ${id}\r\nMessage-ID: <${id}@example.com>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n\r\n`;
    const text = `${head}Caf\xe9 \xff\xfe\x80\r\n.dot\r\n`;
    const body = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "message/rfc822" };
    const answer = await call("/emails", { method: "POST", headers, body }, bound(vars()));
    expect(answer.status).toBe(200);
    const [found] = await arrived("starttls", id);
    expect(found?.raw).toBe(text);
  });

  it("under the Message-ID and Date that the Worker answered with", async () => {
    const input = mail({ date: "2026-11-21T10:00:00+01:00" });
    const { body } = await post("/emails", input, { env: bound(vars()) });
    const [found] = await arrived("starttls", input.subject);
    expect(messageIdOf(found?.raw)).toBe(body["messageId"]);
    expect(found?.raw).toContain("Date: Sat, 21 Nov 2026 ");
    expect(found?.rcptTo).toStrictEqual(["bob@example.org"]);
  });
});

describe("the queue", () => {
  it("sends a batch by the same object as POST /emails", async () => {
    const port = await hostile({});
    const env = bound(relays([port], { RELAY_MAX_SESSIONS: 1 }));
    expect(await inTurn(1, env)).toStrictEqual(ok(1));
    const verdicts = await consume(
      Array.from({ length: 12 }, () => ({ body: queued() })),
      env,
    );
    expect(verdicts).toStrictEqual(Array(12).fill("ack"));
    expect(await mailsOf(port)).toStrictEqual([13]);
  });

  it("retries what is deferred, and drops what is refused", async () => {
    const bodies = ["later@example.org", "unknown@example.org"].map((to) => ({
      body: queued({ to }),
    }));
    const verdicts = await consume(bodies, bound(vars()));
    expect(verdicts).toStrictEqual([expect.any(Number), "ack"]);
  });

  it.each([
    ["retry", expect.any(Number)],
    ["fail", "ack"],
  ])("treats what may have been sent as UNKNOWN=%s says", async (UNKNOWN, verdict) => {
    const port = await hostile({ at: "final-dot", what: "eof" });
    const env = bound(relays([port], { UNKNOWN }));
    expect(await consume([{ body: queued() }], env)).toStrictEqual([verdict]);
    expect(await mailsOf(port)).toStrictEqual([1]);
  });
});
