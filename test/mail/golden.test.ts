import { readdirSync, readFileSync, writeFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { composeGolden, goldenPath, GOLDENS } from "./goldens.ts";
import { lint } from "./lint.ts";
import { mailOf } from "./mails.ts";
import { expectReadByMailparser, expectReadByPostalMime } from "./read-back.ts";
import { readByMailparser, readByPostalMime } from "./read-back.ts";
import { RAW_READING } from "./reading.ts";

/** `UPDATE_GOLDEN=1` writes the files: each change of them is to be looked at. */
const isUpdate = process.env["UPDATE_GOLDEN"] === "1";

describe.each(GOLDENS)("the golden message $name", (golden) => {
  const content = composeGolden(golden);
  const isRaw = "raw" in golden.input;
  if (isUpdate) writeFileSync(goldenPath(golden), content);

  it("is composed octet for octet", () => {
    const kept = readFileSync(goldenPath(golden));
    // As text first, which shows where they differ; it cannot tell all octets apart.
    expect(content.toString("latin1").split("\n")).toEqual(kept.toString("latin1").split("\n"));
    expect(content.equals(kept)).toBe(true);
  });

  it.skipIf(isRaw)("has no fault", () => {
    const { smtpUtf8 } = mailOf(golden.input).envelope;
    expect(lint(content, { smtpUtf8 })).toEqual([]);
  });

  it("reads as the mail by postal-mime", async () => {
    if (isRaw) expect(await readByPostalMime(content)).toEqual(RAW_READING);
    else await expectReadByPostalMime(content, mailOf(golden.input));
  });

  it("reads as the mail by mailparser", async () => {
    if (isRaw) expect(await readByMailparser(content)).toEqual(RAW_READING);
    else await expectReadByMailparser(content, mailOf(golden.input));
  });
});

it("keeps no file that no mail makes", () => {
  const files = readdirSync(new URL("golden/", import.meta.url));
  expect(files.toSorted()).toEqual(GOLDENS.map(({ name }) => `${name}.eml`).toSorted());
});

describe("a part", () => {
  const headersOf = (name: string): string[] =>
    GOLDENS.filter((golden) => golden.name === name)
      .flatMap((golden) => composeGolden(golden).toString("latin1").split("\r\n--"))
      .map((part) => part.slice(0, part.indexOf("\r\n\r\n")).replaceAll(/\r\n(?= )/g, ""));

  // RFC 5545 §3.7.2: where the calendar has METHOD, the type has it too, and it is the same.
  it("of a calendar names its method, and is no second invitation where it is a file", () => {
    const types = headersOf("calendar-attached-too").flatMap(
      (header) => /^Content-Type: (.*(?:calendar|ics).*)$/m.exec(header)?.[1] ?? [],
    );
    expect(types).toEqual(["text/calendar; charset=utf-8; method=REQUEST", "application/ics"]);
  });

  // RFC 2045 §7 wants a domain in it. The html refers to the identifier as the caller wrote it, and is
  // not rewritten; readers take either.
  it("has the Content-ID that the html refers to, with a domain or without", () => {
    const ids = headersOf("html-with-images").flatMap(
      (header) => /^Content-ID: (.*)$/m.exec(header)?.[1] ?? [],
    );
    expect(ids).toEqual(["<logo@example.com>", "<dot>"]);
  });
});

/** A lint that finds nothing is not to be believed before it has found these. */
describe("the lint", () => {
  const everything = GOLDENS.find(({ name }) => name === "everything");
  const good = everything === undefined ? "" : composeGolden(everything).toString("latin1");
  const [outer, middle, inner] = ["02", "03", "04"].map((octet) => octet.repeat(16));

  it.each([
    ["8 bits undeclared", "8bit\r\nContent-Type: multipart", "7bit\r\nContent-Type: multipart"],
    ["an open level", `\r\n--${inner}--`, ""],
    ["a level that ends twice", `--${middle}--`, `--${middle}--\r\n--${middle}--`],
    ["levels crossed", `--${inner}--\r\n`, `--${outer}--\r\n`],
    ["two levels of one boundary", new RegExp(`${inner}`, "g"), `${middle}`],
    ["a line like a delimiter", "Hello Bob", `--${outer}x\r\nHello Bob`],
    ["a preamble", `\r\n\r\n--${outer}`, `\r\n\r\nx\r\n--${outer}`],
    ["a base64 line too long", /\r\n(?=j5adp)/, ""],
    ["a base64 line too short", "AAcOFRwjKjE4P0ZN", "AAcOFRwjKjE4P0ZN\r\n"],
    ["a quoted-printable line too long", "=\r\n async", " async"],
    ["a space at the end of a quoted-printable line", "END:VEVENT", "END:VEVENT "],
    ["an encoded message", /message\/rfc822\r\n(.*: )8bit/, "message/rfc822\r\n$1base64"],
    ["a second From", "Subject:", "From: x@example.com\r\nSubject:"],
    ["no Date", /Date: .*\r\n/, ""],
    ["no Message-ID", /Message-ID: .*\r\n/, ""],
    ["a Bcc", "Subject:", "Bcc: x@example.com\r\nSubject:"],
    ["a line that could be folded", "Subject: ", `Subject: ${"word ".repeat(20)}`],
    ["a folded line of white space", "Subject: ", "Subject: x\r\n \r\n "],
    ["a part without an encoding", /(Content-ID: <dot>\r\n.*\r\n).*\r\n/, "$1"],
    ["a bare LF", "Hello Bob,\r\n", "Hello Bob,\n"],
    ["octets outside ASCII in the header", "Minutes", "Min\u00fctes"],
    ["octets outside ASCII in a part of 7 bits", "Hello Bob", "Hello B\u00f6b"],
  ])("finds %s", (_, from, to) => {
    const bad = good.replace(from, to);
    expect(lint(Buffer.from(good, "latin1"))).toEqual([]);
    expect(lint(Buffer.from(bad, "latin1"))).not.toEqual([]);
  });
});
