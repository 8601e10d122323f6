/** Spans: around the work, told what it was about, and in the way of nothing. */
import { tracing } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";

import { traced } from "../../src/trace.ts";
import { mail, post } from "./worker-calls.ts";

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

describe("a mail", () => {
  it("has spans of its request, journal and attempt, and no address in them", async () => {
    const spans: [string, Record<string, unknown>][] = [];
    vi.spyOn(tracing, "enterSpan").mockImplementation((name, work, ...rest) => {
      const facts: Record<string, unknown> = {};
      spans.push([name, facts]);
      const setAttribute = (key: string, value: unknown): void => {
        facts[key] = value;
      };
      return work({ setAttribute } as unknown as Span, ...rest);
    });
    await post("/emails", mail({ to: ["bob@example.org", "unknown@example.org"] }));
    expect(spans.map(([name]) => name)).toContain("request");
    expect(Object.fromEntries(spans)).toMatchObject({
      request: { "http.method": "POST", "http.status": 200 },
      attempt: { "mail.recipients": 2, "mail.status": "accepted", "smtp.code": 250 },
    });
    expect(JSON.stringify(spans)).not.toContain("@");
  });
});
