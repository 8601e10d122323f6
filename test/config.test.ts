/** Env to Config: what is right, and every problem by name, all together, without values. */
import { describe, expect, it } from "vitest";

import { readConfig, readTokens } from "../src/config.ts";
import type { Env } from "../src/env.ts";
import { ED25519, pem, RSA } from "./mail/dkim/keys.ts";

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

const RSA_PEM = pem(RSA);
const ED25519_PEM = pem(ED25519);
const DKIM = { DKIM_DOMAIN: "example.com", DKIM_SELECTOR: "mail", DKIM_PRIVATE_KEY: RSA_PEM };

describe("DKIM keys", () => {
  const keysOf = async (env: object): Promise<unknown> => {
    const config = await readConfig({ ...BASE, ...env });
    if (!config.ok) return config.problems;
    return config.value.dkim.map(({ domain, selector, algorithm }) => ({
      domain,
      selector,
      algorithm,
    }));
  };
  const rsa = { domain: "example.com", selector: "mail", algorithm: "rsa-sha256" };
  const ed25519 = { domain: "example.com", selector: "ed", algorithm: "ed25519-sha256" };
  const list = [
    { domain: "example.com", selector: "mail", privateKey: RSA_PEM },
    { domain: "example.com", selector: "ed", privateKey: ED25519_PEM },
  ];

  it.each<[string, object, readonly object[]]>([
    ["none", {}, []],
    ["none, of empty settings", { DKIM_DOMAIN: "", DKIM_SELECTOR: " ", DKIM_KEYS: "" }, []],
    ["none, of an empty list", { DKIM_KEYS: "[]" }, []],
    ["one", DKIM, [rsa]],
    [
      "one, as JSON writes it",
      { ...DKIM, DKIM_PRIVATE_KEY: JSON.stringify(RSA_PEM).slice(1, -1) },
      [rsa],
    ],
    [
      "one, of its base64",
      { ...DKIM, DKIM_PRIVATE_KEY: RSA_PEM.split("\n").slice(1, -2).join("") },
      [rsa],
    ],
    [
      "one, from the Secrets Store",
      { ...DKIM, DKIM_PRIVATE_KEY: { get: async () => RSA_PEM } },
      [rsa],
    ],
    [
      "two",
      { ...DKIM, DKIM_SELECTOR: "mail ed", DKIM_PRIVATE_KEY: RSA_PEM + ED25519_PEM },
      [rsa, ed25519],
    ],
    [
      "two, on one line",
      {
        ...DKIM,
        DKIM_SELECTOR: "mail, ed",
        DKIM_PRIVATE_KEY: (RSA_PEM + ED25519_PEM).replaceAll("\n", String.raw`\n`),
      },
      [rsa, ed25519],
    ],
    [
      "two, as lists of wrangler.toml",
      { ...DKIM, DKIM_SELECTOR: ["mail", "ed"], DKIM_PRIVATE_KEY: [RSA_PEM, ED25519_PEM] },
      [rsa, ed25519],
    ],
    ["a list as JSON", { DKIM_KEYS: JSON.stringify(list) }, [rsa, ed25519]],
    ["a list of wrangler.toml", { DKIM_KEYS: list }, [rsa, ed25519]],
    ["a list, and then not the others", { DKIM_KEYS: list, DKIM_DOMAIN: "x y" }, [rsa, ed25519]],
    ["a list of one, without brackets", { DKIM_KEYS: JSON.stringify(list[0]) }, [rsa]],
  ])("are read: %s", async (_, env, wanted) => {
    expect(await keysOf(env)).toStrictEqual(wanted);
  });

  const two = { ...DKIM, DKIM_SELECTOR: "mail,ed", DKIM_PRIVATE_KEY: RSA_PEM + ED25519_PEM };
  it.each<[string, object, Readonly<Record<string, RegExp>>]>([
    [
      "a selector alone",
      { DKIM_SELECTOR: "secret7391" },
      { DKIM_DOMAIN: /^Missing/, DKIM_PRIVATE_KEY: /^Missing.*openssl genpkey.*secret put/ },
    ],
    [
      "a key alone",
      { DKIM_PRIVATE_KEY: RSA_PEM },
      { DKIM_DOMAIN: /^Missing/, DKIM_SELECTOR: /^Missing.*_domainkey/ },
    ],
    ["no domain", { ...DKIM, DKIM_DOMAIN: "secret7391_" }, { DKIM_DOMAIN: /^`DKIM_DOMAIN` must/ }],
    ["no domain of two keys", { ...two, DKIM_DOMAIN: "7391 x" }, { DKIM_DOMAIN: /^`DKIM_DOMAIN`/ }],
    [
      "no selector",
      { ...DKIM, DKIM_SELECTOR: "a;7391" },
      { DKIM_SELECTOR: /^`DKIM_SELECTOR` must/ },
    ],
    [
      "a bad second selector",
      { ...two, DKIM_SELECTOR: "mail,7391_" },
      { DKIM_SELECTOR: /^Key 2: `DKIM_SELECTOR` must/ },
    ],
    [
      "one selector twice",
      { ...two, DKIM_SELECTOR: "mail mail" },
      { DKIM_SELECTOR: /^Key 2: .*same/ },
    ],
    [
      "one selector for two",
      { ...two, DKIM_SELECTOR: "mail" },
      { DKIM_SELECTOR: /one selector for each/ },
    ],
    [
      "two selectors for one",
      { ...DKIM, DKIM_SELECTOR: "a b" },
      { DKIM_SELECTOR: /one selector for each/ },
    ],
    [
      "a selector of commas",
      { ...DKIM, DKIM_SELECTOR: "," },
      { DKIM_SELECTOR: /one selector for each/ },
    ],
    [
      "a key in another form",
      { ...DKIM, DKIM_PRIVATE_KEY: RSA.privateKey.export({ format: "pem", type: "pkcs1" }) },
      { DKIM_PRIVATE_KEY: /^`DKIM_PRIVATE_KEY` is PKCS#1.*openssl pkey/ },
    ],
    [
      "a second key in another form",
      {
        ...two,
        DKIM_PRIVATE_KEY:
          RSA_PEM + ED25519.publicKey.export({ format: "pem", type: "spki" }).toString(),
      },
      { DKIM_PRIVATE_KEY: /^Key 2: `DKIM_PRIVATE_KEY` is the public half/ },
    ],
    [
      "text before a key",
      { ...DKIM, DKIM_PRIVATE_KEY: `secret7391 ${RSA_PEM}` },
      { DKIM_PRIVATE_KEY: /nothing before or after/ },
    ],
    ["no JSON", { DKIM_KEYS: "secret7391" }, { DKIM_KEYS: /^Not JSON\. .*"privateKey"/ }],
    ["JSON of nothing", { DKIM_KEYS: "null" }, { DKIM_KEYS: /an object with `domain`/ }],
    [
      "a bad second key",
      { DKIM_KEYS: [list[0], { ...list[1], algorithm: "rsa-sha256" }] },
      { DKIM_KEYS: /^Key 2: `algorithm` is `rsa-sha256`/ },
    ],
  ])("are refused by the name of the variable: %s", async (_, env, wanted) => {
    const problems = await problemsOf({ ...BASE, ...env });
    expect(Object.keys(problems).toSorted()).toStrictEqual(Object.keys(wanted).toSorted());
    for (const [name, detail] of Object.entries(wanted)) expect(problems[name]).toMatch(detail);
    expect(JSON.stringify(problems)).not.toMatch(/7391|MII|MC4/);
  });

  it("have each problem told once", async () => {
    const config = await readConfig({ ...BASE, ...two, DKIM_DOMAIN: "?" });
    expect(config.ok ? [] : config.problems).toHaveLength(1);
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
      /unknown option. Those of a relay are host, port/,
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
    expect(await readTokens({ API_TOKENS } as Env)).toStrictEqual({
      ok: true,
      value: value.map((secret) => ({ secret, rights: new Set(["send", "read"]) })),
    });
  });

  it.each<[string, Env, RegExp]>([
    ["none", {}, /Missing: nobody may send.*openssl rand -hex 32.*secret put API_TOKENS/],
    ["an empty one", { API_TOKENS: "" }, /Missing/],
    ["only commas", { API_TOKENS: " , ,\n" }, /Missing/],
    ["an empty list", { API_TOKENS: [] }, /Missing/],
    ["a table", { API_TOKENS: { name: "a", token: TOKEN } }, /^It begins like/],
    ["texts in a text", { API_TOKENS: [`"${TOKEN}"`, TOKEN] }, /^It begins like/],
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
