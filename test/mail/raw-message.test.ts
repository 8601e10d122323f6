import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { addressOf } from "../../src/mail/mailbox.ts";
import { parseRawMessage } from "../../src/mail/raw-message.ts";
import type { RawMessage } from "../../src/mail/raw-message.ts";

const octetsOf = (text: string) => new TextEncoder().encode(text);
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const textOf = (octets: Uint8Array) => Buffer.from(octets).toString("latin1");

/** The message of octets, or of a text in UTF-8, that must be valid. */
function messageOf(input: string | Uint8Array): RawMessage {
  const result = parseRawMessage(typeof input === "string" ? octetsOf(input) : input);
  if (!result.ok) throw new Error(result.problems.join("\n"));
  return result.value;
}

function problemsOf(input: string | Uint8Array): readonly string[] {
  const result = parseRawMessage(typeof input === "string" ? octetsOf(input) : input);
  return result.ok ? [] : result.problems;
}

const contentOf = (input: string | Uint8Array) => textOf(messageOf(input).content);

const FROM = "From: ann@example.com\r\n";
const WHOLE = [
  "Return-Path: <bounce@example.com>",
  "Received: from x by y; Sat, 21 Nov 2026 10:00:00 +0000",
  "DKIM-Signature: v=1; b=abc",
  'FROM: "Example, Ann" <ann@example.com>,',
  "\tBen <ben@example.com>",
  "sender: =?utf-8?Q?J=C3=BC?= <ju@example.com>",
  "To: Friends: bob@example.org, c@example.org;",
  "Cc: d@example.org",
  "Bcc: secret@example.net,",
  " other@example.net",
  "Resent-Bcc: hidden@example.net",
  "Resent-To: e@example.org",
  "Resent-Bcc: concealed@example.net",
  "Subject: =?utf-8?Q?a?=",
  " b ",
  "Date: Sat, 21 Nov 2026 11:00:00 +0100",
  "Message-ID:",
  " <1@example.com>",
  "",
  "Bcc: is text here",
  ".",
  "",
].join("\r\n");

describe("a whole message", () => {
  it("says whom it is from and for, and what it is", () => {
    const { content, ...message } = messageOf(WHOLE);
    expect(message).toEqual({
      resentBy: [],
      from: [
        { localPart: "ann", domain: "example.com" },
        { localPart: "ben", domain: "example.com" },
      ],
      sender: { localPart: "ju", domain: "example.com" },
      to: [
        { localPart: "bob", domain: "example.org" },
        { localPart: "c", domain: "example.org" },
      ],
      cc: [{ localPart: "d", domain: "example.org" }],
      bcc: [
        { localPart: "secret", domain: "example.net" },
        { localPart: "other", domain: "example.net" },
      ],
      subject: "=?utf-8?Q?a?= b",
      messageId: "<1@example.com>",
      date: new Date("2026-11-21T10:00:00Z"),
      eightBit: false,
      utf8Header: false,
    });
    expect(textOf(content)).toBe(
      WHOLE.replace(/^Bcc: secret[^]*?\r\n(?! )/m, "").replaceAll(/^Resent-Bcc: .*\r\n/gm, ""),
    );
    expect(textOf(content)).not.toMatch(/secret|other@|hidden|concealed/);
  });

  it("is no copy where nothing has to change", () => {
    const octets = octetsOf(`${FROM}\r\nHi\r\n`);
    expect(messageOf(octets).content).toBe(octets);
  });

  it("has what is absent as absent", () => {
    expect(Object.keys(messageOf(FROM)).toSorted()).toEqual([
      "bcc",
      "cc",
      "content",
      "eightBit",
      "from",
      "subject",
      "to",
      "utf8Header",
    ]);
    expect(messageOf(FROM).subject).toBe("");
  });

  it.each([
    ["no line end", "From: ann@example.com", `${FROM}\r\n`],
    ["no empty line", FROM, `${FROM}\r\n`],
    ["no empty line behind a Bcc", `${FROM}Bcc: b@example.com`, `${FROM}\r\n`],
    ["an empty body", `${FROM}\r\n`, `${FROM}\r\n`],
    ["no line end of its body", `${FROM}\r\nHi`, `${FROM}\r\nHi\r\n`],
    ["LF", "From: ann@example.com\n\nHi\n", `${FROM}\r\nHi\r\n`],
    ["CR", "From: ann@example.com\r\rHi\r", `${FROM}\r\nHi\r\n`],
    [
      "all of them",
      `${FROM}\na\nb\rc\r\n\r.\r\n\n\rd`,
      `${FROM}\r\na\r\nb\r\nc\r\n\r\n.\r\n\r\n\r\nd\r\n`,
    ],
    [
      "a smuggled end of data",
      `${FROM}\r\na\n.\r\nMAIL FROM:<x@y>`,
      `${FROM}\r\na\r\n.\r\nMAIL FROM:<x@y>\r\n`,
    ],
    ["a Bcc at the start", `Bcc: b@example.com\r\n${FROM}\r\nHi\r\n`, `${FROM}\r\nHi\r\n`],
    ["an empty Bcc", `${FROM}bcc:\r\n\r\nHi\r\n`, `${FROM}\r\nHi\r\n`],
    ["a Bcc folded at once", `${FROM}BCC:\n b@example.com\n\nHi\n`, `${FROM}\r\nHi\r\n`],
    [
      "a field folded behind the Bcc",
      `Bcc: b@example.com\nFrom:\n ann@example.com`,
      "From:\r\n ann@example.com\r\n\r\n",
    ],
  ])("with %s is put right", (_, raw, expected) => {
    expect(contentOf(raw)).toBe(expected);
  });

  it.each([
    ["ASCII", `${FROM}\r\nHi\r\n`, false, false],
    ["UTF-8 in the body", `${FROM}\r\nü\r\n`, true, false],
    ["UTF-8 in the header", `Subject: ü\r\n${FROM}\r\nHi\r\n`, false, true],
    ["UTF-8 in both", `Subject: ü\r\n${FROM}\r\nü\r\n`, true, true],
    ["UTF-8 in its Bcc alone", `Bcc: jürgen@example.com\r\n${FROM}\r\nHi\r\n`, false, false],
    ["any octets in the body", latin1(`${FROM}\r\n\xff\xfe\x80\x01\x1b\x7f\r\n`), true, false],
    ["U+FFFD in the header", `Subject: \ufffd\r\n${FROM}\r\n`, false, true],
  ])("with %s tells what the relay must offer", (_, raw, eightBit, utf8Header) => {
    expect(messageOf(raw)).toMatchObject({ eightBit, utf8Header });
  });

  it.each([
    ["an address list of nobody", "To: undisclosed-recipients:;\r\nCc: \r\n"],
    ["a folded field", "X-A: a\r\n b\r\n\tc\r\n"],
    ["an empty field", "X-A:\r\n"],
    ["any ftext in a name", "!#$%&'*+-.^_`{|}~09<\">: a\r\n"],
    ["a line of 998", `X-A: ${"a".repeat(993)}\r\n`],
    [
      "fields that repeat",
      "Received: a\r\nReceived: b\r\nX-A: a\r\nX-A: b\r\nComments: a\r\nComments: b\r\n",
    ],
    ["a Message-ID of no dot-atom", "Message-ID: <a..b$@[x]y@z>\r\n"],
    ["message/partial", "Content-Type: message/partial; id=x; number=1\r\n"],
    ["8bit", "Content-Transfer-Encoding: 8bit\r\n"],
    ["a field name that begins with From", "From-X: a b\r\n"],
  ])("takes %s as it is", (_, lines) => {
    expect(contentOf(`${FROM}${lines}\r\nHi\r\n`)).toBe(`${FROM}${lines}\r\nHi\r\n`);
    expect(contentOf(`${lines}${FROM}\r\nHi\r\n`)).toBe(`${lines}${FROM}\r\nHi\r\n`);
  });

  it.each([
    ["CRLF", "\r\n"],
    ["LF", "\n"],
  ])("of 10 MB with %s takes little time", (_, lineEnd) => {
    const body = `${"a".repeat(76)}${lineEnd}`.repeat(10_000_000 / 77);
    const octets = octetsOf(`Bcc: b@example.com\n${FROM}\n${body}`);
    const start = performance.now();
    messageOf(octets);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it.each([
    ["blanks", `X: ${" ".repeat(60_000)}x`],
    ["short fields", "X:\n".repeat(20_000)],
    ["folds", `X:${"\n y".repeat(20_000)}`],
    ["addresses", `To: ${"a@ü.x,\n ".repeat(6_000)}b@x`],
    ["a Message-ID of at signs", `Message-ID: <${"@".repeat(60_000)}`],
    ["a Date of comments", `Date: 21 Nov 2026 12:00:00 +0000 ${"()".repeat(30_000)}x`],
    ["an encoding of blanks", `Content-Transfer-Encoding: ${" ".repeat(60_000)}binar`],
  ])("takes linear time for many %s", (_, lines) => {
    const start = performance.now();
    problemsOf(`${FROM}${lines}\n\n`);
    expect(performance.now() - start).toBeLessThan(500);
  });

  const piece = fc.constantFrom(
    "\r",
    "\n",
    "\r\n",
    "\r\n\r\n",
    " ",
    "\t",
    ":",
    ".",
    "ü",
    "\0",
    "x".repeat(500),
    "From: a@example.com\n",
    "Bcc: b@example.com\r",
    "bcc:\n x@y.z\n",
    "Resent-Bcc: c\r\n",
    "To: a@example.com, <b@example.org>\r\n",
    "X: y\n",
    "Subject: ü\n",
    "Bcc : d\n",
  );
  const raw = fc.oneof(
    fc.array(piece, { maxLength: 20 }).map((pieces) => octetsOf(pieces.join(""))),
    fc
      .array(piece, { maxLength: 10 })
      .map((pieces) => octetsOf(`From: a@example.com\n${pieces.join("")}`)),
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }).map((octets) => {
      const start = octetsOf("From: a@example.com\nBcc: b@example.com\n\n");
      return new Uint8Array([...start, ...octets]);
    }),
  );

  it("never throws; what it takes is lines without a Bcc, and reads the same again", () => {
    let taken = 0;
    fc.assert(
      fc.property(raw, (octets) => {
        const before = octets.slice();
        const result = parseRawMessage(octets);
        expect(octets).toEqual(before);
        if (!result.ok) {
          expect(result.problems.length).toBeGreaterThan(0);
          for (const problem of result.problems) expect(problem).toMatch(/^Line [1-9]\d*: [A-Z]/);
          return;
        }
        taken++;
        // A Resent-Bcc may have been all that said so.
        const { content, bcc, resentBy: _, ...message } = result.value;
        const text = textOf(content);
        expect(text.endsWith("\r\n")).toBe(true);
        expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n\0]/);
        for (const line of text.split("\r\n")) expect(line.length).toBeLessThanOrEqual(998);
        const header = text.slice(0, text.indexOf("\r\n\r\n") + 2);
        expect(header).toMatch(/^From:/m);
        expect(header).not.toMatch(/^(?:resent-)?bcc/im);
        expect(bcc.map(addressOf).every((address) => address.includes("@"))).toBe(true);
        const { resentBy: _again, ...again } = messageOf(content);
        expect(again).toEqual({ ...message, bcc: [], content });
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});
