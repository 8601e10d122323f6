/** Commands at their limits, and what a person reads of one that must not be written. */
import { describe, expect, it } from "vitest";

import * as commands from "../../src/smtp/command.ts";

/** The name and the message of what is thrown. */
function fault(act: () => unknown): readonly [string, string] | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof Error ? [error.name, error.message] : undefined;
  }
}

describe("a command that must not be written", () => {
  const long = `${"a".repeat(64)}@${"b".repeat(190)}`;
  const secret = { line: "AUTH PLAIN s3cret\n", log: "AUTH PLAIN ***" };
  it.each([
    [() => commands.auth("plain"), 'not the name of a SASL mechanism: "plain"'],
    [() => commands.mailFrom("", { sizeOctets: -1 }), "not a number of octets: -1"],
    [() => commands.mailFrom("", { words: ["a b"] }), 'not a parameter of a command: "a b"'],
    [() => commands.rcptTo("ann"), 'not a mailbox that can stand in a command: "ann"'],
    [() => commands.rcptTo(long), "a path is longer than 256 octets (RFC 5321 §4.5.3.1.3)"],
    [() => commands.ehlo("a_b"), 'not a host name or address literal: "a_b"'],
    [() => commands.encodeCommand(secret), 'a command holds a control character: "AUTH PLAIN ***"'],
  ])("says why, without secrets: %s", (act, message) => {
    expect(fault(act)).toStrictEqual(["InvalidCommand", message]);
  });
});

describe("a command line", () => {
  it.each([
    ["EHLO ", 512],
    ["AUTH PLAIN ", 12_288],
    ["RCPT TO:", 1012],
    ["MAIL FROM:", 1249],
  ])("that starts with %j has at most %i octets, CRLF included", (start, most) => {
    const line = start.padEnd(most - 2, "x");
    expect(commands.encodeCommand({ line, log: line })).toHaveLength(most);
    expect(fault(() => commands.encodeCommand({ line: `${line}x`, log: line }))).toStrictEqual([
      "InvalidCommand",
      `a command is longer than ${most} octets`,
    ]);
  });

  it("that answers a challenge has as many as AUTH, `*` no more than others", () => {
    const answer = commands.authResponse("x".repeat(12_286));
    expect(commands.encodeCommand(answer)).toHaveLength(12_288);
    const more = commands.authResponse("x".repeat(12_287));
    expect(() => commands.encodeCommand(more)).toThrow("longer than 12288 octets");
  });

  it("is counted in octets, not in characters", () => {
    const line = "ø".repeat(255);
    expect(commands.encodeCommand({ line, log: line })).toHaveLength(512);
    expect(() => commands.encodeCommand({ line: `${line}x`, log: line })).toThrow(
      "longer than 512 octets",
    );
  });
});

describe("a parameter", () => {
  it("is one word of printable ASCII, from ! to ~", () => {
    const words = ["X=!~"];
    expect(commands.mailFrom("", { words }).line).toBe("MAIL FROM:<> X=!~");
    expect(commands.rcptTo("ann@example.com", words).line).toBe("RCPT TO:<ann@example.com> X=!~");
  });

  it.each(["", "a b", " a", "a ", "é", "a\r\nRSET", "\u007f"])("is not %j", (word) => {
    expect(() => commands.mailFrom("", { words: [word] })).toThrow(commands.InvalidCommand);
    expect(() => commands.rcptTo("ann@example.com", [word])).toThrow(commands.InvalidCommand);
  });
});

describe("a path", () => {
  it.each([
    ["ASCII", `${"a".repeat(64)}@${"b".repeat(189)}`],
    ["UTF-8", `${"ø".repeat(32)}@${"b".repeat(189)}`],
  ])("has 256 octets with its angle brackets: %s", (_, path) => {
    expect(commands.path(path)).toBe(path);
    expect(() => commands.path(`${path}b`)).toThrow("longer than 256 octets");
  });
});

describe("the name of a mechanism", () => {
  it.each(["X", "SCRAM-SHA-256_", "ABCDEFGHIJKLMNOPQRST"])("is %s", (name) => {
    expect(commands.auth(name).line).toBe(`AUTH ${name}`);
  });

  it.each(["", "ABCDEFGHIJKLMNOPQRSTU", "X Y", " X", "X\n"])("is not %j", (name) => {
    expect(() => commands.auth(name)).toThrow(commands.InvalidCommand);
  });
});

describe("a name for EHLO", () => {
  const label = "x".repeat(63);
  const three = `${label}.${label}.${label}`;

  it.each([
    ["one character", "x"],
    ["digits with a letter", "1.x2"],
    ["a hyphen within", "a-b.example"],
    ["63 characters in a label", label],
    ["255 characters", `${three}.${label}`],
    ["an address literal", "[192.0.2.100]"],
    ["the shortest address literal", "[0.0.0.0]"],
    ["the shortest IPv6 literal", "[IPv6:::]"],
    ["45 characters of IPv6", `[IPv6:${"0:".repeat(15)}192.000.002.100]`],
  ])("may be %s", (_, name) => {
    expect(commands.isEhloName(name)).toBe(true);
  });

  it.each([
    ["64 characters in a label", `${label}x`],
    ["256 characters", `${three}.${label.slice(1)}.x`],
    ["a hyphen at the end", "a-.example"],
    ["a dot at the end", "a.example."],
    ["no letter", "192.0.2.1"],
    ["three numbers in brackets", "[192.0.2]"],
    ["four digits in brackets", "[192.0.2.1000]"],
    ["four digits first in brackets", "[1920.0.2.1]"],
    ["something before a literal", "x[192.0.2.1]"],
    ["something after a literal", "[192.0.2.1]x"],
    ["a literal of letters", "[a.b.c.d]"],
    ["one character of IPv6", "[IPv6::]"],
    ["46 characters of IPv6", `[IPv6:${"0:".repeat(15)}1192.000.002.100]`],
    ["a zone", "[IPv6:fe80::1%eth0]"],
  ])("may not be %s", (_, name) => {
    expect(commands.isEhloName(name)).toBe(false);
  });
});
