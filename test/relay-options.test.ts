/** Options and URLs of a relay: what they mean, and what is refused, without a credential in the reason. */
import { describe, expect, it } from "vitest";

import { labelOf, parseRelay } from "../src/relay-options.ts";

const HOST = "smtp.example.com";

function pointersOf(input: unknown): readonly string[] {
  const relay = parseRelay(input, "/relay");
  return relay.ok ? [] : relay.problems.map(({ pointer }) => pointer);
}

describe("options", () => {
  it("need only the host; STARTTLS is required, on 587", () => {
    expect(parseRelay({ host: HOST })).toStrictEqual({
      ok: true,
      value: {
        host: HOST,
        port: 587,
        security: "starttls",
        ehloName: "[127.0.0.1]",
        timeouts: {},
        disableExtensions: [],
        window: 20,
        allowInsecureAuth: false,
      },
    });
  });

  it.each<[string, object, object]>([
    ["465 is implicit TLS", { port: 465 }, { port: 465, security: "tls" }],
    ["implicit TLS is 465", { security: "tls" }, { port: 465, security: "tls" }],
    ["implicit TLS elsewhere", { security: "tls", port: 2465 }, { port: 2465, security: "tls" }],
    ["no TLS on 465, for who says so", { security: "none", port: 465 }, { security: "none" }],
    ["2525 is STARTTLS", { port: 2525 }, { port: 2525, security: "starttls" }],
    ["null is absent", { port: null, username: null }, { port: 587 }],
    ["undefined is absent", { security: undefined }, { security: "starttls" }],
    ["an EHLO name", { ehloName: "[192.0.2.1]" }, { ehloName: "[192.0.2.1]" }],
    [
      "an EHLO name of the user's domain",
      { username: "ann@example.org", password: "secret" },
      { ehloName: "example.org" },
    ],
    [
      "none of a user without one",
      { username: "ann@ex ample", password: "secret" },
      { ehloName: "[127.0.0.1]" },
    ],
    ["methods in small letters", { authMethods: ["plain"] }, { mechanisms: [{ name: "PLAIN" }] }],
    [
      "credentials in the clear, by leave",
      { security: "none", username: "a", password: "secret", allowInsecureAuth: true },
      { allowInsecureAuth: true },
    ],
    ["mails one by one", { window: 1 }, { window: 1 }],
    ["timeouts", { timeouts: { connect: 5, quit: undefined } }, { timeouts: { connect: 5 } }],
    ["an IP address without TLS", { host: "127.0.0.1", security: "none" }, { host: "127.0.0.1" }],
    ["IPv6 without TLS", { host: "[::1]", security: "none" }, { host: "[::1]" }],
  ])("%s", (_, options, wanted) => {
    expect(parseRelay({ host: HOST, ...options })).toMatchObject({ ok: true, value: wanted });
  });
});

describe("a URL", () => {
  it.each<[string, object]>([
    ["smtp://smtp.example.com", { host: HOST, port: 587, security: "starttls" }],
    ["smtps://smtp.example.com", { host: HOST, port: 465, security: "tls" }],
    ["SMTPS://SMTP.Example.COM/", { host: HOST, port: 465, security: "tls" }],
    ["smtp://smtp.example.com:465", { port: 465, security: "tls" }],
    ["smtp://smtp.example.com:2525", { port: 2525, security: "starttls" }],
    ["smtps://smtp.example.com:587", { port: 587, security: "tls" }],
    ["smtps://smtp.example.com:443/", { port: 443, security: "tls" }],
    [
      "smtp://ann:secret@smtp.example.com",
      { credentials: { username: "ann", password: "secret" } },
    ],
    [
      "smtp://ann%40example.org:p%40%3A%2F%25%20s@smtp.example.com",
      { credentials: { username: "ann@example.org", password: "p@:/% s" } },
    ],
    ["smtp://ann:100%@smtp.example.com", { credentials: { username: "ann", password: "100%" } }],
    ["smtp://ann:%C3%BC+x@smtp.example.com", { credentials: { username: "ann", password: "ü+x" } }],
    ["smtp://bücher.example.com", { host: "xn--bcher-kva.example.com" }],
  ])("%s", (url, wanted) => {
    expect(parseRelay(url)).toMatchObject({ ok: true, value: wanted });
  });

  it.each<[string, readonly string[]]>([
    ["", ["/relay"]],
    ["smtp.example.com", ["/relay"]],
    ["https://smtp.example.com", ["/relay"]],
    ["smtp:smtp.example.com", ["/relay"]],
    ["smtp://", ["/relay"]],
    ["smtp://smtp.example.com:99999", ["/relay"]],
    ["smtp://smtp.example.com/path", ["/relay"]],
    ["smtp://smtp.example.com?pool=true", ["/relay"]],
    ["smtp://smtp.example.com#x", ["/relay"]],
    ["smtp://smtp.example.com:0", ["/relay/port"]],
    ["smtp://ann:secret7391@192.0.2.1", ["/relay/host"]],
    ["smtp://ann:secret7391@[2001:db8::1]:587", ["/relay/host"]],
    ["smtp://ann@smtp.example.com", ["/relay/password"]],
    ["smtp://:secret7391@smtp.example.com", ["/relay/username"]],
    ["smtp://ann:a%00secret7391@smtp.example.com", ["/relay/password"]],
    ["smtp://2130706433", ["/relay/host"]],
    ["smtp://0x7f.1", ["/relay/host"]],
  ])("that is refused: %s", (url, pointers) => {
    expect(pointersOf(url)).toStrictEqual(pointers);
    expect(JSON.stringify(parseRelay(url))).not.toContain("7391");
  });
});

describe("what is refused", () => {
  it.each<[string, unknown, readonly string[]]>([
    ["nothing", undefined, ["/relay"]],
    ["null", null, ["/relay"]],
    ["a list", [], ["/relay"]],
    ["a number", 587, ["/relay"]],
    ["no host", {}, ["/relay/host"]],
    ["an inherited host", Object.create({ host: HOST }), ["/relay/host"]],
    ["an unknown option", { host: HOST, tls: {} }, ["/relay/tls"]],
    ["__proto__", JSON.parse('{"host":"smtp.example.com","__proto__":{}}'), ["/relay/__proto__"]],
    ["a host with a port", { host: "smtp.example.com:587" }, ["/relay/host"]],
    ["a host with a scheme", { host: "smtp://smtp.example.com" }, ["/relay/host"]],
    ["a host with a path", { host: "smtp.example.com/x" }, ["/relay/host"]],
    ["a host in Unicode", { host: "bücher.example.com" }, ["/relay/host"]],
    ["a host of dots", { host: "..." }, ["/relay/host"]],
    ["a host with CR LF", { host: "smtp.example.com\r\nRSET" }, ["/relay/host"]],
    ["a host with CR LF, no TLS", { host: "1.1\r\n", security: "none" }, ["/relay/host"]],
    ["a host with NUL", { host: "smtp.example.com\0" }, ["/relay/host"]],
    ["an IP address with TLS", { host: "127.0.0.1", security: "tls" }, ["/relay/host"]],
    ["IPv6 with TLS", { host: "::1" }, ["/relay/host"]],
    ["a port as text", { host: HOST, port: "587" }, ["/relay/port"]],
    ["port NaN", { host: HOST, port: Number.NaN }, ["/relay/port"]],
    ["port 0", { host: HOST, port: 0 }, ["/relay/port"]],
    ["port 65536", { host: HOST, port: 65_536 }, ["/relay/port"]],
    ["opportunistic TLS", { host: HOST, security: "opportunistic" }, ["/relay/security"]],
    ["STARTTLS on 465", { host: HOST, port: 465, security: "starttls" }, ["/relay/security"]],
    ["a user alone", { host: HOST, username: "ann" }, ["/relay/password"]],
    ["a password alone", { host: HOST, password: "secret7391" }, ["/relay/username"]],
    [
      "a NUL in the user name",
      { host: HOST, username: "a\0b", password: "secret7391" },
      ["/relay/username"],
    ],
    [
      "credentials in the clear",
      { host: HOST, security: "none", username: "a", password: "secret7391" },
      ["/relay/security"],
    ],
    [
      "an EHLO name with CR LF",
      { host: HOST, ehloName: "a\r\nMAIL FROM:<x@example.org>" },
      ["/relay/ehloName"],
    ],
    ["an EHLO name with a space", { host: HOST, ehloName: "a b" }, ["/relay/ehloName"]],
    ["an EHLO name with NUL", { host: HOST, ehloName: "a\0" }, ["/relay/ehloName"]],
    ["a method of others", { host: HOST, authMethods: ["NTLM"] }, ["/relay/authMethods"]],
    ["methods as text", { host: HOST, authMethods: "PLAIN" }, ["/relay/authMethods"]],
    ["a flag as text", { host: HOST, allowInsecureAuth: "false" }, ["/relay/allowInsecureAuth"]],
    ["a window of none", { host: HOST, window: 0 }, ["/relay/window"]],
    ["a window without end", { host: HOST, window: Infinity }, ["/relay/window"]],
    ["a window as text", { host: HOST, window: "5" }, ["/relay/window"]],
    ["an unknown timeout", { host: HOST, timeouts: { dial: 5 } }, ["/relay/timeouts"]],
    ["a timeout for ever", { host: HOST, timeouts: { connect: Infinity } }, ["/relay/timeouts"]],
    ["a timeout of nothing", { host: HOST, timeouts: { connect: 0 } }, ["/relay/timeouts"]],
    ["timeouts as a number", { host: HOST, timeouts: 5 }, ["/relay/timeouts"]],
    ["an object as text", { host: { toString: () => HOST } }, ["/relay/host"]],
  ])("%s", (_, input, pointers) => {
    expect([...new Set(pointersOf(input))]).toStrictEqual(pointers);
    expect(JSON.stringify(parseRelay(input))).not.toContain("7391");
  });

  it.each([
    ["a literal with CR LF", "[::1\r\nRSET]"],
    ["a literal with a space", "a: b"],
  ])("%s, no TLS", (_, host) => {
    expect(pointersOf({ host, security: "none" })).toStrictEqual(["/relay/host"]);
  });

  it("is told all together", () => {
    const input = { host: "", port: -1, security: 7, username: "a", ehloName: " ", x: 1 };
    expect(pointersOf(input).toSorted()).toStrictEqual(
      ["ehloName", "host", "password", "port", "security", "x"].map((name) => `/relay/${name}`),
    );
  });
});

it("is called by host and port", () => {
  const relay = parseRelay("smtps://ann:secret@smtp.example.com");
  expect(relay.ok && labelOf(relay.value)).toBe("smtp.example.com:465");
});
