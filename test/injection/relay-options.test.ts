/**
 * Every string of a relay's options with every hostile value: refused with the option named, or harmless
 * on the wire. Credentials may be any text: they go out in base64, whole, and in no other way.
 */
import { describe, expect, it } from "vitest";

import { Mailer } from "../../src/mailer.ts";
import { parseRelay } from "../../src/relay-options.ts";
import type { RelayOptions } from "../../src/relay-options.ts";
import { HOSTILE } from "./hostile.ts";
import { CooperativeRelay, type Wire } from "./relay.ts";

const MAIL = { from: "ann@example.com", to: "bob@example.org", text: "Hi" };
const HOST = "smtp.example.com";
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const MAIL_LINES = ["MAIL FROM:<ann@example.com>", "RCPT TO:<bob@example.org>", "DATA"];

/** A mail by this relay, which offers these mechanisms over STARTTLS. */
async function sendBy(options: Partial<RelayOptions> | string, mechanisms: string): Promise<Wire> {
  const relay = new CooperativeRelay(["STARTTLS", `AUTH ${mechanisms}`]);
  const given = typeof options === "string" ? options : { host: HOST, ...options };
  const mailer = new Mailer({ relay: given, connect: relay.connect });
  await mailer.submit(MAIL);
  await mailer.close();
  expect(relay.octets).not.toMatch(/\r(?!\n)|(?<!\r)\n|\0/);
  for (const line of relay.commands) expect(line).toMatch(/^[ -~]{1,12286}$/);
  return relay;
}

/** What is written between the second EHLO and MAIL or QUIT: AUTH and its answers. */
function authLines({ commands }: Wire): readonly string[] {
  const [first, startTls, second, ...rest] = commands;
  expect([first, startTls, second]).toStrictEqual([
    expect.stringMatching(/^EHLO [[\]A-Za-z0-9.-]+$/),
    "STARTTLS",
    first,
  ]);
  const end = rest.findIndex((line) => line.startsWith("MAIL ") || line === "QUIT");
  expect([MAIL_LINES.concat("QUIT"), ["QUIT"]]).toContainEqual(rest.slice(end));
  return rest.slice(0, end);
}

/** AUTH with its response, or without it where the line would be too long. */
function withResponse(mechanism: string, response: string): readonly string[] {
  const line = `AUTH ${mechanism} ${response}`;
  return line.length <= 510 ? [line] : [`AUTH ${mechanism}`, response];
}

const isUnsendable = (text: string): boolean => /\p{Cc}/u.test(text);

/** The lines of AUTH, or patterns for what is random in them; none where nothing may be sent. */
const EXCHANGES: Readonly<
  Record<string, (username: string, secret: string) => readonly (string | RegExp)[]>
> = {
  PLAIN: (username, secret) => withResponse("PLAIN", base64(`\0${username}\0${secret}`)),
  LOGIN: (username, secret) => ["AUTH LOGIN", base64(username), base64(secret)],
  "CRAM-MD5": () => ["AUTH CRAM-MD5", /^[A-Za-z0-9+/]+=*$/],
  XOAUTH2: (username, secret) =>
    isUnsendable(username) || !/^[!-~]+$/.test(secret)
      ? []
      : withResponse("XOAUTH2", base64(`user=${username}\x01auth=Bearer ${secret}\x01\x01`)),
};

describe.each(Object.entries(EXCHANGES))("credentials by %s", (mechanism, exchange) => {
  const isToken = mechanism === "XOAUTH2";
  const given = (username: string, secret: string): Partial<RelayOptions> => ({
    username,
    ...(isToken ? { accessToken: secret } : { password: secret }),
    authMethods: [mechanism],
    ehloName: "client.example.com",
  });

  it.each([{ label: "clean", of: (clean: string) => clean }, ...HOSTILE])(
    "are base64 or nothing: $label",
    async ({ of }) => {
      for (const [username, secret] of [
        [of("ann"), "secret"],
        ["ann", of("secret")],
      ] as const) {
        const options = given(username, secret);
        if (`${username}${secret}`.includes("\0")) {
          const relay = parseRelay({ host: HOST, ...options });
          const pointers = relay.ok ? [] : relay.problems.map(({ pointer }) => pointer);
          expect(pointers).toStrictEqual([
            expect.stringMatching(/^\/(?:username|password|accessToken)$/),
          ]);
          continue;
        }
        const wire = await sendBy(options, mechanism);
        const lines = exchange(username, secret);
        expect(authLines(wire)).toStrictEqual(
          lines.map((line): unknown =>
            typeof line === "string" ? line : expect.stringMatching(line),
          ),
        );
        expect(wire.contents).toHaveLength(lines.length === 0 ? 0 : 1);
      }
    },
  );
});

describe("credentials by SCRAM-SHA-256", () => {
  it.each(HOSTILE)("are one message of their own grammar, or nothing: $label", async ({ of }) => {
    const username = of("ann");
    if (username.includes("\0")) return;
    const options = { username, password: "secret", ehloName: "client.example.com" };
    const lines = authLines(await sendBy(options, "SCRAM-SHA-256"));
    const response = lines.join(" ").replace("AUTH SCRAM-SHA-256 ", "");
    const message = Buffer.from(response, "base64").toString("utf8");
    expect(message).toMatch(/^(?:n,,n=(?:[^,=\p{Cc}]|=2C|=3D)+,r=[A-Za-z0-9+/]{24})?$/u);
    expect(message === "").toBe(/[\p{Cc}\p{Cs}\u200e\u200f\u2028-\u202e]/u.test(username));
  });
});

describe("a token that is fetched", () => {
  it.each(HOSTILE)("is checked as one that is given: $label", async ({ of }) => {
    const token = of("secret");
    const options = { username: "ann", accessToken: () => token, authMethods: ["OAUTHBEARER"] };
    const isSendable = /^[!-~]+$/.test(token);
    const wire = await sendBy(options, "OAUTHBEARER");
    expect(authLines(wire)).toHaveLength(isSendable ? authLength(token) : 0);
    expect(wire.contents).toHaveLength(isSendable ? 1 : 0);
  });
});

const authLength = (token: string): number => (token.length > 300 ? 2 : 1);

const NAMES: readonly (readonly [string, string, (value: string) => object, readonly string[]])[] =
  [
    ["host", HOST, (host) => ({ host }), []],
    ["host", "192.0.2.1", (host) => ({ host, security: "none" }), ["a dot"]],
    ["host", "[2001:db8::1]", (host) => ({ host, security: "none" }), ["a dot"]],
    ["ehloName", "mail.example.com", (ehloName) => ({ host: HOST, ehloName }), []],
    ["ehloName", "[192.0.2.1]", (ehloName) => ({ host: HOST, ehloName }), []],
    ["security", "tls", (security) => ({ host: HOST, security }), []],
    ["authMethods", "PLAIN", (method) => ({ host: HOST, authMethods: [method] }), []],
  ];

describe.each(NAMES)("%s, as %s", (name, clean, options, takes) => {
  it("is taken where it is clean", () => {
    expect(parseRelay(options(clean))).toMatchObject({ ok: true });
  });

  it.each(HOSTILE.filter(({ label }) => !takes.includes(label)))(
    "is refused by name: $label",
    ({ of }) => {
      const relay = parseRelay(options(of(clean)), "/relay");
      const problems = relay.ok ? [] : relay.problems;
      expect(problems.map(({ pointer }) => pointer)).toStrictEqual([`/relay/${name}`]);
      expect(JSON.stringify(problems)).not.toMatch(/eve|evil|\\[rn]/);
    },
  );
});

describe("disableExtensions", () => {
  it.each(HOSTILE)("is a list of keywords, or refused: $label", ({ of }) => {
    const keyword = of("STARTTLS");
    const relay = parseRelay({ host: HOST, disableExtensions: [keyword] });
    if (relay.ok) expect(relay.value.disableExtensions).toStrictEqual([keyword]);
    else expect(relay.problems.map(({ pointer }) => pointer)).toStrictEqual(["/disableExtensions"]);
    expect(relay.ok).toBe(/^[A-Za-z0-9-]+$/.test(keyword));
  });
});

describe("a URL", () => {
  it.each(HOSTILE)("brings credentials whole, percent-encoded: $label", async ({ of }) => {
    const secret = of("secret");
    if (!secret.isWellFormed() || secret.includes("\0")) return;
    const url = `smtp://ann:${encodeURIComponent(secret)}@${HOST}`;
    expect(parseRelay(url)).toMatchObject({
      ok: true,
      value: { credentials: { password: secret } },
    });
    expect(authLines(await sendBy(url, "PLAIN"))).toStrictEqual(
      withResponse("PLAIN", base64(`\0ann\0${secret}`)),
    );
  });

  it.each(HOSTILE)("names a host that is one, whatever is in it: $label", ({ of }) => {
    const relay = parseRelay(`smtp://${of(HOST)}`);
    if (relay.ok) expect(relay.value.host).toMatch(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/);
  });
});
