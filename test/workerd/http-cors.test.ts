/** Cross-origin requests: closed, unless an origin is configured. */
import { describe, expect, it } from "vitest";

import { call, post, relays, TOKEN } from "./worker-calls.ts";
import { createExecutionContext } from "cloudflare:test";
import type { Env } from "../../src/env.ts";
import worker from "../../src/worker.ts";

const APP = "https://app.example.com";
const OTHER = "https://other.example.net";

function open(origins: string | string[] = APP): Env {
  return relays([1], { CORS_ORIGINS: origins });
}

/** As a browser sends it: no token. */
async function preflight(env: Env, headers: Readonly<Record<string, string>>, path = "/emails") {
  const request = new Request<unknown, IncomingRequestCfProperties>(
    `https://mail.example.com${path}`,
    { method: "OPTIONS", headers },
  );
  const answer = await worker.fetch?.(request, env, createExecutionContext());
  if (answer === undefined) throw new TypeError("the Worker has no fetch");
  return answer;
}

function asking(origin: string, method = "POST"): Record<string, string> {
  return { origin, "access-control-request-method": method };
}

function list(text: string | null): readonly string[] {
  return (text ?? "").toLowerCase().split(/,\s*/);
}

describe("closed", () => {
  it.each([
    ["without CORS_ORIGINS", relays([1])],
    ["with an empty one", open("")],
    ["with one that is wrong", open(`${APP}, https://app.example.com/path`)],
  ])("%s: a preflight is 405, and no answer is marked", async (_, env) => {
    const answer = await preflight(env, asking(APP));
    expect(answer.status).toBe(405);
    const answers = [answer, await post("/emails", "null", { env, headers: { origin: APP } })];
    for (const { headers } of answers) {
      expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toStrictEqual(
        [],
      );
      expect(headers.get("vary")).toBe("Accept");
    }
  });
});

describe("open to an origin", () => {
  it.each(["/emails", "/emails/batch", "/emails/x/cancel", "/suppressions/x", "//emails"])(
    "a preflight passes without a token: %s",
    async (path) => {
      const answer = await preflight(open(), asking(APP, "PATCH"), path);
      expect(answer.status).toBe(204);
      expect(answer.headers.get("access-control-allow-origin")).toBe(APP);
      expect(list(answer.headers.get("access-control-allow-methods"))).toStrictEqual(
        list("GET,HEAD,POST,PATCH,DELETE"),
      );
      expect(list(answer.headers.get("access-control-allow-headers"))).toEqual(
        expect.arrayContaining(["authorization", "content-type", "idempotency-key", "prefer"]),
      );
      expect(answer.headers.get("access-control-max-age")).toBe("7200");
      expect(answer.headers.has("access-control-allow-credentials")).toBe(false);
      expect(list(answer.headers.get("vary"))).toContain("origin");
    },
  );

  it.each([
    ["an error", "/emails", `Bearer ${TOKEN}`, 422],
    ["a missing token", "/emails", "", 401],
    ["a wrong token", "/emails", "Bearer wrong-wrong-wrong-wrong", 403],
    ["nothing at this path", "/x", "", 404],
    ["a wrong method", "/health", "", 405],
  ])("a page may read %s", async (_, path, authorization, status) => {
    const headers = { origin: APP, authorization };
    const answer = await post(path, "null", { env: open(), headers });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("access-control-allow-origin")).toBe(APP);
    expect(list(answer.headers.get("vary"))).toStrictEqual(["accept", "origin"]);
    expect(list(answer.headers.get("access-control-expose-headers"))).toEqual(
      expect.arrayContaining([
        "location",
        "retry-after",
        "ratelimit",
        "ratelimit-policy",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "preference-applied",
      ]),
    );
  });

  it.each([OTHER, "null", `${APP}.example.net`, "http://app.example.com", APP.toUpperCase(), ""])(
    "but not to %s",
    async (origin) => {
      const answers = [
        await preflight(open(), asking(origin)),
        await post("/emails", "null", { env: open(), headers: { origin } }),
      ];
      for (const { headers } of answers) {
        expect(headers.has("access-control-allow-origin")).toBe(false);
        expect(list(headers.get("vary"))).toContain("origin");
      }
    },
  );

  it("tells caches that it depends on the origin, also who sends none", async () => {
    const answer = await call("/health", {}, open());
    expect(answer.headers.get("vary")).toBe("Origin");
    expect(answer.headers.has("access-control-allow-origin")).toBe(false);
  });

  it("OPTIONS that is no preflight is 405, as ever", async () => {
    expect((await preflight(open(), { origin: APP })).status).toBe(405);
    expect((await preflight(open(), {})).status).toBe(405);
  });
});

it("is open to several, and to all", async () => {
  for (const env of [open(`${OTHER} ${APP}`), open([APP, OTHER])]) {
    for (const origin of [APP, OTHER]) {
      const { headers } = await preflight(env, asking(origin));
      expect(headers.get("access-control-allow-origin")).toBe(origin);
    }
  }
  const { headers } = await preflight(open("*"), asking("https://any.example.org"));
  expect(headers.get("access-control-allow-origin")).toBe("*");
});
