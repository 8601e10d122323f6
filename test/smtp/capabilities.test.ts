/** What an EHLO reply offers, whatever a relay writes (RFC 5321 §4.1.1.1). */
import { describe, expect, it } from "vitest";

import {
  NO_CAPABILITIES,
  parseCapabilities,
  type Capabilities,
} from "../../src/smtp/capabilities.ts";

function offering(lines: readonly string[], disabled?: readonly string[]): Capabilities {
  return parseCapabilities({ code: 250, lines: ["relay.example.net", ...lines] }, disabled);
}

type Keywords = readonly (readonly [string, readonly string[]])[];

describe("keywords", () => {
  const rows: readonly (readonly [string, readonly string[], Keywords])[] = [
    ["none", [], []],
    [
      "in any case, parameters as written",
      ["Pipelining", "x-y a B"],
      [
        ["PIPELINING", []],
        ["X-Y", ["a", "B"]],
      ],
    ],
    [
      "between any number of spaces",
      ["  DSN  ", "X  a   b "],
      [
        ["DSN", []],
        ["X", ["a", "b"]],
      ],
    ],
    ["not in an empty line", ["", " ", "DSN"], [["DSN", []]]],
    ["the last of two", ["X a", "X b"], [["X", ["b"]]]],
    [
      "with a name that only looks like AUTH",
      ["XAUTH=PLAIN", "AUTH="],
      [
        ["XAUTH=PLAIN", []],
        ["AUTH=", []],
      ],
    ],
  ];

  it.each(rows)("are taken: %s", (_, lines, keywords) => {
    expect(offering(lines)).toStrictEqual({ ...NO_CAPABILITIES, keywords: new Map(keywords) });
  });

  it("are not looked for in the first line, which names the relay", () => {
    expect(parseCapabilities({ code: 250, lines: ["STARTTLS"] })).toStrictEqual(NO_CAPABILITIES);
  });

  it("are passed over where they are disabled, in any case of letters", () => {
    expect(
      offering(["SIZE 10", "auth=PLAIN", "AUTH LOGIN", "Dsn"], ["size", "Auth"]),
    ).toStrictEqual({ ...NO_CAPABILITIES, keywords: new Map([["DSN", []]]) });
  });
});

describe("mechanisms", () => {
  it.each([
    ["in upper case and the relay's order", ["AUTH login Plain"], ["LOGIN", "PLAIN"]],
    ["with an equals sign", ["auth=login plain"], ["LOGIN", "PLAIN"]],
    [
      "of both forms, each once",
      ["AUTH PLAIN LOGIN", "AUTH=LOGIN XOAUTH2"],
      ["PLAIN", "LOGIN", "XOAUTH2"],
    ],
    ["none after a bare AUTH", ["AUTH"], []],
    ["none of another keyword", ["X-AUTH PLAIN", "SIZE 10"], []],
  ])("are taken %s", (_, lines, names) => {
    expect(offering(lines).authMechanisms).toStrictEqual(names);
  });
});

describe("SIZE", () => {
  it.each([
    ["1", 1],
    ["0010", 10],
    ["9".repeat(15), 999_999_999_999_999],
  ])("is a limit: %s", (text, octets) => {
    expect(offering([`SIZE ${text}`]).maxSizeOctets).toBe(octets);
  });

  it.each(["", "0", "1".repeat(16), "1e3", "0x10", "+5", "-5", "1.5", "10x", "x10"])(
    "is no limit: %j",
    (text) => {
      expect(offering([`SIZE ${text}`]).maxSizeOctets).toBeUndefined();
    },
  );
});

describe("LIMITS", () => {
  it("names what a session and a transaction may hold, in any order and case", () => {
    expect(offering(["LIMITS rcptdomainmax=1 MailMax=20 RCPTMAX=100"]).limits).toStrictEqual({
      mailMax: 20,
      rcptMax: 100,
      rcptDomainMax: 1,
    });
  });

  it.each([
    ["one digit", "RCPTMAX=9", 9],
    ["six digits", "RCPTMAX=999999", 999_999],
    ["zeros before it", "RCPTMAX=0007", 7],
    ["the first of two", "RCPTMAX=1 RCPTMAX=2", 1],
    ["one after nonsense", "RCPTMAX X=1 RCPTMAX=3", 3],
  ])("takes %s", (_, parameters, rcptMax) => {
    expect(offering([`LIMITS ${parameters}`]).limits.rcptMax).toBe(rcptMax);
  });

  it.each([
    "RCPTMAX",
    "RCPTMAX=",
    "RCPTMAX=0",
    "RCPTMAX=1000000",
    "RCPTMAX=5x",
    "RCPTMAX=x",
    "RCPTMAX=1=2",
    "X_RCPTMAX=5",
    "XRCPTMAX=5",
    "=5",
  ])("passes over nonsense: %s", (parameter) => {
    expect(offering([`LIMITS ${parameter}`]).limits).toStrictEqual(NO_CAPABILITIES.limits);
  });
});
