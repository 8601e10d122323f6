import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseAddressField } from "../../src/mail/address-field.ts";
import { addressOf, parseAddress } from "../../src/mail/mailbox.ts";
import { address } from "./mails.ts";

const QUOTE_IT =
  'A name that holds any of `( ) [ ] : ; @ \\ , "` must stand in double quotes, as in `"Doe, John" <john@example.com>`.';
const NO_AT = "It has no `@`.";
const EMPTY = "It is empty: a comma is too many.";
const QUOTED = "A quoted local part is not supported.";
const AFTER = "A comma must follow the `>`, or nothing.";
const TWO_ATS = "It has more than one `@`.";
const OPEN_QUOTE = "A double quote is not closed.";
const OPEN_GROUP = "The group is not closed by a semicolon.";
const BEHIND_GROUP = "Nothing but a comma may follow a group.";
const SEMICOLONS = "Mailboxes are separated by commas, not semicolons.";
const CONTROL = "It holds a control character.";
const LITERAL = "An address literal is not supported as a domain.";
const ENCODED = "An encoded-word may not stand in an address.";
const LIST_IN = "One string is one mailbox; give several as an array.";
const NAMELESS = `A group has a name. ${QUOTE_IT}`;
const COMMENT = 'A comment, in parentheses, may not hold any of `< > @ " \\`.';
const NO_ADDRESS = "After a name comes `<email@example.com>`; an address has no spaces.";
const APART = "What stands before the `@` may not be quoted, nor apart from it.";
const TOUCHES = "A comment must stand apart from the address.";
const DOMAIN = "The domain may hold letters, digits, hyphens and dots only.";

const THREE = ["a@example.com", "b@example.org", "c@example.net"];

/** The addresses, or the problems as one text. */
function read(value: string, allowGroups = true): readonly string[] | string {
  const result = parseAddressField(value, { allowGroups });
  return result.ok ? result.value.map(addressOf) : result.problems.join(" | ");
}

describe("the value of an address field", () => {
  it.each<[string, string, string[]]>([
    ["an address", "a@example.com", ["a@example.com"]],
    ["brackets", "<a@example.com>", ["a@example.com"]],
    ["a name", "Ann Example <a@example.com>", ["a@example.com"]],
    ["no space before the bracket", "Ann<a@example.com>", ["a@example.com"]],
    ["a dot in a name", "John Q. Public <j@example.com>", ["j@example.com"]],
    ["an apostrophe in a name", "Pat O'Hara <p@example.com>", ["p@example.com"]],
    ["a quoted name", '"Doe, \\"J\\" (x) <y@z> \\\\" <j@example.com>', ["j@example.com"]],
    ["the address as a quoted name", '"a@example.com" <a@example.com>', ["a@example.com"]],
    ["quoted and bare words", 'Dr. "Q, R" Who<w@example.com>', ["w@example.com"]],
    ["an encoded name", "=?utf-8?Q?J=C3=BCrgen?= =?x?B?LCA=?= <j@example.com>", ["j@example.com"]],
    ["a name in UTF-8", "Jürgen Müller <j@example.com>", ["j@example.com"]],
    ["a comment as the name", "a@example.com (Ann, Sales)", ["a@example.com"]],
    ["nested comments", "(x (y) z) Ann (w) <a@example.com>(v)", ["a@example.com"]],
    ["many", 'a@example.com,"B, C" <b@example.org>,\t c@example.net', THREE],
    ["many, unfolded", "a@example.com,  b@example.org,\tc@example.net", THREE],
    ["a group", "Friends: a@example.com, B <b@example.org>;, c@example.net", THREE],
    ["groups and others", "a@example.com, G:b@example.org; (x), H: c@example.net ;", THREE],
    ["a quoted group name", '"A: b;" x (y): a@example.com;', ["a@example.com"]],
    ["an empty group", "undisclosed-recipients:;", []],
    ["an empty group with a comment", "undisclosed recipients: (none) ; (x)", []],
    ["nothing", "", []],
    ["a comment alone", " (nobody) ", []],
    ["a U-label", "a@BÜCHER.example", ["a@xn--bcher-kva.example"]],
    ["a local part in UTF-8", "jürgen@example.com", ["jürgen@example.com"]],
  ])("takes %s", (_, value, expected) => {
    expect(read(value)).toEqual(expected);
  });

  // Each hostile value stands beside its twin that harms nobody.
  it.each<[string, string, string, string]>([
    ["a comment in a domain", "u@good.test(x)evil.test", NO_ADDRESS, "u@good.test (x)"],
    ["the same in brackets", "<u@good.test(x)evil.test>", DOMAIN, "<u@good.test> (x)"],
    ["a comment behind a domain", "u@good.test(evil.test)", TOUCHES, "u@good.test (evil.test)"],
    ["a comment before an address", "(x)u@good.test", TOUCHES, "(x) u@good.test"],
    ["a comment in a local part", "u(x)@good.test", APART, "(x) u@good.test"],
    ["a comment behind the at sign", "u@(x)good.test", NO_ADDRESS, "(x) u@good.test"],
    ["a comment that hides an address", "u@good.test (<e@evil.test>)", COMMENT, "u@good.test (e)"],
    ["a comment that opens a quote", 'u@good.test ("), e@evil.test (")', COMMENT, "u@good.test ()"],
    ["a comment with an escape", "u@good.test (\\)", COMMENT, "u@good.test (/)"],
    ["a quoted local part", '"u@evil.test x"@good.test', APART, '"u@evil.test x" <u@good.test>'],
    ["one in brackets", '<"u"@good.test>', QUOTED, "<u@good.test>"],
    ["an end hidden in it", '<"u>"@good.test>', OPEN_QUOTE, "<u@x.test>"],
    ["an address as a name", "u@good.test <e@evil.test>", QUOTE_IT, '"u@good.test" <u@x.test>'],
    [
      "an encoded comma",
      "=?utf-8?Q?A,?= <u@x.test>",
      `Mailbox 1: ${NO_AT}`,
      "=?x?Q?A=2C?= <u@x.test>",
    ],
    ["an encoded at sign", "=?utf-8?Q?a@b?= <u@x.test>", QUOTE_IT, "=?x?Q?a=40b?= <u@x.test>"],
    ["an encoded address", "=?utf-8?Q?u=40x.test?=", NO_AT, "u@x.test"],
    ["an encoded local part", "=?utf-8?Q?u?=@x.test", ENCODED, "u@x.test"],
    ["two pairs of brackets", "<u@good.test> <e@evil.test>", AFTER, "<u@good.test>"],
    ["words behind the bracket", "<u@good.test> x", AFTER, "x <u@good.test>"],
    ["brackets in brackets", "<<u@good.test>>", "A `>` stands without its `<`.", "<u@good.test>"],
    ["a route", "<@evil.test:u@good.test>", TWO_ATS, "<u@good.test>"],
    ["a source route of old", "<u%good.test@evil.test@x.test>", TWO_ATS, "<u%good.test@x.test>"],
    ["a list in brackets", "<u@good.test,e@evil.test>", LIST_IN, "<u@good.test>"],
    ["a null address", "<>", NO_AT, "<u@good.test>"],
    ["spaces in brackets", "<u@good.test >", DOMAIN, "<u@good.test>"],
    ["a folded address", "u@good. test", NO_ADDRESS, "u@good.test"],
    ["spaces at the at sign", "u @good.test", APART, "u@good.test"],
    ["no brackets", "Ann u@good.test", NO_ADDRESS, "Ann <u@good.test>"],
    ["an address literal", "<u@[127.0.0.1]>", LITERAL, "<u@x.test>"],
    ["an open bracket", "Ann <u@good.test", "A `<` is not closed.", "Ann <u@good.test>"],
    ["an open quote", '"Ann <u@good.test>', OPEN_QUOTE, '"Ann" <u@good.test>'],
    ["an open quote by escape", '"Ann\\" <u@good.test>', OPEN_QUOTE, '"Ann\\\\" <u@good.test>'],
    ["an open comment", "(Ann (x) <u@good.test>", COMMENT, "(Ann (x)) <u@good.test>"],
    ["an open comment at the end", "u@good.test ((x)", "A `(` is not closed.", "u@good.test ((x))"],
    ["a closing parenthesis", "Ann) <u@good.test>", QUOTE_IT, "Ann <u@good.test>"],
    ["a backslash", "Ann\\ <u@good.test>", QUOTE_IT, "Ann <u@good.test>"],
    ["semicolons", "u@good.test; v@good.test", SEMICOLONS, "u@good.test, v@good.test"],
    ["a comma too many", "u@good.test,", `Mailbox 2: ${EMPTY}`, "u@good.test"],
    ["a gap", "u@good.test,(x) ,v@good.test", `Mailbox 2: ${EMPTY}`, "u@good.test,v@good.test"],
    [
      "a comma alone",
      ",",
      "Mailbox 1: It is empty: a comma is too many. | Mailbox 2: It is empty: a comma is too many.",
      "u@good.test",
    ],
    ["an open group", "G: u@good.test", OPEN_GROUP, "G: u@good.test;"],
    [
      "a group in a group",
      "G: H: u@good.test;;",
      `A group may not hold another. ${QUOTE_IT}`,
      "G: u@good.test;",
    ],
    ["a group without a name", ":u@good.test;", NAMELESS, "G:u@good.test;"],
    [
      "a group in an encoded name",
      "=?x?Q?a:e@evil.test;,?= <u@x.test>",
      NAMELESS,
      "=?x?Q?a?=:u@x.test;, v <u@x.test>",
    ],
    ["an address for its name", "e@evil.test: u@good.test;", NAMELESS, "e: u@good.test;"],
    [
      "words behind a group",
      "G: u@good.test; v@good.test",
      BEHIND_GROUP,
      "G: u@good.test;, v@good.test",
    ],
    ["a gap in a group", "G: ,u@good.test;", `Mailbox 1: ${EMPTY}`, "G: u@good.test;"],
    ["a comma behind a group", "G: u@good.test;,", `Mailbox 2: ${EMPTY}`, "G: u@good.test;"],
    ["a URI", "mailto:u@good.test", OPEN_GROUP, "u@good.test"],
    ["CRLF", "u@good.test\r\nBcc: e@evil.test", CONTROL, "u@good.test"],
    ["U+2028", "Ann\u2028 <u@good.test>", CONTROL, "Ann <u@good.test>"],
    [
      "an invisible character",
      "u@go\u00adod.test",
      "The domain holds an invisible character.",
      "u@good.test",
    ],
    [
      "a full-width at sign",
      "u@x＠good.test",
      "The domain is not a valid internationalised name.",
      "u@good.test",
    ],
  ])("refuses %s", (_, hostile, problem, twin) => {
    expect(read(hostile)).toBe(problem);
    expect(read(twin)).toBeInstanceOf(Array);
  });

  it("refuses a group where none may stand", () => {
    expect(read("G: u@good.test;", false)).toBe(`A group may not stand here. ${QUOTE_IT}`);
    expect(read('"G:" <u@good.test>', false)).toEqual(["u@good.test"]);
  });

  it("names each mailbox that is wrong, and not too many", () => {
    expect(read("a, b@example.com, c")).toBe(
      "Mailbox 1: It has no `@`. | Mailbox 3: It has no `@`.",
    );
    const result = parseAddressField("a,".repeat(100), { allowGroups: true });
    expect(result.ok ? 0 : result.problems.length).toBe(20);
  });

  it("has at most 1000 mailboxes and 131072 characters", () => {
    const many = (count: number) => Array.from({ length: count }, () => "a@example.com").join();
    expect(read(many(1000))).toHaveLength(1000);
    expect(read(many(1001))).toBe("It has 1001 mailboxes; at most 1000 are allowed.");
    expect(read(" ".repeat(131_072))).toEqual([]);
    expect(read(" ".repeat(131_073))).toBe("It is longer than 131072 characters.");
  });

  it.each([
    "(",
    ")",
    "<",
    ">",
    '"',
    "\\",
    ",",
    ":",
    ";",
    "@",
    "a ",
    "a(",
    "(a)",
    '""',
    "a,",
    "G:;,",
  ])("takes linear time for many of %s", (piece) => {
    const start = performance.now();
    read(piece.repeat(65_536 / piece.length));
    read(`${" ".repeat(65_000)}a`);
    expect(performance.now() - start).toBeLessThan(500);
  });

  const name = fc.oneof(
    fc.constantFrom("", "Ann", "=?utf-8?Q?=C3=BC?=", "(x) A. B"),
    fc
      .string({ unit: "grapheme-ascii", maxLength: 20 })
      .map((text) => `"${text.replaceAll(/["\\]/g, "\\$&")}"`),
  );
  const mailbox = fc.record({ name, address });

  it("yields the addresses that were written, in order, whatever stands around them", () => {
    fc.assert(
      fc.property(fc.array(mailbox, { minLength: 1, maxLength: 8 }), fc.nat(), (list, at) => {
        const parts = list.map((item) => `${item.name} <${item.address}>`);
        const wanted = list.map((item) => item.address);
        expect(read(parts.join(", "), false)).toEqual(wanted);
        const cut = at % parts.length;
        const group = `A "b": ${parts.slice(cut).join(",")};`;
        expect(read([...parts.slice(0, cut), group].join(" , "))).toEqual(wanted);
      }),
    );
  });

  it("never throws, and yields nothing but what the strict parser takes", () => {
    const piece = fc.constantFrom(
      ...Array.from('a,@.<>"\\():;[] \tü=?'),
      "a@b.test",
      "<a@b.test>",
      "(x)",
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(text, fc.boolean(), (value, allowGroups) => {
        const result = parseAddressField(value, { allowGroups });
        if (!result.ok) {
          expect(result.problems.length).toBeGreaterThan(0);
          return;
        }
        for (const item of result.value) {
          expect(parseAddress(addressOf(item))).toEqual({ ok: true, value: item });
          expect(value).toContain(`${item.localPart}@`);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
