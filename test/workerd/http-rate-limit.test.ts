/** RATE_LIMITER: who is counted under which key, and what a 429 says. */
import { describe, expect, it } from "vitest";

import { arrived } from "../net/control.ts";
import { ask, TOKENS, withJournal } from "./journal-calls.ts";
import { call, mail, post, vars } from "./worker-calls.ts";

/** A limiter that takes so many under each key, and tells which keys it was asked for. */
function limiter(most: number) {
  const keys: string[] = [];
  const limit = async ({ key }: { readonly key: string }): Promise<{ success: boolean }> => {
    keys.push(key);
    return Promise.resolve({ success: keys.filter((one) => one === key).length <= most });
  };
  return { keys, RATE_LIMITER: { limit } };
}

describe("over the limit", () => {
  it("is 429 with what the SDKs read, and nothing is sent", async () => {
    const { RATE_LIMITER } = limiter(0);
    const input = mail({ text: "x".repeat(300_000) });
    const answer = await post("/emails", input, {
      env: vars({ RATE_LIMITER, RATE_LIMIT: "100/10" }),
    });
    expect(answer).toMatchObject({ status: 429, body: { name: "rate_limit_exceeded" } });
    expect(answer.headers.get("retry-after")).toBe("10");
    expect(answer.headers.get("ratelimit-limit")).toBe("100");
    expect(answer.headers.get("ratelimit-remaining")).toBe("0");
    expect(answer.headers.get("ratelimit-reset")).toBe("10");
    expect(answer.headers.get("ratelimit-policy")).toBe('"default";q=100;w=10');
    expect(answer.headers.get("ratelimit")).toBe('"default";r=0;t=10');
    expect(await arrived("starttls", input.subject)).toStrictEqual([]);
  });

  it("names no limit that is not told, and the longer period", async () => {
    const { RATE_LIMITER } = limiter(0);
    const answer = await post("/emails", mail(), { env: vars({ RATE_LIMITER }) });
    expect(answer.status).toBe(429);
    expect(answer.headers.get("retry-after")).toBe("60");
    expect(answer.headers.has("ratelimit-limit")).toBe(false);
    expect(answer.headers.has("ratelimit-policy")).toBe(false);
  });
});

describe("within the limit", () => {
  it("tells the limit, and not what the binding does not tell", async () => {
    const env = vars({ RATE_LIMITER: limiter(9).RATE_LIMITER, RATE_LIMIT: "100/60" });
    for (const body of [mail(), "null"]) {
      const { headers } = await post("/emails", body, { env });
      expect(headers.get("ratelimit-limit")).toBe("100");
      expect(headers.get("ratelimit-policy")).toBe('"default";q=100;w=60');
      expect(headers.has("ratelimit-remaining")).toBe(false);
      expect(headers.has("ratelimit-reset")).toBe(false);
    }
  });

  it("tells nothing where nothing is limited, whatever RATE_LIMIT says", async () => {
    const { headers } = await post("/emails", "null", { env: vars({ RATE_LIMIT: "100/60" }) });
    expect([...headers.keys()].filter((name) => name.startsWith("ratelimit"))).toStrictEqual([]);
  });

  it("lets everybody in where the limiter fails", async () => {
    const limit = async (): Promise<never> => Promise.reject(new Error("no answer"));
    const env = vars({ RATE_LIMITER: { limit } });
    expect((await post("/emails", mail(), { env })).status).toBe(200);
  });
});

describe("keys", () => {
  it("are those of tokens, by name, and one token does not use up another's", async () => {
    const { keys, RATE_LIMITER } = limiter(1);
    const env = withJournal({ RATE_LIMITER });
    const statuses = [];
    for (const token of ["all", "all", "shop"] as const) {
      statuses.push((await ask("GET", "/emails", { token, env })).status);
    }
    expect(statuses).toStrictEqual([200, 429, 200]);
    expect(keys).toStrictEqual(["token:all", "token:all", "token:shop"]);
    for (const secret of Object.values(TOKENS)) expect(keys.join(" ")).not.toContain(secret);
  });

  it.each([
    ["192.0.2.7", "address:192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "address:2001:db8:1:2"],
    ["2001:db8:1:2::1", "address:2001:db8:1:2"],
    ["2001:db8::1", "address:2001:db8:0:0"],
    ["::1", "address:0:0:0:0"],
  ])("are those of addresses where nobody is known: %s", async (address, key) => {
    const { keys, RATE_LIMITER } = limiter(2);
    const env = vars({ RATE_LIMITER });
    const attempt = async (authorization: string) =>
      post("/emails", "null", { env, headers: { authorization, "cf-connecting-ip": address } });
    expect((await attempt("Bearer wrong-wrong-wrong-wrong")).status).toBe(403);
    expect((await attempt("")).status).toBe(401);
    expect((await attempt("Bearer wrong-wrong-wrong-wrong")).status).toBe(429);
    expect((await attempt("")).headers.get("retry-after")).toBe("60");
    expect(new Set(keys)).toStrictEqual(new Set([key]));
  });

  it("are asked once for a request, and not for what needs no token", async () => {
    const { keys, RATE_LIMITER } = limiter(0);
    const env = vars({ RATE_LIMITER });
    expect((await call("/health", {}, env)).status).toBe(200);
    expect((await call("/emails", { method: "PUT" }, env)).status).toBe(405);
    expect(keys).toStrictEqual([]);
    await post("/emails", "null", { env });
    expect(keys).toHaveLength(1);
  });
});
