/** What may stand in a command, and what is refused before it is written (RFC 5321 §4.1.1). */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import * as commands from "../../src/smtp/command.ts";

const wire = (command: commands.Command): string =>
  new TextDecoder().decode(commands.encodeCommand(command));

describe("a path", () => {
  it.each([
    ["a mailbox", "ann@example.com", "RCPT TO:<ann@example.com>\r\n"],
    ["a plus sign", "ann+tag@example.com", "RCPT TO:<ann+tag@example.com>\r\n"],
    ["an address literal", "ann@[192.0.2.1]", "RCPT TO:<ann@[192.0.2.1]>\r\n"],
    ["UTF-8", "bjørn@example.com", "RCPT TO:<bjørn@example.com>\r\n"],
  ])("takes %s", (_, path, line) => {
    expect(wire(commands.rcptTo(path))).toBe(line);
  });

  it.each([
    ["nothing", ""],
    ["no domain", "ann"],
    ["a space", "a b@example.com"],
    ["a line end", "ann@example.com\r\nRSET"],
    ["NUL", "ann\0@example.com"],
    ["C1", "ann\u0085@example.com"],
    ["a line separator", "ann\u2028@example.com"],
    ["an end", "ann@example.com> SIZE=1"],
    ["a quoted local part", '"ann@example.org> ORCPT=x"@example.com'],
    ["two at signs", "ann@example.org@example.com"],
    ["a route", "@example.org:ann@example.com"],
    ["a backslash", "a\\b@example.com"],
    ["a UTF-8 domain", "ann@bücher.example"],
    ["255 octets", `${"a".repeat(64)}@${"b".repeat(190)}`],
  ])("refuses %s", (_, path) => {
    expect(() => commands.rcptTo(path)).toThrow(commands.InvalidCommand);
  });
});

describe("MAIL", () => {
  it.each([
    ["the null reverse-path", "", {}, "MAIL FROM:<>\r\n"],
    [
      "parameters",
      "a@example.com",
      { sizeOctets: 5, smtpUtf8: true, eightBitMime: true },
      "MAIL FROM:<a@example.com> SIZE=5 BODY=8BITMIME SMTPUTF8\r\n",
    ],
    ["a size of 0", "a@example.com", { sizeOctets: 0 }, "MAIL FROM:<a@example.com> SIZE=0\r\n"],
  ])("writes %s", (_, path, parameters, line) => {
    expect(wire(commands.mailFrom(path, parameters))).toBe(line);
  });

  it.each([-1, 1.5, Number.NaN, Infinity])("refuses a size of %s", (sizeOctets) => {
    expect(() => commands.mailFrom("a@example.com", { sizeOctets })).toThrow(TypeError);
  });

  it("refuses a size that is no number at run time", () => {
    const hostile = JSON.parse('"1\\r\\nRSET"') as number;
    expect(() => commands.mailFrom("a@example.com", { sizeOctets: hostile })).toThrow(TypeError);
  });
});

describe("EHLO", () => {
  it.each(["a.example.com", "localhost", "[192.0.2.1]", "[IPv6:2001:db8::1]"])(
    "takes %s",
    (name) => {
      expect(wire(commands.ehlo(name))).toBe(`EHLO ${name}\r\n`);
      expect(wire(commands.helo(name))).toBe(`HELO ${name}\r\n`);
    },
  );

  it.each([
    "",
    "127.0.0.1",
    "a b",
    "a\r\nRSET",
    "-a.example",
    "a..b",
    "bücher.example",
    "x".repeat(256),
  ])("refuses %j", (name) => {
    expect(() => commands.ehlo(name)).toThrow(commands.InvalidCommand);
  });
});

describe("AUTH", () => {
  it("has no credential in its log", () => {
    expect(commands.auth("PLAIN", "AGEAYg==")).toStrictEqual({
      line: "AUTH PLAIN AGEAYg==",
      log: "AUTH PLAIN ***",
    });
    expect(commands.authResponse("c2VjcmV0").log).toBe("***");
    expect(commands.authResponse("*").log).toBe("*");
  });

  it("fits an initial response into 512 octets with CRLF, no more (RFC 4954 §4)", () => {
    expect(commands.fitsInitialResponse("PLAIN", "x".repeat(499))).toBe(true);
    expect(commands.fitsInitialResponse("PLAIN", "x".repeat(500))).toBe(false);
  });

  it("refuses a mechanism that is no name", () => {
    expect(() => commands.auth("PLAIN\r\nRSET")).toThrow(commands.InvalidCommand);
  });
});

describe("a command line", () => {
  it("is refused with any control character, whatever came before", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        let line: string;
        try {
          line = wire({ line: text, log: text });
        } catch (error) {
          expect(error).toBeInstanceOf(commands.InvalidCommand);
          return;
        }
        expect(line.slice(0, -2)).not.toMatch(/[\r\n\0]/);
        expect(line.endsWith("\r\n")).toBe(true);
      }),
    );
  });

  it("may have 512 octets, CRLF included", () => {
    const line = "x".repeat(510);
    expect(wire({ line, log: line })).toHaveLength(512);
    expect(() => wire({ line: `${line}x`, log: line })).toThrow(/longer than 512/);
  });
});
