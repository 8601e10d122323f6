/** Webhooks: one by variables, or a JSON list. */
import { describe, expect, it } from "vitest";

import type { SettingName } from "../src/env.ts";
import { EVENT_TYPES } from "../src/mail-event.ts";
import { parseWebhooks } from "../src/webhook-config.ts";

const URL_ = "https://app.example.com/mail";
const OCTETS = new Uint8Array(32).fill(7);
const SECRET = `whsec_${Buffer.from(OCTETS).toString("base64")}`;

function parse(settings: Partial<Record<SettingName, string>>): ReturnType<typeof parseWebhooks> {
  return parseWebhooks(new Map(Object.entries(settings) as [SettingName, string][]));
}

function problemsOf(settings: Partial<Record<SettingName, string>>) {
  const parsed = parse(settings);
  if (parsed.ok) throw new Error("there should be problems");
  return parsed.problems;
}

it("are none where nothing is set", () => {
  expect(parse({})).toStrictEqual({ ok: true, value: [] });
});

describe("by variables", () => {
  it("hear of everything, or of what is chosen", () => {
    const one = { WEBHOOK_URL: URL_, WEBHOOK_SECRET: SECRET };
    expect(parse(one)).toStrictEqual({
      ok: true,
      value: [{ url: URL_, secret: OCTETS, events: new Set(EVENT_TYPES) }],
    });
    const some = { ...one, WEBHOOK_EVENTS: " email.bounced,\nemail.sent,email.sent " };
    expect(parse(some)).toMatchObject({
      ok: true,
      value: [{ events: new Set(["email.sent", "email.bounced"]) }],
    });
  });

  it.each([
    ["no secret", { WEBHOOK_SECRET: "" }, "WEBHOOK_SECRET"],
    ["a secret of another kind", { WEBHOOK_SECRET: "7391" }, "WEBHOOK_SECRET"],
    ["a short one", { WEBHOOK_SECRET: "whsec_c2hvcnQ=" }, "WEBHOOK_SECRET"],
    ["a long one", { WEBHOOK_SECRET: `whsec_${"A".repeat(88)}` }, "WEBHOOK_SECRET"],
    ["one that is no base64", { WEBHOOK_SECRET: `whsec_${"%".repeat(40)}` }, "WEBHOOK_SECRET"],
    ["an unknown event", { WEBHOOK_EVENTS: "email.delivered" }, "WEBHOOK_EVENTS"],
    ["an event of every object", { WEBHOOK_EVENTS: "toString" }, "WEBHOOK_EVENTS"],
    ["no URL", { WEBHOOK_URL: "app.example.com" }, "WEBHOOK_URL"],
    ["HTTP in the clear", { WEBHOOK_URL: "http://app.example.com" }, "WEBHOOK_URL"],
    [
      "a host that begins as localhost",
      { WEBHOOK_URL: "http://localhost.example.com" },
      "WEBHOOK_URL",
    ],
    ["a password", { WEBHOOK_URL: "https://a:7391@app.example.com" }, "WEBHOOK_URL"],
    ["another scheme", { WEBHOOK_URL: "javascript:alert(7391)" }, "WEBHOOK_URL"],
  ])("refuse %s by the name of the variable", (_, more, name) => {
    const problems = problemsOf({ WEBHOOK_URL: URL_, WEBHOOK_SECRET: SECRET, ...more });
    expect(problems.map((problem) => problem.name)).toStrictEqual([name]);
    expect(JSON.stringify(problems)).not.toContain("7391");
  });

  it.each(["http://localhost:8788/x", "http://127.0.0.1/x"])("take %s, for development", (url) => {
    expect(parse({ WEBHOOK_URL: url, WEBHOOK_SECRET: SECRET }).ok).toBe(true);
  });

  it("are none without a URL, so that secrets can be set first", () => {
    expect(parse({ WEBHOOK_SECRET: SECRET, WEBHOOK_EVENTS: "x" })).toStrictEqual({
      ok: true,
      value: [],
    });
  });
});

describe("by a list", () => {
  it("are several, each with its own", () => {
    const list = [
      { url: URL_, secret: SECRET, events: "email.sent" },
      { url: `${URL_}/2`, secret: SECRET, events: [] },
    ];
    const parsed = parse({ WEBHOOKS: JSON.stringify(list) });
    expect(parsed).toMatchObject({
      ok: true,
      value: [
        { url: URL_, events: new Set(["email.sent"]) },
        { url: `${URL_}/2`, events: new Set(EVENT_TYPES) },
      ],
    });
  });

  it.each([
    ["no JSON", "[", "Not a JSON list"],
    ["an object", "{}", "Not a JSON list"],
    ["a text in it", '["x"]', "Webhook 1: It must be an object"],
    [
      "an unknown field",
      `[{"url":"${URL_}","secret":"${SECRET}","x":1}]`,
      "The fields are `url`, `secret`",
    ],
    ["__proto__", `[{"__proto__":{"url":"${URL_}"}}]`, "an unknown field"],
    ["too many", JSON.stringify(Array.from({ length: 11 }, () => ({}))), "at most 10"],
    ["no URL", `[{"secret":"${SECRET}"}]`, "Webhook 1: It must be an `https://` URL"],
    ["no secret", `[{"url":"${URL_}"}]`, "Webhook 1: It must be `whsec_`"],
    [
      "a URL twice, since an event finds its webhook by it",
      JSON.stringify([
        { url: URL_, secret: SECRET },
        { url: URL_, secret: SECRET },
      ]),
      "twice",
    ],
  ])("refuse %s", (_, WEBHOOKS, detail) => {
    const problems = problemsOf({ WEBHOOKS });
    expect(problems.every(({ name }) => name === "WEBHOOKS")).toBe(true);
    expect(problems.map((problem) => problem.detail).join("\n")).toContain(detail);
    expect(JSON.stringify(problems)).not.toContain(SECRET);
  });

  it("stand in place of the variables", () => {
    const WEBHOOKS = JSON.stringify([{ url: `${URL_}/2`, secret: SECRET }]);
    const both = parse({ WEBHOOKS, WEBHOOK_URL: URL_, WEBHOOK_SECRET: SECRET });
    expect(both).toMatchObject({ ok: true, value: [{ url: `${URL_}/2` }] });
  });
});
