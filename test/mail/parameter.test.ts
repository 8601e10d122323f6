/** The file name of a part, as we write it and as readers that are not ours read it. */
import * as fc from "fast-check";
import { simpleParser } from "mailparser";
import { describe, expect, it } from "vitest";

import { fallbackName, formatDisposition } from "../../src/mail/parameter.ts";
import { hasPython, readByPostalMime, readByPython } from "../relays/readers.ts";
import { lineText } from "./mails.ts";

const NAMES: readonly [string, string][] = [
  ["ASCII", "a b.pdf"],
  ["60 characters", `${"a".repeat(56)}.pdf`],
  ["61 characters", `${"a".repeat(57)}.pdf`],
  ["umlauts", "Übersicht für Jürgen.pdf"],
  ["an emoji", "Grüße 👩🏽‍🚀.png"],
  ["quotes", 'Angebot "final".pdf'],
  ["quotes of another kind", "Angebot „final“ 'neu'.pdf"],
  ["quotes alone", '"".txt'],
  ["semicolons", "a;b; filename=c.txt"],
  ["semicolons in Unicode", "ä;b; filename=c.txt"],
  ["200 characters", `${"Monthly report 2026 ".repeat(10).slice(0, 196)}.pdf`],
  ["200 Greek letters", `${"αβγδεζηθικ".repeat(20).slice(0, 196)}.pdf`],
  ["an apostrophe and a per cent", "a'b%20c.txt"],
  ["an apostrophe and a per cent in Unicode", "é'b%20c.txt"],
  ["what looks like an extended value", "UTF-8''a%20b.txt"],
  ["dots before it", "..a.txt"],
  ["dots behind it", "a.txt.."],
  ["dots around Unicode", ".ä.."],
  ["commas and brackets", "a,b (1) [2] <3>.txt"],
  ["an equals sign", "a=b?.txt"],
  ["a percent sign at the end of a section", `ü${"%".repeat(100)}`],
];
/** Plain text to Python; others decode it wherever it stands, so that they cannot be given this name. */
const LOOKALIKE = "=?UTF-8?Q?a?=";

/** A message with one file of the name, as `compose` writes its header. */
function messageWith(filename: string): Buffer {
  const name = fallbackName(filename);
  return Buffer.from(
    [
      "From: a@example.com",
      "MIME-Version: 1.0",
      "Content-Type: multipart/mixed; boundary=b",
      "",
      "--b",
      `Content-Type: application/pdf${name === undefined ? "" : `;\r\n${name}`}`,
      `Content-Disposition: ${formatDisposition("attachment", filename)}`,
      "",
      "x",
      "--b--",
      "",
    ].join("\r\n"),
  );
}

describe("a file name", () => {
  it.each([
    ["ASCII", "a b.pdf", 'attachment;\r\n filename="a b.pdf"', undefined],
    ["a quote", 'a"b.pdf', 'attachment;\r\n filename="a\\"b.pdf"', undefined],
    ["60 characters", "a".repeat(60), `attachment;\r\n filename="${"a".repeat(60)}"`, undefined],
    [
      "61 characters",
      `${"a".repeat(57)}.pdf`,
      `attachment;\r\n filename*0*=UTF-8''${"a".repeat(53)};\r\n filename*1*=aaaa.pdf`,
      ` name="${"a".repeat(56)}.pdf"`,
    ],
    [
      "Unicode",
      "naïve.pdf",
      "attachment;\r\n filename*=UTF-8''na%C3%AFve.pdf",
      ' name="na_ve.pdf"',
    ],
    ["a lookalike", "=?x?=", "attachment;\r\n filename*=UTF-8''%3D%3Fx%3F%3D", ' name="_x_"'],
    [
      "Unicode that injects",
      'ü"; name="b',
      "attachment;\r\n filename*=UTF-8''%C3%BC%22%3B%20name%3D%22b",
      ' name="_ name_b"',
    ],
  ])("is written with %s", (_, filename, disposition, fallback) => {
    expect(formatDisposition("attachment", filename)).toBe(disposition);
    expect(fallbackName(filename)).toBe(fallback);
  });

  it("has one family of parameters, in lines of 78, that put together gives it back", () => {
    const longText = fc.string({ unit: "grapheme", minLength: 61, maxLength: 200 });
    fc.assert(
      fc.property(fc.oneof(lineText(80), longText), (filename) => {
        fc.pre(!/[\p{Cc}\\]/u.test(filename) && filename.isWellFormed());
        const value = formatDisposition("inline", filename);
        const fallback = fallbackName(filename);
        for (const line of value.split("\r\n")) expect(line.length).toBeLessThanOrEqual(78);
        const plain = /^inline;\r\n filename="((?:[^"\\]|\\.)*)"$/.exec(value)?.[1];
        expect(fallback === undefined).toBe(plain !== undefined);
        if (plain !== undefined) {
          expect(plain.replaceAll(/\\(.)/g, "$1")).toBe(filename);
          return;
        }
        expect(fallback).toMatch(/^ name="[A-Za-z0-9._ -]{1,60}"$/);
        expect(value).toMatch(/^inline(?:;\r\n filename\*(?:\d+\*)?=[^;\r\n"]*)+$/);
        const sections = [...value.matchAll(/filename\*(\d+)\*=([^;\r]*)/g)];
        expect(sections.map(([, index]) => Number(index))).toEqual([...sections.keys()]);
        const whole =
          sections.map(([, , text]) => text).join("") || /filename\*=(.*)/.exec(value)?.[1];
        expect(decodeURIComponent((whole ?? "").replace(/^UTF-8''/, ""))).toBe(filename);
      }),
    );
  });

  it.each(NAMES)("with %s is read by mailparser", async (_, filename) => {
    const { attachments } = await simpleParser(messageWith(filename));
    expect(attachments.map((one) => one.filename)).toStrictEqual([filename]);
  });

  it.each(NAMES)("with %s is read by postal-mime", async (_, filename) => {
    const { attachments } = await readByPostalMime(messageWith(filename));
    expect(attachments.map((one) => one.filename)).toStrictEqual([filename]);
  });

  it.skipIf(!hasPython)("is read by Python's email, without a defect", () => {
    const names = [...NAMES.map(([, name]) => name), LOOKALIKE];
    const readings = readByPython(names.map(messageWith));
    expect(readings.map(({ attachments }) => attachments[0]?.filename)).toStrictEqual(names);
    expect(readings.flatMap(({ defects }) => defects)).toStrictEqual([]);
  });

  it("that looks like an encoded-word does no harm where it is decoded", async () => {
    const message = messageWith(LOOKALIKE);
    const [one, other] = [await simpleParser(message), await readByPostalMime(message)];
    for (const name of [one.attachments[0]?.filename, other.attachments[0]?.filename]) {
      expect([LOOKALIKE, "a"]).toContain(name);
    }
  });
});
