/** The settings of the service: what each is where nothing is said, what it takes, and what it refuses. */
import { describe, expect, it } from "vitest";

import type { SettingName } from "../src/env.ts";
import { parseOrigins, readServiceSettings } from "../src/service-config.ts";

type Settings = Partial<Record<SettingName, string>>;

function read(settings: Settings) {
  return readServiceSettings(new Map(Object.entries(settings) as [SettingName, string][]));
}

it("has values where nothing is set", () => {
  expect(read({})).toStrictEqual({
    ok: true,
    value: {
      journalDetail: "headers",
      retentionMs: 30 * 86_400_000,
      attemptMs: 900_000,
      retryMs: 30_000,
      queueMs: 3_600_000,
      deadLetterQueue: "postrider-dead",
      corsOrigins: [],
      sandbox: false,
      suppressRefused: true,
      webhooks: [],
    },
  });
});

it.each<[SettingName, string, object]>([
  ["JOURNAL_DETAIL", "none", { journalDetail: "none" }],
  ["RETENTION_DAYS", "1", { retentionMs: 86_400_000 }],
  ["RETENTION_DAYS", "3650", { retentionMs: 3650 * 86_400_000 }],
  ["ATTEMPT_SECONDS", "5", { attemptMs: 5000 }],
  ["DEAD_LETTER_QUEUE", "other", { deadLetterQueue: "other" }],
  [
    "CORS_ORIGINS",
    "https://a.example.com, http://localhost:3000",
    { corsOrigins: ["https://a.example.com", "http://localhost:3000"] },
  ],
  ["RATE_LIMIT", "100/60", { rateLimit: { requests: 100, seconds: 60 } }],
  ["RATE_LIMIT", "5 / 10s", { rateLimit: { requests: 5, seconds: 10 } }],
  ["STAGING_RECIPIENT", "Dev@EXAMPLE.com", { stagingRecipient: "Dev@example.com" }],
  ["SANDBOX", "on", { sandbox: true }],
  ["SUPPRESS_REFUSED", "off", { suppressRefused: false }],
])("takes %s=%s", (name, text, expected) => {
  expect(read({ [name]: text })).toMatchObject({ ok: true, value: expected });
});

it.each<[SettingName, string]>([
  ["JOURNAL_DETAIL", "some7391"],
  ["JOURNAL_DETAIL", "ALL"],
  ["JOURNAL_DETAIL", "constructor"],
  ["RETENTION_DAYS", "0"],
  ["RETENTION_DAYS", "3651"],
  ["RETENTION_DAYS", "-1"],
  ["RETENTION_DAYS", "1.5"],
  ["RETENTION_DAYS", "1e3"],
  ["RETENTION_DAYS", "0x5"],
  ["RETENTION_DAYS", "9".repeat(400)],
  ["ATTEMPT_SECONDS", "4"],
  ["ATTEMPT_SECONDS", "3601"],
  ["CORS_ORIGINS", "example.com"],
  ["CORS_ORIGINS", "https://example.com/"],
  ["CORS_ORIGINS", "https://example.com:443"],
  ["CORS_ORIGINS", "https://EXAMPLE.com"],
  ["CORS_ORIGINS", "https://*.example.com"],
  ["CORS_ORIGINS", "null"],
  ["CORS_ORIGINS", "file:///x"],
  ["RATE_LIMIT", "100"],
  ["RATE_LIMIT", "0/60"],
  ["RATE_LIMIT", "100/30"],
  ["RATE_LIMIT", "1e2/60"],
  ["STAGING_RECIPIENT", "Dev <dev@example.com>"],
  ["STAGING_RECIPIENT", "a@example.com,b@example.com"],
  ["SANDBOX", "true"],
  ["SUPPRESS_REFUSED", "no"],
])("refuses %s=%s by its name", (name, text) => {
  const answer = read({ [name]: text });
  expect(answer).toMatchObject({ ok: false, problems: [{ name }] });
  expect(JSON.stringify(answer)).not.toContain("7391");
});

it("names all that is wrong, together", () => {
  const answer = read({ SANDBOX: "x", RATE_LIMIT: "x", WEBHOOK_URL: "x", RETENTION_DAYS: "x" });
  if (answer.ok) throw new Error("there should be problems");
  expect(answer.problems.map(({ name }) => name).toSorted()).toStrictEqual([
    "RATE_LIMIT",
    "RETENTION_DAYS",
    "SANDBOX",
    "WEBHOOK_SECRET",
    "WEBHOOK_URL",
  ]);
});

describe("parseOrigins", () => {
  it("takes all, and says which entry is none", () => {
    expect(parseOrigins("*")).toStrictEqual({ ok: true, value: ["*"] });
    expect(parseOrigins(" , ")).toStrictEqual({ ok: true, value: [] });
    expect(parseOrigins("https://a.example.com x")).toMatchObject({
      ok: false,
      problems: [expect.stringMatching(/^Entry 2 /)],
    });
  });
});
