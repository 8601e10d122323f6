/** RELAY_*: what is not given, what is, and what is wrong, by name. */
import { describe, expect, it } from "vitest";

import { readConfig } from "../src/config.ts";
import type { Env } from "../src/env.ts";

async function sessions(env: Env) {
  const config = await readConfig({ SMTP_HOST: "smtp.example.com", ...env });
  return config.ok ? config.value.sessions : config.problems.map(({ name }) => name);
}

const USUAL = {
  shards: 1,
  maxSessions: 2,
  mailsPerSession: 100,
  idleMs: 8000,
  sessionMs: 300_000,
};

describe("the settings of sessions", () => {
  it("are all optional", async () => {
    expect(await sessions({})).toStrictEqual(USUAL);
  });

  it("are numbers, or texts of them", async () => {
    const env: Env = {
      RELAY_SHARDS: 4,
      RELAY_MAX_SESSIONS: "3",
      RELAY_MAILS_PER_SESSION: 50,
      RELAY_IDLE_SECONDS: "5",
      RELAY_SESSION_SECONDS: 60,
      RELAY_MAILS_PER_SECOND: 10,
      RELAY_MAILS_PER_MINUTE: "100",
    };
    expect(await sessions(env)).toStrictEqual({
      shards: 4,
      maxSessions: 3,
      mailsPerSession: 50,
      idleMs: 5000,
      sessionMs: 60_000,
      mailsPerSecond: 10,
      mailsPerMinute: 100,
    });
  });

  it.each([
    ["RELAY_SHARDS", ["0", "101", "-1", "1.5", "0x2", "two"]],
    ["RELAY_MAX_SESSIONS", ["0", "7"]],
    ["RELAY_MAILS_PER_SESSION", ["0", "10001", "1e2"]],
    ["RELAY_IDLE_SECONDS", ["0", "61"]],
    ["RELAY_SESSION_SECONDS", ["0", "841"]],
    ["RELAY_MAILS_PER_SECOND", ["0", "10001"]],
    ["RELAY_MAILS_PER_MINUTE", ["0", "10001"]],
  ] as const)("out of range are named: %s", async (name, values) => {
    for (const value of values) expect(await sessions({ [name]: value })).toStrictEqual([name]);
  });

  it("are all named together", async () => {
    const env: Env = { RELAY_SHARDS: "0", RELAY_IDLE_SECONDS: "0", SMTP_PORT: "25" };
    const names = await sessions(env);
    expect(Array.isArray(names) && names.toSorted()).toStrictEqual([
      "RELAY_IDLE_SECONDS",
      "RELAY_SHARDS",
      "SMTP_PORT",
    ]);
  });

  it("have a rate that every shard can have a part of", async () => {
    expect(await sessions({ RELAY_SHARDS: 4, RELAY_MAILS_PER_SECOND: 3 })).toStrictEqual([
      "RELAY_MAILS_PER_SECOND",
    ]);
    expect(await sessions({ RELAY_SHARDS: 4, RELAY_MAILS_PER_SECOND: 4 })).toMatchObject({
      mailsPerSecond: 4,
    });
  });
});
