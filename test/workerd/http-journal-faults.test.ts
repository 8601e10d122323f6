/** A journal that is not bound, not migrated, or does not answer: what calls and GET /health say. */
import { describe, expect, it } from "vitest";

import type { Env } from "../../src/env.ts";
import { ask, NOT_MIGRATED, withJournal } from "./journal-calls.ts";
import { call, vars } from "./worker-calls.ts";

const CALLS = [
  ["GET", `/emails/${crypto.randomUUID()}`, undefined],
  ["GET", "/emails", undefined],
  ["PATCH", `/emails/${crypto.randomUUID()}`, { scheduled_at: "in 1 hour" }],
  ["POST", `/emails/${crypto.randomUUID()}/cancel`, undefined],
  ["GET", "/suppressions", undefined],
  ["POST", "/suppressions", { address: "bob@example.org" }],
  ["DELETE", "/suppressions/bob@example.org", undefined],
] as const;

/** A database of which every statement does this. */
function database(all: () => Promise<never>): NonNullable<Env["JOURNAL"]> {
  const statement = { bind: () => statement, all, first: all, run: all };
  const fake = { prepare: () => statement, batch: all };
  return fake as unknown as NonNullable<Env["JOURNAL"]>;
}

const REFUSES = database(async () => Promise.reject(new Error("D1_ERROR: fault 7391")));
const SILENT = database(async () => new Promise(() => undefined));

describe("calls", () => {
  it.each(CALLS)("without the binding say how to bind it: %s %s", async (method, path, body) => {
    const { JOURNAL: _, ...env } = withJournal();
    const answer = await ask(method, path, { env, body });
    expect(answer).toMatchObject({ status: 422, body: { name: "validation_error" } });
    expect(answer.body["message"]).toMatch(
      /JOURNAL is not bound.*\[\[d1_databases\]\].*npm run deploy/,
    );
  });

  it.each(CALLS)(
    "over tables that are missing say how to make them: %s %s",
    async (method, path, body) => {
      const answer = await ask(method, path, { env: withJournal({ JOURNAL: NOT_MIGRATED }), body });
      expect(answer).toMatchObject({ status: 502, body: { cause: "config" } });
      expect(answer.body["message"]).toContain("npm run migrate");
    },
  );

  it.each(CALLS)("are 503 where the database refuses: %s %s", async (method, path, body) => {
    const answer = await ask(method, path, { env: withJournal({ JOURNAL: REFUSES }), body });
    expect(answer).toMatchObject({ status: 503, body: { name: "application_error" } });
    expect(answer.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(JSON.stringify(answer.body)).not.toContain("7391");
  });
});

describe("GET /health", () => {
  it("names the bindings that are there, and no more", async () => {
    expect((await call("/health", {}, withJournal())).body).toStrictEqual({
      status: "ok",
      bindings: {
        MAIL_QUEUE: true,
        EVENT_QUEUE: false,
        JOURNAL: true,
        SPOOL: false,
        RELAY_SESSIONS: false,
        RATE_LIMITER: false,
        METRICS: false,
      },
    });
  });

  it.each([
    ["not migrated", NOT_MIGRATED, "misconfigured", "npm run migrate"],
    ["one that refuses", REFUSES, "unavailable", "does not answer"],
    ["one that says nothing", SILENT, "unavailable", "does not answer"],
  ] as const)("is 503 with a journal that is %s", async (_, JOURNAL, state, detail) => {
    const { status, body } = await call("/health", {}, vars({ JOURNAL }));
    expect(status).toBe(503);
    expect(body["status"]).toBe(state);
    expect(body["problems"]).toStrictEqual([
      { name: "JOURNAL", detail: expect.stringContaining(detail) },
    ]);
  });

  it("names it beside what else is wrong", async () => {
    const env = vars({ JOURNAL: NOT_MIGRATED, SMTP_PORT: "x" });
    const { body } = await call("/health", {}, env);
    const problems = body["problems"] as readonly { readonly name: string }[];
    expect(problems.map(({ name }) => name)).toStrictEqual(["SMTP_PORT", "JOURNAL"]);
  });
});
