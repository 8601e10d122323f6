/** Who is let in, at which paths, by which methods, and what a deployment says that is not set up. */
import { describe, expect, it } from "vitest";

import type { Env } from "../../src/env.ts";
import { createApp } from "../../src/http/app.ts";
import { RelayMemory } from "../../src/relay-memory.ts";
import { connect } from "../../src/net/cloudflare.ts";
import { arrived } from "../net/control.ts";
import { call, mail, post, relays, TOKEN, vars } from "./worker-calls.ts";

const OTHER_TOKEN = "other-fedcba9876543210";

async function withAuthorization(authorization: string, env: Env = relays([1])) {
  return post("/emails", "null", { env, headers: { authorization } });
}

describe("tokens", () => {
  it("none is 401 with a challenge that names no error", async () => {
    const init = { method: "POST", body: JSON.stringify(mail()) };
    const answer = await call("/emails", init);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    expect(answer.body).toMatchObject({ name: "missing_api_key" });
  });

  it.each([
    ["in another scheme", `Basic ${TOKEN}`],
    ["without a scheme", TOKEN],
    ["that is empty", "Bearer "],
    ["with a second word", `Bearer ${TOKEN} ${TOKEN}`],
  ])("one %s is 401", async (_, authorization) => {
    expect((await withAuthorization(authorization)).status).toBe(401);
  });

  it.each([
    ["wrong", "Bearer token-0123456789abcdeF"],
    ["the start of a right one", `Bearer ${TOKEN.slice(0, -1)}`],
    ["a right one and more", `Bearer ${TOKEN}0`],
    ["the whole list", `Bearer ${TOKEN},${OTHER_TOKEN}`],
    ["a comma", "Bearer ,"],
  ])("one that is %s is 403", async (_, authorization) => {
    const env = relays([1], { API_TOKENS: `${TOKEN},${OTHER_TOKEN}` });
    const answer = await withAuthorization(authorization, env);
    expect(answer.status).toBe(403);
    expect(answer.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
    expect(answer.body).toMatchObject({ name: "invalid_api_key" });
  });

  it.each([
    ["the first of several", `Bearer ${TOKEN}`],
    ["the last of several", `Bearer ${OTHER_TOKEN}`],
    ["a scheme in capitals", `BEARER ${TOKEN}`],
    ["a scheme in small letters, more spaces", `bearer   ${TOKEN}  `],
  ])("%s passes", async (_, authorization) => {
    const env = relays([1], { API_TOKENS: ` ${TOKEN} ,\n${OTHER_TOKEN}\n` });
    expect((await withAuthorization(authorization, env)).status).toBe(422);
  });

  it("in the query or the body do not count", async () => {
    const body = { ...mail(), API_TOKENS: TOKEN, token: TOKEN };
    const answer = await post(`/emails?token=${TOKEN}`, body, { headers: { authorization: "" } });
    expect(answer.status).toBe(401);
  });
});

describe("not set up", () => {
  it.each([
    ["API_TOKENS", "npx wrangler secret put API_TOKENS"],
    ["SMTP_HOST", "npx wrangler secret put SMTP_HOST"],
  ] as const)("without %s the answer says what to set, and how", async (name, remedy) => {
    for (const env of [vars({}, [name]), vars({ [name]: " " })]) {
      const input = mail();
      const { status, body } = await post("/emails", input, { env });
      expect(status).toBe(502);
      expect(body).toMatchObject({ name: "application_error", cause: "config" });
      expect(body["message"]).toContain(`${name}: Missing`);
      expect(body["message"]).toContain(remedy);
      expect(await arrived("starttls", input.subject)).toStrictEqual([]);
    }
  });

  it.each(["/emails", "/verify"])("names all that is wrong, together: %s", async (path) => {
    const { status, body } = await post(path, "{}", { env: { UNKNOWN: "?" } });
    expect(status).toBe(502);
    const problems = body["configuration"] as readonly { name: string }[];
    expect(problems.map(({ name }) => name)).toStrictEqual(["API_TOKENS", "SMTP_HOST", "UNKNOWN"]);
  });

  it("names a secret whose store does not answer, and not what the store said", async () => {
    const broken = { get: async () => Promise.reject(new Error("store fault 7391")) };
    const { status, body } = await post("/emails", mail(), {
      env: vars({ SMTP_PASSWORD: broken }),
    });
    expect(status).toBe(502);
    expect(body["configuration"]).toMatchObject([{ name: "SMTP_PASSWORD" }]);
    expect(JSON.stringify(body)).not.toContain("7391");
  });

  it("tells what is wrong with the relay only to who has a token", async () => {
    const env = vars({ SMTP_PORT: "x" });
    expect((await withAuthorization("Bearer wrong-wrong-wrong-wrong", env)).status).toBe(403);
    expect((await withAuthorization(`Bearer ${TOKEN}`, env)).body["message"]).toContain(
      "SMTP_PORT",
    );
  });
});

describe("paths and methods", () => {
  it.each(["//emails", "/emails/", "//emails//", "/emails?x=1"])("%s is /emails", async (path) => {
    expect((await post(path, "null", { env: relays([1]) })).status).toBe(422);
  });

  it.each([
    "/email",
    "/Emails",
    "/%65mails",
    "/health/x",
    "/emails/metrics",
    "/emails/receiving",
    "/emails/receiving/x",
    "/emails/receiving/cancel",
    "/emails/x/share",
    "/emails/x/attachments",
    "/emails/x/attachments/y",
    "/emails/x/cancel/y",
    "/suppressions/x/y",
  ])("%s is 404", async (path) => {
    expect(await post(path, mail())).toMatchObject({ status: 404, body: { name: "not_found" } });
  });

  it.each([
    ["PUT", "/emails", "GET, HEAD, POST"],
    ["OPTIONS", "/emails", "GET, HEAD, POST"],
    ["PROPFIND", "/emails/", "GET, HEAD, POST"],
    ["GET", "/emails/batch", "POST"],
    ["HEAD", "/emails/batch", "POST"],
    ["PATCH", "/emails/batch", "POST"],
    ["POST", "/emails/x", "GET, HEAD, PATCH"],
    ["DELETE", "/emails/x", "GET, HEAD, PATCH"],
    ["GET", "/emails/x/cancel", "POST"],
    ["HEAD", "/emails/x/cancel", "POST"],
    ["DELETE", "/suppressions", "GET, HEAD, POST"],
    ["POST", "/suppressions/x", "GET, HEAD, DELETE"],
    ["GET", "/verify", "POST"],
    ["POST", "/health", "GET, HEAD"],
    ["DELETE", "/", "GET, HEAD"],
  ])("%s %s is 405 and names %s", async (method, path, allow) => {
    const answer = await call(path, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe(allow);
    if (method !== "HEAD") expect(answer.body["name"]).toBe("method_not_allowed");
  });

  it("GET / says where to go", async () => {
    expect(await call("/")).toMatchObject({ status: 200, body: { send: "POST /emails" } });
  });

  it("sends without an execution context, too", async () => {
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(mail()) };
    const request = new Request("https://mail.example.com/emails", init);
    expect((await createApp(connect, new RelayMemory()).fetch(request, vars())).status).toBe(200);
  });

  it("answers a fault of its own as JSON, without its text", async () => {
    const faulty = (): never => {
      throw new RangeError("fault 7391");
    };
    const env = Object.defineProperty(vars(), "MAIL_QUEUE", { get: faulty });
    const { status, body } = await post("/emails", mail(), { env });
    expect(status).toBe(500);
    expect(body).toMatchObject({ name: "application_error", title: "Internal error" });
    expect(JSON.stringify(body)).not.toContain("7391");
  });
});

describe("the media type of an error", () => {
  it.each([
    ["application/json", undefined],
    ["application/json", "*/*"],
    ["application/json", "application/json"],
    ["application/problem+json", "application/problem+json"],
    ["application/problem+json", "application/json, Application/Problem+JSON;q=0.9"],
  ])("is %s where Accept is %s", async (type, accept) => {
    const headers = accept === undefined ? {} : { accept };
    const answer = await post("/emails", "null", { env: relays([1]), headers });
    expect(answer.headers.get("content-type")).toBe(type);
    expect(answer.headers.get("vary")).toBe("Accept");
  });
});

describe("what this deployment will not do", () => {
  it.each(["key-1", '"key-1"', ""])(
    "an Idempotency-Key is refused, not ignored: %s",
    async (key) => {
      const input = mail();
      const headers = { "idempotency-key": key };
      const { status, body } = await post("/emails", input, { headers });
      expect(status).toBe(400);
      expect(body).toMatchObject({ name: "invalid_idempotency_key" });
      expect(await arrived("starttls", input.subject)).toStrictEqual([]);
    },
  );

  it.each([
    ["from", { from: "ann@example.net" }, "/from"],
    ["sender", { sender: "ann@example.net" }, "/sender"],
    ["reverse-path", { envelope: { from: "ann@example.net" } }, "/envelope/from"],
    ["recipient", { to: ["bob@example.org", "bob@example.net"] }, "/to"],
    ["hidden recipient", { bcc: "bob@example.net" }, "/to"],
    ["recipient of the envelope", { envelope: { to: ["bob@example.net"] } }, "/to"],
    ["subdomain", { to: "bob@sub.example.org" }, "/to"],
  ])("403 for a %s that is not allowed", async (_, more, pointer) => {
    const env = vars({
      ALLOWED_SENDERS: "ann@example.com",
      ALLOWED_RECIPIENTS: "example.org, *@example.com",
    });
    const input = mail(more);
    const { status, body } = await post("/emails", input, { env });
    expect(status).toBe(403);
    expect(body).toMatchObject({ name: "validation_error" });
    expect(JSON.stringify(body["errors"])).toContain(`"#${pointer}`);
    expect(await arrived("starttls", input.subject)).toStrictEqual([]);
  });

  it.each([
    ["From", "From: ann@example.net\n", "/from"],
    ["second From", "From: ann@example.com, eve@example.net\nSender: ann@example.com\n", "/from"],
    ["Sender", "From: ann@example.com\nSender: eve@example.net\n", "/sender"],
    ["Resent-From", "Resent-From: eve@example.net\nFrom: ann@example.com\n", "/raw"],
    ["Resent-Sender", "Resent-Sender: eve@example.net\nFrom: ann@example.com\n", "/raw"],
    ["To", "From: ann@example.com\nTo: bob@example.net\n", "/to"],
    ["Bcc", "From: ann@example.com\nBcc: bob@example.net\n", "/to"],
  ])("403 for a %s of a whole message that is not allowed", async (name, fields, pointer) => {
    const env = vars({ ALLOWED_SENDERS: "ann@example.com", ALLOWED_RECIPIENTS: "example.org" });
    const recipients = /^(?:To|Bcc)$/.test(name) ? {} : { envelope: { to: "bob@example.org" } };
    const envelope = name.startsWith("Resent") ? { from: "ann@example.com" } : {};
    const input = { raw: `${fields}\nHi\n`, from: "ann@example.com", ...recipients };
    const { status, body } = await post("/emails", { ...input, ...envelope }, { env });
    expect(status).toBe(403);
    expect(JSON.stringify(body["errors"])).toContain(`"#${pointer}`);
  });

  it("but sends what is allowed, the null reverse-path included", async () => {
    const env = vars({ ALLOWED_SENDERS: ["ann@EXAMPLE.com"], ALLOWED_RECIPIENTS: "@example.org" });
    const input = mail({ envelope: { from: "" } });
    expect((await post("/emails", input, { env })).status).toBe(200);
    const [one] = await arrived("starttls", input.subject);
    expect(one?.mailFrom).toBe("");
  });
});
