import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  addressOf,
  isSameAddress,
  needsSmtpUtf8,
  parseAddress,
  parseMailbox,
} from "../../src/mail/mailbox.ts";

const parsed = (input: unknown) => {
  const result = parseMailbox(input);
  return result.ok ? { ...result.value } : result.problems;
};

describe("a mailbox", () => {
  it.each([
    ["a bare address", "ann@example.com", "ann", "example.com", undefined],
    ["the case of the local part", "Ann@EXAMPLE.com", "Ann", "example.com", undefined],
    ["a name", "Ann <ann@example.com>", "ann", "example.com", "Ann"],
    ["no space before the bracket", "Ann<ann@example.com>", "ann", "example.com", "Ann"],
    ["an empty name", "<ann@example.com>", "ann", "example.com", undefined],
    ["a quoted name", '"Doe, \\"J\\" \\\\" <a@example.com>', "a", "example.com", 'Doe, "J" \\'],
    ["a quoted name with brackets", '"x <y@z>" <a@example.com>', "a", "example.com", "x <y@z>"],
    ["a name in Unicode", "Jürgen Müller <a@example.com>", "a", "example.com", "Jürgen Müller"],
    [
      "a name that looks encoded",
      "=?utf-8?q?a?= <a@example.com>",
      "a",
      "example.com",
      "=?utf-8?q?a?=",
    ],
    ["a comma in a name", "Acme, Inc. <a@example.com>", "a", "example.com", "Acme, Inc."],
    ["a colon in a name", "Acme: News <a@example.com>", "a", "example.com", "Acme: News"],
    ["a semicolon", "Acme; News <a@example.com>", "a", "example.com", "Acme; News"],
    ["parentheses", "Acme (Support) <a@example.com>", "a", "example.com", "Acme (Support)"],
    ["square brackets", "[Acme] News <a@example.com>", "a", "example.com", "[Acme] News"],
    ["a dot in a name", "Dr. Who <a@example.com>", "a", "example.com", "Dr. Who"],
    ["spaces around", "  Ann   <ann@example.com>  ", "ann", "example.com", "Ann"],
    ["a U-label", "a@bücher.example", "a", "xn--bcher-kva.example", undefined],
    ["an upper-case U-label", "a@BÜCHER.example", "a", "xn--bcher-kva.example", undefined],
    ["an A-label", "a@xn--bcher-kva.example", "a", "xn--bcher-kva.example", undefined],
    ["a sharp s, which is not ss", "a@faß.example", "a", "xn--fa-hia.example", undefined],
    ["a full-width dot", "a@b。example", "a", "b.example", undefined],
    ["a single label", "root@localhost", "root", "localhost", undefined],
    ["a local part in Unicode", "jürgen@example.com", "jürgen", "example.com", undefined],
    [
      "all of atext",
      "!#$%&'*+-/?=^_`{|}~.a@example.com",
      "!#$%&'*+-/?=^_`{|}~.a",
      "example.com",
      undefined,
    ],
    ["64 octets", `${"a".repeat(64)}@example.com`, "a".repeat(64), "example.com", undefined],
    ["an object", { email: "a@example.com", name: "Doe, A" }, "a", "example.com", "Doe, A"],
    [
      "an object with address",
      { address: "a@example.com", name: null },
      "a",
      "example.com",
      undefined,
    ],
  ])("takes %s", (_, input, localPart, domain, name) => {
    expect(parsed(input)).toEqual({ localPart, domain, ...(name === undefined ? {} : { name }) });
  });

  it.each([
    ["no @", "example.com", "no `@`"],
    ["an empty string", "", "empty"],
    ["nothing before the @", "@example.com", "before the `@`"],
    ["nothing after it", "a@", "after the `@`"],
    ["two @", "a@b@example.com", "more than one"],
    ["a list", "a@example.com, b@example.com", "array"],
    ["a list of names", "A <a@example.com>, B <b@example.com>", "array"],
    ["a list that ends in a name", "a@example.com, B <b@example.com>", "double quotes"],
    ["a list in semicolons", "A <a@example.com>; B <b@example.com>", "array"],
    ["a list of brackets", "<a@example.com>, <b@example.com>", "array"],
    ["a list of one and a comma", "A <a@example.com>,", "array"],
    ["an address as a name", "a@example.com <b@example.com>", "{ email, name }"],
    ["an at sign in a name", "Team @ Acme <a@example.com>", '"Ann @ Home"'],
    ["a group", "Friends: a@example.com;", "one mailbox"],
    ["a group of a name", "Friends: A <a@example.com>;", "array"],
    ["a group that is open", "Friends: a@example.com, B <b@example.com>", "double quotes"],
    ["a route", "<@x.example,@y.example:a@example.com>", "one mailbox"],
    ["a comment", "a@example.com (Ann)", "domain"],
    ["a comment with an address", "Ann (b@example.com) <a@example.com>", "double quotes"],
    ["an escape in a name", "Ann\\, B <a@example.com>", "double quotes"],
    ["a quote in a name", 'Ann "B <a@example.com>', "double quotes"],
    ["a comment inside the domain", "u@good.example(x)evil.example", "domain"],
    ["a quoted local part", '"a@b x"@example.com', "quoted local part"],
    ["a quoted local part in brackets", '<"a b"@example.com>', "quoted local part"],
    ["an address literal", "a@[192.0.2.1]", "address literal"],
    ["an IPv4 address", "a@192.0.2.1", "number"],
    ["a short IPv4 address", "a@127.1", "number"],
    ["a hexadecimal IPv4 address", "a@0x7f.1", "number"],
    ["a hexadecimal last label", "a@example.0x1", "number"],
    ["full-width digits", "a@１.２", "number"],
    ["text after the bracket", "Ann <a@example.com> x", "follow the `>`"],
    ["an open bracket", "Ann <a@example.com", "not closed"],
    ["nested brackets", "A <B <c@example.com>", "one mailbox"],
    ["an open quote", '"Ann <a@example.com>', "not closed"],
    ["a half-quoted name", '"x <y" a@example.com', "quoted name"],
    ["CRLF", "a@example.com\r\nBcc: b@example.com", "line break"],
    ["a trailing LF", "a@example.com\n", "line break"],
    ["LF in a name", "Ann\nX <a@example.com>", "line break"],
    ["NUL", "a\0@example.com", "control"],
    ["U+2028 in a name", "A\u2028n <a@example.com>", "line break"],
    ["a bidirectional override", "A\u202en <a@example.com>", "bidirectional"],
    ["a space in the local part", "a b@example.com", "space"],
    ["spaces in brackets", "< a@example.com >", "space"],
    ["two dots", "a..b@example.com", "dot"],
    ["a leading dot", ".a@example.com", "dot"],
    ["an encoded-word", "=?utf-8?q?a=40b?=@example.com", "encoded-word"],
    ["an underscore in the domain", "a@b_c.example", "domain"],
    ["a slash in the domain", "a@example.com/x", "domain"],
    ["a port", "a@example.com:25", "domain"],
    ["an escape in the domain", "a@ex%61mple.com", "domain"],
    ["a soft hyphen, which mapping drops", "a@exam\u00adple.com", "invisible"],
    ["a zero-width space", "a@exam\u200bple.com", "invisible"],
    ["a zero-width space in the local part", "a\u200bb@example.com", "invisible"],
    ["a character that maps to a slash", "a@example.com／x", "internationalised"],
    ["a character that maps to @", "a@x＠example.com", "internationalised"],
    ["a full-width underscore", "a@b＿c.example", "label"],
    ["an empty label", "a@example..com", "empty label"],
    ["a trailing dot", "a@example.com.", "empty label"],
    ["a label that starts with a hyphen", "a@-b.example", "label"],
    ["a label that ends with a hyphen", "a@b-.example", "label"],
    ["a label of 64", `a@${"b".repeat(64)}.example`, "63"],
    ["65 octets before the @", `${"a".repeat(65)}@example.com`, "64 octets"],
    ["33 times two octets before it", `${"ü".repeat(33)}@example.com`, "64 octets"],
    ["an address of 255", `${"a".repeat(60)}@${"b.".repeat(95)}com`.padEnd(255, "m"), "long"],
    ["a string of 321", `${"A".repeat(305)} <a@example.com>`.padStart(321, "A"), "320"],
    ["a lone surrogate", "a\ud800@example.com", "surrogate"],
    ["a lone surrogate in a name", "\udc00 <a@example.com>", "surrogate"],
    ["a character that truncates to CR", "a\u010dx@exam ple.com", "domain"],
    ["a number", 7, "string"],
    ["an array", ["a@example.com"], "string"],
    ["null", null, "string"],
    ["an object without email", { name: "Ann" }, "`email`"],
    ["an object with a list", { email: ["a@example.com"] }, "`email`"],
    ["an object with a whole mailbox", { email: "Ann <a@example.com>" }, "one mailbox"],
    [
      "an object with two addresses",
      { email: "a@example.com", address: "b@example.com" },
      "differ",
    ],
    ["an object with more", { email: "a@example.com", group: 1 }, "no other field"],
    ["an object with __proto__", JSON.parse('{"__proto__":1,"email":"a@example.com"}'), "no other"],
    ["inherited fields", Object.create({ email: "a@example.com" }), "`email`"],
    ["an object with toString", { email: { toString: () => "a@example.com" } }, "`email`"],
    ["CRLF in the name of an object", { email: "a@example.com", name: "a\r\nb" }, "line break"],
  ])("refuses %s", (_, input: unknown, reason) => {
    expect(parsed(input)).toEqual(expect.stringContaining(reason));
  });

  it("comes out of its own serialisation the same", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), fc.domain(), (local, domain) => {
        const first = parseAddress(`${local}@${domain}`);
        if (first.ok) expect(parseAddress(addressOf(first.value))).toEqual(first);
      }),
    );
  });

  it("never holds a character that ends an address or a line, whatever comes in", () => {
    const hostile = fc.constantFrom(...'ab.@<>"\\ ,;:()[]\r\n\0ü\u00ad／＠‮xn--'.split(""));
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 30 }), (parts) => {
        const result = parseMailbox(parts.join(""));
        if (result.ok)
          expect(addressOf(result.value)).toMatch(/^[^\s<>"\\,;:()[\]@]+@[a-z0-9.-]+$/);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    "<".repeat(100_000),
    `${"a ".repeat(50_000)}<`,
    `"${"\\".repeat(100_000)}`,
    "@".repeat(1e5),
  ])("decides on long input at once", (input) => {
    const start = performance.now();
    expect(parseMailbox(input).ok).toBe(false);
    expect(performance.now() - start).toBeLessThan(200);
  });

  it("is compared by the letter before the @, and without case behind it", () => {
    const [one, same, other] = ["A@example.com", "A@EXAMPLE.com", "a@example.com"].map((text) => {
      const result = parseAddress(text);
      if (!result.ok) throw new Error(result.problems);
      return result.value;
    });
    if (!one || !same || !other) throw new Error("three are parsed");
    expect([isSameAddress(one, same), isSameAddress(one, other)]).toEqual([true, false]);
    expect(needsSmtpUtf8(one)).toBe(false);
    expect(needsSmtpUtf8({ localPart: "ü", domain: "example.com" })).toBe(true);
  });
});
