/** POST /emails: each row of the outcomes table, over a real relay or a hostile one, as HTTP. */
import { describe, expect, it } from "vitest";

import { arrived, hostile, ports } from "../net/control.ts";
import { mail, post, relays, vars, WRONG_PASSWORD } from "./worker-calls.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe("accepted", () => {
  it("answers 200 with the relay's reply, and the mail is there", async () => {
    const input = mail();
    const { status, body } = await post("/emails", input);
    expect(status).toBe(200);
    expect(body).toStrictEqual({
      id: expect.stringMatching(UUID),
      messageId: expect.stringMatching(/^<[^<>]+@example\.com>$/),
      status: "accepted",
      accepted: ["bob@example.org"],
      refused: [],
      relay: `localhost:${ports().starttls}`,
      reply: { code: 250, text: expect.stringMatching(/Kept as mail \d+$/) },
    });
    const [one, ...others] = await arrived("starttls", input.subject);
    expect(others).toStrictEqual([]);
    expect(one).toMatchObject({
      mailFrom: "ann@example.com",
      rcptTo: ["bob@example.org"],
      session: { secure: true, user: "postrider" },
    });
    expect(one?.raw).toContain(`Message-ID: ${String(body["messageId"])}\r\n`);
  });

  it("answers 200 for some recipients, with the reply to each of the others", async () => {
    const to = ["unknown@example.org", "bob@example.org", "later@example.org"];
    const { status, body } = await post("/emails", mail({ to }));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "accepted",
      accepted: ["bob@example.org"],
      refused: [
        { recipient: "unknown@example.org", reply: { code: 550, enhanced: "5.1.1" } },
        { recipient: "later@example.org", reply: { code: 451, enhanced: "4.2.1" } },
      ],
    });
  });

  it("takes settings as numbers and from the Secrets Store", async () => {
    const secret = (value: string): object => ({ get: async () => Promise.resolve(value) });
    const env = vars({
      SMTP_PORT: ports().starttls,
      SMTP_PASSWORD: secret("postrider\n"),
      API_TOKENS: secret("token-0123456789abcdef"),
    });
    expect((await post("/emails", mail(), { env })).status).toBe(200);
  });

  it("goes to the next relay where the first cannot be reached", async () => {
    const { status, body } = await post("/emails", mail(), { env: relays([1, ports().starttls]) });
    expect(status).toBe(200);
    expect(body["relay"]).toBe(`localhost:${ports().starttls}`);
  });
});

describe("deferred: 503, Retry-After, and a retry is safe", () => {
  it("where the relay says 4yz to every recipient", async () => {
    const answer = await post("/emails", mail({ to: "later@example.org" }));
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(answer.body).toMatchObject({
      name: "application_error",
      outcome: "deferred",
      cause: "reply",
      stage: "rcpt",
      retryable: true,
      reply: { code: 451, enhanced: "4.2.1", text: "4.2.1 Mailbox busy" },
      refused: [{ recipient: "later@example.org", reply: { code: 451 } }],
    });
    expect(answer.body["message"]).toMatch(/451 4\.2\.1 Mailbox busy.*safe to try again/);
    expect(answer.body["instance"]).toBe(`/emails/${String(answer.body["id"])}`);
  });

  it.each([
    ["cannot be reached", 1, "connection", "connect"],
    ["does not offer STARTTLS", "plain", "tls", "starttls"],
    ["closes before TLS", { at: "ehlo", what: "eof" }, "connection", "ehlo"],
    ["has another's certificate", { certificate: "wrong-host" }, "tls", "tls"],
    ["falls silent", { at: "rcpt", what: "silence" }, "timeout", "rcpt"],
  ] as const)("where the relay %s", async (_, relay, cause, stage) => {
    const port =
      typeof relay === "number" ? relay : relay === "plain" ? ports().plain : await hostile(relay);
    const input = mail();
    const answer = await post("/emails", input, { env: relays([port]) });
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(answer.body).toMatchObject({ outcome: "deferred", cause, stage, retryable: true });
    expect(answer.body["advice"]).toMatch(/\.$/);
    expect(await arrived("plain", input.subject)).toStrictEqual([]);
  });
});

describe("refused", () => {
  it("by the relay: 422 with its reply", async () => {
    const answer = await post("/emails", mail({ to: "unknown@example.org" }));
    expect(answer.status).toBe(422);
    expect(answer.headers.has("retry-after")).toBe(false);
    expect(answer.body).toMatchObject({
      name: "validation_error",
      outcome: "refused",
      cause: "reply",
      stage: "rcpt",
      retryable: false,
      reply: { code: 550, enhanced: "5.1.1", text: "5.1.1 No such user" },
    });
    expect(answer.body["message"]).toContain("550 5.1.1 No such user");
  });

  it("over the relay's SIZE: 422 that names the extension", async () => {
    const env = vars({ SMTP_PORT: String(ports().small) });
    const { status, body } = await post("/emails", mail({ text: "x\n".repeat(2000) }), { env });
    expect(status).toBe(422);
    expect(body).toMatchObject({ outcome: "refused", extension: "SIZE", retryable: false });
  });

  it("for our password: 502 with advice, and without the password", async () => {
    const env = vars({ SMTP_PASSWORD: WRONG_PASSWORD });
    const answer = await post("/emails", mail(), { env });
    expect(answer.status).toBe(502);
    expect(answer.body).toMatchObject({ outcome: "refused", cause: "auth", stage: "auth" });
    expect(answer.body["advice"]).toContain("password");
  });
});

describe("unknown", () => {
  it.each(["eof", "silence"] as const)("is 504 and says so: %s at the final dot", async (what) => {
    const port = await hostile({ at: "final-dot", what });
    // A second relay must not get what the first may have taken.
    const input = mail();
    const answer = await post("/emails", input, { env: relays([port, ports().starttls]) });
    expect(answer.status).toBe(504);
    expect(answer.headers.has("retry-after")).toBe(false);
    expect(answer.body).toMatchObject({
      name: "application_error",
      title: "The mail may have been sent",
      outcome: "unknown",
      retryable: false,
      messageId: expect.stringMatching(/^<.+@example\.com>$/),
    });
    expect(answer.body["message"]).toMatch(/may have been sent.*may deliver it twice/);
    expect(await arrived("starttls", input.subject)).toStrictEqual([]);
  });
});
