/** POST /emails?dryRun=true: all that a sending does, but for sending. */
import { describe, expect, it } from "vitest";

import type { Env } from "../../src/env.ts";
import { arrived } from "../net/control.ts";
import { call, mail, post, relays, TOKEN, vars, type Answer } from "./worker-calls.ts";

const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };
const encoder = new TextEncoder();

async function send(query: string, init: RequestInit, env = relays([1])): Promise<Answer> {
  return call(`/emails${query}`, { method: "POST", ...init }, env);
}

/** Nothing may be dialled: the relay of these vars is a port where nobody listens. */
async function dryRun(body: unknown, env: Env = relays([1])): Promise<Answer> {
  return post("/emails?dryRun=true", body, { env });
}

/** A new key for example.com. */
async function dkimVars(): Promise<Env> {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new TypeError("a pair was wanted");
  const octets = await crypto.subtle.exportKey("pkcs8", pair.privateKey);
  const base64 = btoa(String.fromCharCode(...new Uint8Array(octets as ArrayBuffer)));
  const pem = `-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----\n`;
  return { DKIM_DOMAIN: "example.com", DKIM_SELECTOR: "mail", DKIM_PRIVATE_KEY: pem };
}

/** A binding that must not be used. */
function untouchable(): Env {
  const use = (): never => {
    throw new RangeError("the queue was used");
  };
  return { MAIL_QUEUE: { send: use, sendBatch: use } } as unknown as Env;
}

describe("the answer", () => {
  it("is the message as it would be sent", async () => {
    const input = mail({
      messageId: "<1@example.com>",
      date: "2026-11-21T10:00:00Z",
      bcc: "carol@example.net",
      text: "Grüße €\n",
    });
    const answer = await dryRun(input);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.body).toStrictEqual({
      dryRun: true,
      messageId: "<1@example.com>",
      envelope: { from: "ann@example.com", to: ["bob@example.org", "carol@example.net"] },
      size: expect.any(Number),
      smtpUtf8: false,
      eightBit: false,
      source: expect.stringContaining(`\r\nSubject: ${input.subject}\r\n`),
    });
    const source = String(answer.body["source"]);
    expect(encoder.encode(source).length).toBe(answer.body["size"]);
    expect(source).not.toContain("carol");

    expect((await post("/emails", input)).status).toBe(200);
    const [one, ...others] = await arrived("starttls", input.subject);
    expect(others).toStrictEqual([]);
    expect(one?.raw).toBe(source);
  });

  it.each(["true", "false"])("of a form: dry_run=%s", async (flag) => {
    const input = mail();
    const body = new FormData();
    for (const [name, value] of Object.entries(input)) body.append(name, String(value));
    body.append("attachment", new File(["%PDF"], "a.pdf"));
    const answer = await send(`?dry_run=${flag}`, { headers: AUTHORIZED, body }, vars());
    expect(answer.status).toBe(200);
    const mails = await arrived("starttls", input.subject);
    if (flag === "true") {
      expect(answer.body["source"]).toContain('filename="a.pdf"');
      expect(mails).toStrictEqual([]);
    } else {
      expect(answer.body["status"]).toBe("accepted");
      expect(mails).toHaveLength(1);
    }
  });

  it.each([
    ["in ASCII", encoder.encode("x\r\n"), false],
    ["in UTF-8", encoder.encode("\ufeffGrüße 😀\r\n"), true],
    ["in UTF-8 that goes over blocks", encoder.encode("😀😀😀ü€\r\n".repeat(20_000)), true],
  ])("of a message %s", async (_, text, eightBit) => {
    const raw = new Blob([`${HEAD}Content-Transfer-Encoding: 8bit\r\n\r\n`, text]);
    const headers = { ...AUTHORIZED, "content-type": "message/rfc822" };
    const answer = await send("?dryRun=true&from=&to=dora@example.org", { headers, body: raw });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      messageId: "<1@example.com>",
      envelope: { from: "", to: ["dora@example.org"] },
      size: raw.size,
      eightBit,
    });
    expect(answer.body).not.toHaveProperty("sourceBase64");
    expect(encoder.encode(String(answer.body["source"]))).toStrictEqual(
      new Uint8Array(await raw.arrayBuffer()),
    );
  });

  it.each([
    ["in the first block", "a\u00e9\r\n"],
    ["in a later one", `${"x".repeat(70)}\r\n`.repeat(2000) + "\u00e9\r\n"],
    ["at the very end", `${"x".repeat(70)}\r\n`.repeat(2001) + "\u00c3"],
  ])("is base64 where the message is not UTF-8: %s", async (_, latin1) => {
    const tail = Uint8Array.from(latin1, (character) => character.charCodeAt(0));
    const raw = new Blob([`${HEAD}\r\n`, tail]);
    const headers = { ...AUTHORIZED, "content-type": "message/rfc822" };
    const answer = await send("?dryRun=true", { headers, body: raw });
    expect(answer.status).toBe(200);
    expect(answer.body).not.toHaveProperty("source");
    const source = atob(String(answer.body["sourceBase64"]));
    expect(source.length).toBe(answer.body["size"]);
    expect(source.startsWith(`${HEAD}\r\n${latin1}`)).toBe(true);
  });

  it("tells that SMTPUTF8 is needed", async () => {
    const answer = await dryRun(mail({ to: "jörg@example.org" }));
    expect(answer).toMatchObject({ status: 200, body: { smtpUtf8: true } });
    expect(answer.body["source"]).toContain("To: jörg@example.org\r\n");
  });

  it("may be of the largest mail", async () => {
    const body = new FormData();
    for (const [name, value] of Object.entries(mail())) body.append(name, String(value));
    body.append("attachment", new File([new Uint8Array(19 * 1024 * 1024)], "zeros.bin"));
    const answer = await send("?dryRun=true", { headers: AUTHORIZED, body });
    expect(answer.status).toBe(200);
    expect(String(answer.body["source"]).length).toBe(answer.body["size"]);
  });

  it("is signed", async () => {
    const env = { ...relays([1]), ...(await dkimVars()) };
    const answer = await dryRun(mail(), env);
    expect(answer.status).toBe(200);
    const source = String(answer.body["source"]);
    expect(source).toMatch(/^DKIM-Signature: v=1;.*\sd=example\.com;/s);
    expect(encoder.encode(source).length).toBe(answer.body["size"]);
  });

  it("comes without the queue, whatever the deployment or the client prefers", async () => {
    const env = { ...relays([1]), ...untouchable() };
    const headers = { prefer: "respond-async" };
    const hinted = await post("/emails?dryRun=true", mail(), { env, headers });
    expect(hinted).toMatchObject({ status: 200, body: { dryRun: true } });
    expect(await dryRun(mail(), { ...env, DELIVERY: "queue" })).toMatchObject({ status: 200 });
  });
});

const HEAD =
  "From: ann@example.com\r\nTo: bob@example.org\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n" +
  "Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n";

describe("refuses what a sending would", () => {
  it.each(["1", "yes", "", "True", "true%0d%0a"])("and dryRun=%s itself: 400", async (value) => {
    const input = mail();
    const answer = await post(`/emails?dryRun=${value}`, input);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ title: "The query is not valid" });
    expect(answer.body["message"]).toContain("`dryRun` must be");
    expect(await arrived("starttls", input.subject)).toStrictEqual([]);
  });

  it("and what only looks like it", async () => {
    const input = mail();
    expect((await post("/emails?dryrun=true", input)).status).toBe(400);
    expect(await arrived("starttls", input.subject)).toStrictEqual([]);
  });

  it("a mail that is not valid: 422", async () => {
    const { status, body } = await dryRun(mail({ to: "x" }));
    expect(status).toBe(422);
    expect(body).toMatchObject({ errors: [{ pointer: "#/to" }] });
  });

  it("who has no token, a wrong one, or a key for idempotency", async () => {
    const init = { method: "POST", body: JSON.stringify(mail()) };
    expect((await call("/emails?dryRun=true", init)).status).toBe(401);
    const wrong = { headers: { authorization: "Bearer wrong-wrong-wrong-wrong" } };
    expect((await post("/emails?dryRun=true", mail(), wrong)).status).toBe(403);
    const key = { headers: { "idempotency-key": "k" } };
    expect((await post("/emails?dryRun=true", mail(), key)).status).toBe(400);
  });

  it("what is not allowed here: 403", async () => {
    const env = { ...relays([1]), ALLOWED_RECIPIENTS: "example.net" };
    expect((await dryRun(mail(), env)).status).toBe(403);
  });

  it("without a configuration: 502", async () => {
    expect((await dryRun(mail(), vars({}, ["SMTP_HOST"]))).status).toBe(502);
  });

  it("a mail that no key signs: 502", async () => {
    const env = { ...relays([1]), ...(await dkimVars()) };
    const answer = await dryRun(mail({ from: "ann@example.net" }), env);
    expect(answer.status).toBe(502);
    expect(answer.body).toMatchObject({ outcome: "refused", cause: "config", stage: "compose" });
    expect(answer.body["message"]).toContain("example.net");
  });

  it("what is too large for the queue that it would go to: 413", async () => {
    const env = { ...relays([1]), ...untouchable(), DELIVERY: "queue" };
    expect((await dryRun(mail({ text: "x\n".repeat(100_000) }), env)).status).toBe(413);
  });
});
