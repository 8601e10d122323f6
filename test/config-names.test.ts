/** A secret where a name belongs: GET /health, which is public, must not repeat it. */
import { expect, it } from "vitest";

import { readConfig, readTokens } from "../src/config.ts";
import type { Env, SettingName } from "../src/env.ts";

const SLIPPED = "hunter2-secret-7391";

async function problemsOf(env: Env): Promise<string> {
  const read = await Promise.all([readTokens(env), readConfig(env)]);
  return JSON.stringify(read.map((result) => (result.ok ? [] : result.problems)));
}

it.each<[SettingName, unknown, string]>([
  ["API_TOKENS", [{ [SLIPPED]: "shop" }], "Token 1: There is an unknown field"],
  ["API_TOKENS", [{ name: "shop", token: SLIPPED, [SLIPPED]: 1 }], "`name`, `token`"],
  ["API_TOKENS", [{ name: "shop", token: SLIPPED, senders: { [SLIPPED]: 1 } }], "must be a string"],
  ["WEBHOOKS", [{ [SLIPPED]: 1 }], "Webhook 1: There is an unknown field"],
  ["RELAYS", [{ [SLIPPED]: 1 }], "Relay 1: There is an unknown option"],
  ["RELAYS", { host: "smtp.example.com", [`${SLIPPED}/~\n`]: 1 }, "host, port, security"],
  ["RELAYS", { host: "smtp.example.com", timeouts: { [SLIPPED]: 1 } }, "milliseconds"],
  ["RELAYS", [`smtps://user:password@smtp.example.com?${SLIPPED}=1`], "Relay 1: "],
  ["DKIM_KEYS", [{ [SLIPPED]: 1 }], "Key 1: There is an unknown option"],
])("%s does not tell it: %j", async (name, value, detail) => {
  const problems = await problemsOf({ [name]: JSON.stringify(value) });
  expect(problems).toContain(detail);
  expect(problems).not.toContain("7391");
});
