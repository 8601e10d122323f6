/** Env to Config: what is right, and every problem by name, all together, without values. */
import { describe, expect, it } from "vitest";

import { readConfig, readTokens } from "../src/config.ts";
import type { Env } from "../src/env.ts";

const TOKEN = "0123456789abcdef";
const BASE = { SMTP_HOST: "smtp.example.com" };
const MAIL_QUEUE = {} as NonNullable<Env["MAIL_QUEUE"]>;

async function problemsOf(env: Env): Promise<Record<string, string>> {
  const config = await readConfig(env);
  if (config.ok) return {};
  return Object.fromEntries(config.problems.map(({ name, detail }) => [name, detail]));
}

describe("a configuration", () => {
  it("needs only the relay's name", async () => {
    expect(await readConfig(BASE)).toMatchObject({
      ok: true,
      value: {
        relays: [{ host: "smtp.example.com", port: 587, security: "starttls" }],
        delivery: "direct",
        unknown: "retry",
        logLevel: "info",
      },
    });
  });

  it.each<[string, Env, object]>([
    ["port 465 is implicit TLS", { SMTP_PORT: "465" }, { port: 465, security: "tls" }],
    ["a port may be a number", { SMTP_PORT: 2525 }, { port: 2525, security: "starttls" }],
    ["security decides the port", { SMTP_SECURITY: "tls" }, { port: 465, security: "tls" }],
    [
      "space around a value is not part of it",
      { SMTP_USERNAME: " ann ", SMTP_PASSWORD: "secret\n" },
      { credentials: { username: "ann", password: "secret" } },
    ],
    ["an empty value is none", { SMTP_USERNAME: "", SMTP_PASSWORD: "  " }, { port: 587 }],
    ["an EHLO name", { SMTP_EHLO_NAME: "mail.example.com" }, { ehloName: "mail.example.com" }],
    [
      "a number may be a password",
      { SMTP_USERNAME: "a", SMTP_PASSWORD: 1234 },
      { credentials: { username: "a", password: "1234" } },
    ],
  ])("%s", async (_, env, relay) => {
    expect(await readConfig({ ...BASE, ...env })).toMatchObject({ value: { relays: [relay] } });
  });

  it.each<[string, Env["RELAYS"]]>([
    ["as JSON", '[{ "host": "a.example.com", "port": 465 }, "smtp://ann:p%40ss@b.example.com"]'],
    [
      "as a list of wrangler.toml",
      [{ host: "a.example.com", port: 465 }, "smtp://ann:p%40ss@b.example.com"],
    ],
    [
      "from the Secrets Store",
      {
        get: async () => '[{"host":"a.example.com","port":465},"smtp://ann:p%40ss@b.example.com"]',
      },
    ],
  ])("takes RELAYS %s, and then not SMTP_*", async (_, RELAYS) => {
    const config = await readConfig({ ...BASE, SMTP_PORT: "x", RELAYS } as Env);
    expect(config).toMatchObject({
      ok: true,
      value: {
        relays: [
          { host: "a.example.com", port: 465, security: "tls" },
          { host: "b.example.com", port: 587, credentials: { username: "ann", password: "p@ss" } },
        ],
      },
    });
  });

  it("takes choices, and lists of addresses and domains", async () => {
    const config = await readConfig({
      ...BASE,
      MAIL_QUEUE,
      DELIVERY: "queue",
      UNKNOWN: "fail",
      LOG_LEVEL: "none",
      ALLOWED_SENDERS: "ann@Example.COM,\n example.org  @sub.example.org,*@bücher.example.net",
    });
    expect(config).toMatchObject({
      ok: true,
      value: {
        delivery: "queue",
        unknown: "fail",
        logLevel: "none",
        allowedSenders: {
          addresses: new Set(["ann@example.com"]),
          domains: new Set(["example.org", "sub.example.org", "xn--bcher-kva.example.net"]),
        },
      },
    });
    expect(config.ok && config.value.allowedRecipients).toBeUndefined();
  });
});

describe("a problem", () => {
  it.each<[string, Env, string, RegExp]>([
    [
      "no relay",
      { SMTP_HOST: undefined } as unknown as Env,
      "SMTP_HOST",
      /Missing.*\[vars\].*secret put SMTP_HOST/,
    ],
    ["an empty relay", { SMTP_HOST: " " }, "SMTP_HOST", /Missing/],
    ["a URL for a name", { SMTP_HOST: "smtp://secret7391.example.com" }, "SMTP_HOST", /DNS name/],
    ["an IP address", { SMTP_HOST: "192.0.2.73" }, "SMTP_HOST", /DNS name/],
    ["a line break in it", { SMTP_HOST: "smtp.example.com\r\nRSET" }, "SMTP_HOST", /DNS name/],
    ["a port in words", { SMTP_PORT: "abc" }, "SMTP_PORT", /587.*465/],
    ["a port in hexadecimal", { SMTP_PORT: "0x24b" }, "SMTP_PORT", /587/],
    ["a port with a fraction", { SMTP_PORT: "587.5" }, "SMTP_PORT", /587/],
    ["a port too high", { SMTP_PORT: "65536" }, "SMTP_PORT", /587/],
    ["port 0", { SMTP_PORT: "0" }, "SMTP_PORT", /587/],
    ["port 25", { SMTP_PORT: "25" }, "SMTP_PORT", /25 is closed.*587/],
    ["no such security", { SMTP_SECURITY: "ssl" }, "SMTP_SECURITY", /`starttls`, `tls` or `none`/],
    ["STARTTLS on 465", { SMTP_PORT: "465", SMTP_SECURITY: "starttls" }, "SMTP_SECURITY", /465/],
    [
      "only a user name",
      { SMTP_USERNAME: "user7391" },
      "SMTP_PASSWORD",
      /Missing `SMTP_PASSWORD`.*`SMTP_USERNAME`/,
    ],
    ["only a password", { SMTP_PASSWORD: "pass7391" }, "SMTP_USERNAME", /Missing `SMTP_USERNAME`/],
    [
      "credentials without TLS",
      { SMTP_USERNAME: "a", SMTP_PASSWORD: "pass7391", SMTP_SECURITY: "none" },
      "SMTP_SECURITY",
      /without TLS/,
    ],
    [
      "a NUL in the password",
      { SMTP_USERNAME: "a", SMTP_PASSWORD: "pass\u00007391" },
      "SMTP_PASSWORD",
      /NUL/,
    ],
    ["a bad EHLO name", { SMTP_EHLO_NAME: "a b" }, "SMTP_EHLO_NAME", /`SMTP_EHLO_NAME`/],
    ["RELAYS that is no JSON", { RELAYS: "smtp.example.com:7391" }, "RELAYS", /^Not JSON\./],
    ["RELAYS of nobody", { RELAYS: "[]" }, "RELAYS", /at least one/],
    ["RELAYS null", { RELAYS: "null" }, "RELAYS", /`host`/],
    ["RELAYS that are numbers", { RELAYS: "[7391]" }, "RELAYS", /Relay 1: .*`host`/],
    [
      "a bad second relay",
      { RELAYS: '[{"host":"a.example.com"},{"host":"b.example.com","port":"7391"}]' },
      "RELAYS",
      /Relay 2: `port`/,
    ],
    [
      "an unknown option of a relay",
      { RELAYS: '{"host":"a.example.com","pass":"secret7391"}' },
      "RELAYS",
      /`pass`/,
    ],
    [
      "port 25 in RELAYS",
      { RELAYS: '["smtp://secret7391.example.com:25"]' },
      "RELAYS",
      /Relay 1: Port 25 is closed/,
    ],
    ["no such delivery", { DELIVERY: "Queue7391" }, "DELIVERY", /`direct` or `queue`/],
    ["a queue without a queue", { DELIVERY: "queue" }, "MAIL_QUEUE", /wrangler\.toml/],
    ["no such policy", { UNKNOWN: "7391" }, "UNKNOWN", /`retry` or `fail`/],
    ["no such level", { LOG_LEVEL: "verbose7391" }, "LOG_LEVEL", /`debug`.*`none`/],
    [
      "a sender that is none",
      { ALLOWED_SENDERS: "example.org, secret7391@@" },
      "ALLOWED_SENDERS",
      /Entry 2/,
    ],
    [
      "a wildcard",
      { ALLOWED_RECIPIENTS: "*.secret7391.example.org" },
      "ALLOWED_RECIPIENTS",
      /Entry 1/,
    ],
    [
      "an address with a name",
      { ALLOWED_SENDERS: "<secret7391@example.org>" },
      "ALLOWED_SENDERS",
      /Entry 1/,
    ],
    [
      "a secret its store lacks",
      { SMTP_PASSWORD: { get: async () => Promise.reject(new Error("7391")) } },
      "SMTP_PASSWORD",
      /binding/,
    ],
  ])("has the name of the variable and no value: %s", async (_, env, name, detail) => {
    const problems = await problemsOf({ ...BASE, ...env });
    expect(Object.keys(problems)).toStrictEqual([name]);
    expect(problems[name]).toMatch(detail);
    expect(problems[name]).not.toMatch(/7391/);
  });

  it("does not hide the others", async () => {
    const problems = await problemsOf({
      SMTP_PORT: "abc",
      SMTP_SECURITY: "ssl",
      SMTP_USERNAME: "a",
      DELIVERY: "queue",
      UNKNOWN: "?",
      LOG_LEVEL: "?",
      ALLOWED_SENDERS: "?",
      ALLOWED_RECIPIENTS: "?",
    });
    expect(Object.keys(problems).toSorted()).toStrictEqual([
      "ALLOWED_RECIPIENTS",
      "ALLOWED_SENDERS",
      "LOG_LEVEL",
      "MAIL_QUEUE",
      "SMTP_HOST",
      "SMTP_PASSWORD",
      "SMTP_PORT",
      "SMTP_SECURITY",
      "UNKNOWN",
    ]);
  });

  it("is there for each relay and each entry", async () => {
    const config = await readConfig({
      RELAYS: '[{"port":0},{"host":"a b"}]',
      ALLOWED_SENDERS: "?,!",
    });
    expect(config.ok ? [] : config.problems.map(({ name }) => name)).toStrictEqual([
      ...Array(3).fill("RELAYS"),
      ...Array(2).fill("ALLOWED_SENDERS"),
    ]);
  });
});

describe("tokens", () => {
  const other = "fedcba9876543210";
  it.each<[string, Env["API_TOKENS"], readonly string[]]>([
    ["one", TOKEN, [TOKEN]],
    ["several", `${TOKEN}, ${other}\n`, [TOKEN, other]],
    ["a list of wrangler.toml", [TOKEN, other], [TOKEN, other]],
    ["from the Secrets Store", { get: async () => `${TOKEN}\n` }, [TOKEN]],
  ])("are read: %s", async (_, API_TOKENS, value) => {
    expect(await readTokens({ API_TOKENS } as Env)).toStrictEqual({ ok: true, value });
  });

  it.each<[string, Env, RegExp]>([
    ["none", {}, /Missing: nobody may send.*openssl rand -hex 32.*secret put API_TOKENS/],
    ["an empty one", { API_TOKENS: "" }, /Missing/],
    ["only commas", { API_TOKENS: " , ,\n" }, /Missing/],
    ["an empty list", { API_TOKENS: [] }, /Missing/],
    ["a short one among them", { API_TOKENS: `${TOKEN},short7391` }, /at least 16/],
    [
      "a store that fails",
      { API_TOKENS: { get: async () => Promise.reject(new Error("7391")) } },
      /binding/,
    ],
    ["a store without it", { API_TOKENS: { get: async () => undefined } }, /Missing/],
  ])("are refused by name: %s", async (_, env, detail) => {
    const tokens = await readTokens(env);
    const problems = tokens.ok ? [] : tokens.problems;
    expect(problems).toStrictEqual([{ name: "API_TOKENS", detail: expect.stringMatching(detail) }]);
    expect(JSON.stringify(problems)).not.toMatch(/7391/);
  });
});
