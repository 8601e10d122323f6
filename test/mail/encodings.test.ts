import * as fc from "fast-check";
import { decodeWords } from "postal-mime";
import { describe, expect, it } from "vitest";

import {
  decodeBase64,
  encodeBase64,
  wrappedBase64Length,
  writeBase64,
} from "../../src/mail/base64.ts";
import { assertComposed } from "../../src/mail/composed.ts";
import { formatDate } from "../../src/mail/date.ts";
import { encodeWords, needsEncodedWord } from "../../src/mail/encoded-word.ts";
import { foldValue, formatUnstructured } from "../../src/mail/header-field.ts";
import { encodeQuotedPrintable, quotedPrintableLength } from "../../src/mail/quoted-printable.ts";
import { encodeText } from "../../src/mail/transfer-encoding.ts";
import { lineText } from "./mails.ts";

const ascii = (octets: Uint8Array) => Buffer.from(octets).toString("latin1");
const octetsOf = (text: string) => new TextEncoder().encode(text);

describe("base64", () => {
  it("is what the platform makes of it, in lines of 76", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (octets) => {
        const wanted = Buffer.from(octets).toString("base64");
        const target = new Uint8Array(wrappedBase64Length(octets.length));
        expect(writeBase64(octets, target, 0)).toBe(target.length);
        expect(ascii(target)).toBe((wanted.match(/.{1,76}/g) ?? []).join("\r\n"));
        expect(encodeBase64(octets)).toBe(wanted);
        for (const text of [wanted, ascii(target), wanted.replaceAll("=", "")]) {
          expect(decodeBase64(text)).toEqual({ ok: true, value: octets });
        }
      }),
    );
  });

  it("is read across the borders of its chunks", () => {
    const octets = new Uint8Array(200_001).map((_, at) => at * 7);
    const text = Buffer.from(octets).toString("base64").replaceAll(/.{77}/g, "$&\r\n");
    const decoded = decodeBase64(text);
    expect(decoded.ok && Buffer.compare(decoded.value, octets)).toBe(0);
    expect(decodeBase64(`${text.slice(0, 150_000)}*${text.slice(150_000)}`).ok).toBe(false);
    expect(decodeBase64(`${"A".repeat(65_535)}ü`).ok).toBe(false);
  });
});

describe("quoted-printable", () => {
  const decode = (text: string) =>
    Buffer.from(
      text
        .replaceAll("=\r\n", "")
        .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        ),
      "latin1",
    );

  it("has lines of at most 76 without white space at their end, and decodes to the octets", () => {
    const piece = fc.constantFrom(
      "a",
      " ",
      "\t",
      "=",
      ".",
      "\r\n",
      "\r",
      "\n",
      "ü",
      "€",
      "\0",
      "x".repeat(70),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 80 }), (pieces) => {
        const octets = octetsOf(pieces.join(""));
        const encoded = ascii(encodeQuotedPrintable(octets));
        expect(encoded).toMatch(/^[\r\n\t -~]*$/);
        expect(encoded.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
        for (const line of encoded.split("\r\n")) {
          expect(line.length).toBeLessThanOrEqual(76);
          expect(line).not.toMatch(/[ \t]$/);
        }
        expect(Buffer.compare(decode(encoded), octets)).toBe(0);
        expect(encoded.length).toBeLessThanOrEqual(quotedPrintableLength(octets) * 1.2 + 80);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["76 columns", "a".repeat(76), "a".repeat(76)],
    ["77 columns", "a".repeat(77), `${"a".repeat(75)}=\r\naa`],
    ["an octet that does not fit", `${"a".repeat(74)}üb`, `${"a".repeat(74)}=\r\n=C3=BCb`],
  ])("breaks %s", (_, text, expected) => {
    expect(ascii(encodeQuotedPrintable(octetsOf(text)))).toBe(expected);
  });
});

describe("the transfer encoding of a text", () => {
  it.each([
    ["ASCII", "Hi\n.\nthere", "7bit", "Hi\r\n.\r\nthere"],
    ["998 columns", "x".repeat(998), "7bit", "x".repeat(998)],
    ["999 columns", "x".repeat(999), "quoted-printable", undefined],
    [
      "some Unicode",
      "Viele Grüße an alle im Haus",
      "quoted-printable",
      "Viele Gr=C3=BC=C3=9Fe an alle im Haus",
    ],
    ["much Unicode", "こんにちは", "base64", undefined],
    ["NUL", "aaaaaa\0", "quoted-printable", "aaaaaa=00"],
    ["lone line ends", "a\rb\nc\r\nd\n\re", "7bit", "a\r\nb\r\nc\r\nd\r\n\r\ne"],
  ])("of %s", (_, text, encoding, octets) => {
    const body = encodeText(text);
    expect(body.encoding).toBe(encoding);
    if (octets !== undefined) expect(body.segment.octets).toEqual(octetsOf(octets));
  });
});

describe("encoded-words", () => {
  it("never exceed 75, never split a character, and decode to the text", () => {
    fc.assert(
      fc.property(lineText(300), fc.integer({ min: 32, max: 75 }), (text, first) => {
        fc.pre(text.isWellFormed());
        const words = encodeWords(text, first);
        for (const [index, word] of words.entries()) {
          expect(word.length).toBeLessThanOrEqual(index === 0 ? first : 75);
          expect(word).toMatch(/^=\?UTF-8\?[BQ]\?[A-Za-z0-9!*+/=_-]+\?=$/);
          expect(decodeWords(word)).not.toContain(
            "\ufffd".repeat(text.includes("\ufffd") ? 99 : 1),
          );
        }
        expect(decodeWords(words.join(" "))).toBe(text);
      }),
    );
  });

  it.each([
    ["mostly ASCII", "Hello Jürgen", ["=?UTF-8?Q?Hello_J=C3=BCrgen?="]],
    ["hardly any", "日本", ["=?UTF-8?B?5pel5pys?="]],
    ["a lookalike", "=?a?=", ["=?UTF-8?B?PT9hPz0=?="]],
    [
      "a space and an underscore",
      "abc abc abc abc abc _é",
      ["=?UTF-8?Q?abc_abc_abc_abc_abc_=5F=C3=A9?="],
    ],
  ])("are the shorter of B and Q for %s", (_, text, words) => {
    expect(needsEncodedWord(text)).toBe(true);
    expect(encodeWords(text)).toEqual(words);
  });
});

describe("folding", () => {
  const unfold = (value: string) => value.replaceAll(/\r\n(?=[ \t])/g, "");

  it("keeps lines within 78 where words allow, never leaves a blank one, and unfolds to the value", () => {
    const word = fc.constantFrom(
      "a",
      "bb",
      " ",
      "  ",
      "\t",
      "c".repeat(40),
      "d".repeat(90),
      "e".repeat(900),
    );
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 60 }),
        fc.constantFrom("To", "X".repeat(76)),
        (words, name) => {
          const value = words.join("").trim();
          const folded = foldValue(name, value);
          const lines = `${name}: ${folded}`.split("\r\n");
          for (const line of lines) {
            expect(line).toMatch(/[^ \t]/);
            if (line.length > 78) expect(line.trim().replace(/^\S*: /, "")).not.toMatch(/\s/);
          }
          expect(unfold(folded).trim()).toBe(value);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("leaves white space at the end on the last line", () => {
    expect(foldValue("X", `${"a".repeat(70)} b${" ".repeat(20)}`)).toMatch(/b {20}$/);
  });

  it.each([
    ["a word of 997", "X", "a".repeat(997)],
    ["a word of 1000, which is encoded", "Subject", "a".repeat(1000)],
    ["1000 characters in Unicode", "Subject", "ü".repeat(1000)],
    ["a long name", "X".repeat(76), "ü".repeat(100)],
    ["much white space", "Subject", `a${" ".repeat(1500)}b`],
  ])("keeps %s within 998", (_, name, text) => {
    const value = formatUnstructured(name, text);
    for (const line of `${name}: ${value}`.split("\r\n")) {
      expect(line.length).toBeLessThanOrEqual(value.includes("=?") && name.length < 60 ? 76 : 998);
    }
    expect(decodeWords(unfold(value).trim())).toBe(text);
  });
});

describe("a date", () => {
  it.each([
    ["2026-11-21T10:00:00Z", "Sat, 21 Nov 2026 10:00:00 +0000"],
    ["2026-01-04T23:59:59.999Z", "Sun, 04 Jan 2026 23:59:59 +0000"],
    ["1900-01-01T00:00:00Z", "Mon, 01 Jan 1900 00:00:00 +0000"],
  ])("%s is written as %s", (iso, expected) => {
    expect(formatDate(new Date(iso))).toBe(expected);
  });
});

describe("the last look", () => {
  /** The octets as one segment, and cut anywhere. */
  const look =
    (text: string, eightBit = { header: false, body: false }) =>
    () => {
      const whole = octetsOf(text);
      for (let at = 0; at < Math.min(whole.length, 12); at++) {
        const pieces = [whole.subarray(0, at), whole.subarray(at)];
        assertComposed(
          pieces.map((octets) => ({ type: "octets", octets })),
          eightBit,
        );
      }
    };

  it.each([
    ["a bare LF", "A: b\r\n\r\na\nb\r\n"],
    ["a bare CR", "A: b\r\n\r\na\rb\r\n"],
    ["a CR at the end", "A: b\r\n\r\na\r"],
    ["NUL", "A: b\r\n\r\na\0\r\n"],
    ["no line end", "A: b\r\n\r\na"],
    ["no blank line", "A: b\r\n"],
    ["999 octets", `A: b\r\n\r\n${"x".repeat(999)}\r\n`],
    ["8-bit data", "A: ü\r\n\r\na\r\n"],
  ])("refuses %s", (_, text) => {
    expect(look(text)).toThrow(TypeError);
  });

  it("passes what is in order", () => {
    expect(look(`A: b\r\n\r\n${"x".repeat(998)}\r\n`)).not.toThrow();
    const [header, body] = [
      { header: true, body: false },
      { header: false, body: true },
    ];
    expect(look("A: ü\r\n\r\na\r\n", header)).not.toThrow();
    expect(look("A: a\r\n\r\nü\r\n", header)).toThrow(TypeError);
    expect(look("A: a\r\n\r\nü\r\n", body)).not.toThrow();
    expect(look("A: ü\r\n\r\na\r\n", body)).toThrow(TypeError);
  });
});
