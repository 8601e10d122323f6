/** POST /verify and GET /health: whether the deployment can send, without sending. */
import { describe, expect, it } from "vitest";

import { call, post, vars, WRONG_PASSWORD } from "./worker-calls.ts";

describe("POST /verify", () => {
  it("reports what the relay offers", async () => {
    const { status, body } = await post("/verify", "", { headers: { "content-type": "" } });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ok: true,
      relays: [{ ok: true, security: "starttls", authMechanisms: ["PLAIN", "LOGIN"] }],
    });
    expect(JSON.stringify(body)).toContain("C: AUTH PLAIN ***");
  });

  it("reports a wrong password with advice, once for each relay", async () => {
    const env = vars({ SMTP_PASSWORD: WRONG_PASSWORD });
    const { status, body } = await post("/verify", "{}", { env });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ok: false,
      relays: [{ ok: false, failure: { cause: "auth", reply: { code: 535 } } }],
    });
    expect(JSON.stringify(body)).toContain("Check user name and password");
  });

  it("wants a token, and reads away the body", async () => {
    expect((await call("/verify", { method: "POST" })).status).toBe(401);
    const request = { method: "POST", headers: { authorization: "Bearer token-0123456789abcdef" } };
    expect((await call("/verify", { ...request, body: "x".repeat(300_000) })).status).toBe(200);
  });
});

describe("GET /health", () => {
  it("is ok without a token, and by HEAD", async () => {
    expect(await call("/health")).toMatchObject({ status: 200, body: { status: "ok" } });
    expect((await call("/health", { method: "HEAD" })).status).toBe(200);
  });

  it("is 503 with every name and no value where something is wrong", async () => {
    const env = vars({
      SMTP_PORT: "7391x",
      DELIVERY: "pigeon",
      API_TOKENS: "short-7391",
      ALLOWED_SENDERS: "?7391",
    });
    const { status, body } = await call("/health", {}, env);
    expect(status).toBe(503);
    const problems = body["problems"] as readonly { name: string }[];
    expect(problems.map(({ name }) => name).toSorted()).toStrictEqual([
      "ALLOWED_SENDERS",
      "API_TOKENS",
      "DELIVERY",
      "SMTP_PORT",
    ]);
    expect(JSON.stringify(body)).not.toMatch(/7391|pigeon/);
  });
});
