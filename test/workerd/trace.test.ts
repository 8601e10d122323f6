/** Spans: around the work, told what it was about, and in the way of nothing. */
import { tracing } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";

import { traced } from "../../src/trace.ts";
import { ask } from "./journal-calls.ts";
import { deliver, HEARD, waiting } from "./waiting.ts";
import { mail, post, vars } from "./worker-calls.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a span of the runtime", () => {
  it("gives what the work gives", async () => {
    const work = traced("test", async (note) => {
      note({ text: "a", number: 1, flag: true, absent: undefined });
      return Promise.resolve(7);
    });
    await expect(work).resolves.toBe(7);
  });

  it("throws what the work throws", async () => {
    const work = traced("test", async () => Promise.reject(new Error("no")));
    await expect(work).rejects.toThrow("no");
  });
});

const OURS: ReadonlySet<string> = new Set(["request", "journal", "attempt"]);

/** Name and facts of each of our spans from now on, in the order in which they begin. */
function spied(): [name: string, facts: Record<string, unknown>][] {
  const spans: [string, Record<string, unknown>][] = [];
  const enter = tracing.enterSpan.bind(tracing);
  vi.spyOn(tracing, "enterSpan").mockImplementation((name, work, ...rest) => {
    // The runtime has spans of its own for bindings.
    if (!OURS.has(name)) return enter(name, work, ...rest);
    const facts: Record<string, unknown> = {};
    spans.push([name, facts]);
    const setAttribute = (key: string, value: unknown): void => {
      facts[key] = value;
    };
    return work({ setAttribute } as unknown as Span, ...rest);
  });
  return spans;
}

describe("a mail", () => {
  it("has spans of its request, journal and attempt, and no address in them", async () => {
    const spans = spied();
    await post("/emails", mail({ to: ["bob@example.org", "unknown@example.org"] }));
    expect(spans.map(([name]) => name)).toContain("request");
    expect(Object.fromEntries(spans)).toMatchObject({
      request: { "http.method": "POST", "http.route": "/emails", "http.status": 200 },
      attempt: { "mail.recipients": 2, "mail.status": "accepted", "smtp.code": 250 },
    });
    expect(JSON.stringify(spans)).not.toContain("@");
  });

  it("that waited has spans of its attempt, and of the journal before and after it", async () => {
    const body = await waiting();
    const spans = spied();
    await deliver(body, vars(HEARD));
    expect(spans.map(([name]) => name)).toStrictEqual(["journal", "attempt", "journal"]);
  });
});

describe("a request", () => {
  it.each([
    ["GET", "/emails/8f4ee2a4-9f0e-4c7e-b6a1-3b1f5a0c8d2e", "/emails/:id", 404],
    ["PATCH", "/emails/x", "/emails/:id", 422],
    ["POST", "/emails/x/cancel", "/emails/:id/cancel", 422],
    ["GET", "/suppressions/nobody@example.org", "/suppressions/:id", 404],
  ])("is told by the pattern of its path: %s %s", async (method, path, route, status) => {
    const spans = spied();
    await ask(method, path, { body: method === "GET" ? undefined : {} });
    const facts = { "http.method": method, "http.route": route, "http.status": status };
    expect(spans).toContainEqual(["request", facts]);
  });

  it("that is refused is told, too", async () => {
    const spans = spied();
    await ask("GET", "/emails", { headers: { authorization: "Bearer nobody" } });
    const facts = { "http.method": "GET", "http.route": "/emails", "http.status": 403 };
    expect(spans).toStrictEqual([["request", facts]]);
  });
});
