/**
 * Mails that go wrong elsewhere. Each is composed, has no fault, and reads as it was written by two
 * readers that are not ours; or it is refused with a sentence that names the field.
 */ import PostalMime from "postal-mime";
import { describe, expect, it } from "vitest";

import { AWKWARD, composedText, files, ids, named, octets } from "./awkward-mails.ts";
import { countingBytes } from "./goldens.ts";
import { lint } from "./lint.ts";
import { composeWhole, HELLO, mailOf, problemsOf } from "./mails.ts";
import { expectReadByMailparser, expectReadByPostalMime } from "./read-back.ts";
import { readByMailparser, readByPostalMime } from "./read-back.ts";
import { sha256 } from "./reading.ts";

describe.each(AWKWARD)("a mail with %s", (_, input) => {
  const mail = mailOf({ ...HELLO, ...input });
  const { content } = composeWhole(mail);

  it("has no fault", () => {
    expect(lint(content)).toEqual([]);
  });

  it("reads as it was written by postal-mime", async () => {
    await expectReadByPostalMime(content, mail);
  });

  it("reads as it was written by mailparser", async () => {
    await expectReadByMailparser(content, mail);
  });
});

describe("a mail is refused, and the field is named, with", () => {
  it.each([
    ["a slash in a file name", files("a/b.txt"), /^\/attachments\/0\/filename .*path separator/],
    [
      "a backslash in a file name",
      files("a\\b.txt"),
      /^\/attachments\/0\/filename .*path separator/,
    ],
    ["CRLF in a file name", files("a\r\nb.txt"), /^\/attachments\/0\/filename .*line break/],
    ["a tab in a file name", files("a\tb.txt"), /^\/attachments\/0\/filename .*control character/],
    ["NUL in a file name", files("a\0.txt"), /^\/attachments\/0\/filename .*control character/],
    [
      "an override in a file name",
      files("a\u202egpj.exe"),
      /^\/attachments\/0\/filename .*bidirectional/,
    ],
    ["a file name of dots", files(".."), /^\/attachments\/0\/filename .*name of a file/],
    ["a file name of spaces", files("  "), /^\/attachments\/0\/filename .*name of a file/],
    [
      "a file name of 256 octets",
      files("x".repeat(256)),
      /^\/attachments\/0\/filename .*255 octets/,
    ],
    [
      "half of a surrogate pair in a file name",
      files("\ud83d.txt"),
      /^\/attachments\/0\/filename .*surrogate/,
    ],
    ["half of a surrogate pair in the subject", { subject: "a\udc4b" }, /^\/subject .*surrogate/],
    ["half of a surrogate pair in the text", { text: "a\ud83d" }, /^\/text .*surrogate/],
    ["half of a surrogate pair in the html", { html: "\udc4ba" }, /^\/html .*surrogate/],
    ["half of a surrogate pair in the AMP", { amp: "\udc4ba" }, /^\/amp .*surrogate/],
    ["half of a surrogate pair in a name", { to: named("a\ud83d") }, /^\/to .*surrogate/],
    [
      "half of a surrogate pair in a header",
      { headers: { "X-A": "\ud83d" } },
      /^\/headers\/X-A .*surrogate/,
    ],
    ["CR in the subject", { subject: "a\rb" }, /^\/subject .*line break/],
    ["LF in the subject", { subject: "a\nb" }, /^\/subject .*line break/],
    ["NUL in the subject", { subject: "a\0b" }, /^\/subject .*control character/],
    ["CR in a name", { to: named("a\rb") }, /^\/to .*line break/],
    ["a tab in a name", { to: named("a\tb") }, /^\/to .*control character/],
    ["an override in a name", { from: named("a\u202eb") }, /^\/from .*bidirectional/],
    ["a name of 321", { from: named("x".repeat(321)) }, /^\/from .*320 characters/],
    ["1000 references", { references: ids(1000) }, /^\/references .*250/],
    ["1000 references in a string", { references: ids(1000).join(" ") }, /^\/references .*250/],
    ["a lookalike in an address", { to: "=?UTF-8?Q?a?=@example.org" }, /^\/to .*encoded-word/],
    ["101 files", files(...ids(101).map((_, at) => `${at}`)), /^\/attachments .*100/],
    [
      "a message of a long line",
      {
        attachments: [{ type: "message/rfc822", content: Buffer.from("x".repeat(999)) }],
      },
      /^\/attachments\/0\/type .*998 octets/,
    ],
  ])("%s", (_, input, problem) => {
    expect(problemsOf({ ...HELLO, ...input })).toEqual([expect.stringMatching(problem)]);
  });
});

/** Messages without a fault that one of the readers, or each, takes for something else. */
describe("a reader misreads, and we do not write otherwise for it:", () => {
  const read = { "postal-mime": readByPostalMime, mailparser: readByMailparser };
  const quoted = `> ${"word ".repeat(30).trim()}`;
  const unquoted = /^> word .*word > word .*word > word word$/;

  it.each([
    // RFC 5322 §2.2.3: unfolding takes away the CRLF and nothing else.
    [
      "mailparser",
      "runs of spaces, where a line is folded at them",
      { subject: `a${" ".repeat(100)}b` },
      { subject: "a b" },
    ],
    // RFC 3629 §6: where the charset is named, it is a character as any.
    ["postal-mime", "a BOM at the start of a field", { subject: "\ufeffa ü" }, { subject: "a ü" }],
    ["postal-mime", "a BOM at the start of a text", { text: "\ufeffa" }, { text: "a" }],
    // RFC 2046 §5.1.1: the line end before a delimiter is the delimiter's.
    [
      "mailparser",
      "an empty part of 7 bits, when another follows",
      {
        attachments: [
          { filename: "a.eml", content: "" },
          { filename: "b", content: "" },
        ],
      },
      {
        files: [
          { filename: "a.eml", sha256: sha256(octets(13, 10)) },
          { sha256: sha256(octets()) },
        ],
      },
    ],
    // RFC 3676 §4.4: stuffing is taken off each line, before lines are joined.
    [
      "mailparser",
      "a stuffed line that goes on with a paragraph",
      { textFormat: "flowed", text: `${"x".repeat(72)} From ${"y".repeat(70)}` },
      { text: `${"x".repeat(72)}  From ${"y".repeat(70)}` },
    ],
    // RFC 3676 §4.5: quote marks are taken off each line, before lines are joined.
    [
      "postal-mime",
      "quoted lines that are one paragraph",
      { textFormat: "flowed", text: quoted },
      { text: expect.stringMatching(unquoted) },
    ],
    [
      "mailparser",
      "quoted lines that are one paragraph",
      { textFormat: "flowed", text: quoted },
      { text: expect.stringMatching(unquoted) },
    ],
    // RFC 2047 §5: an encoded-word may not stand in a parameter, so none is meant.
    [
      "postal-mime",
      "a file name that looks like an encoded-word",
      files("=?UTF-8?Q?a?=.txt"),
      { files: [{ filename: "a.txt" }] },
    ],
    [
      "mailparser",
      "a file name that looks like an encoded-word",
      files("=?UTF-8?Q?a?=.txt"),
      { files: [{ filename: "a.txt" }] },
    ],
  ] as const)("%s, %s", async (reader, _, input, misread) => {
    const mail = mailOf({ ...HELLO, ...input });
    const { content } = composeWhole(mail);
    expect(lint(content)).toEqual([]);
    expect(await read[reader](content)).toMatchObject(misread);
  });

  // RFC 2045 §6.8: the line ends of a text are CRLF. RFC 2046 §5.1.1: the last is the delimiter's.
  it("postal-mime, the line ends of a part that is not base64", async () => {
    const { content } = composeWhole(mailOf({ ...HELLO, amp: "<b>\n</b>" }));
    const { attachments } = await PostalMime.parse(content, { attachmentEncoding: "utf8" });
    expect(attachments.map((one) => one.content)).toEqual(["<b>\n</b>\n"]);
  });
});

/** The boundaries of a mail composed with {@link countingBytes}: the first token is a stand-in. */
const STAND_IN = "01".repeat(16);
const BOUNDARY = "02".repeat(16);
const FIRST_FIVE = [1, 2, 3, 4, 5].map((at) => `--${`0${at}`.repeat(16)}`).join("\n");

describe("a boundary", () => {
  it("is not met by a text made of every boundary so far, for each is new", () => {
    let text = "Hi";
    for (let round = 0; round < 5; round++) text += composedText({ text, html: text });
    const { content } = composeWhole(mailOf({ ...HELLO, text, html: text }));
    expect(lint(content)).toEqual([]);
  });

  // RFC 2046 §5.1.1 leaves it to chance; a generator that is known must do no harm either.
  it.each([
    ["a text", { text: `a\n--${BOUNDARY}\nb`, html: "h" }],
    [
      "an attached message",
      {
        attachments: [
          { type: "message/rfc822", content: Buffer.from(`Subject: x\n\n--${BOUNDARY}--\n`) },
        ],
      },
    ],
    ["a text that holds the first five of them", { text: FIRST_FIVE, html: FIRST_FIVE }],
  ])("is not met by %s that holds the boundary to come", async (_, input) => {
    const mail = mailOf({ ...HELLO, ...input });
    const { content } = composeWhole(mail, { randomBytes: countingBytes() });
    expect(lint(content)).toEqual([]);
    await expectReadByPostalMime(content, mail);
    await expectReadByMailparser(content, mail);
  });

  // Only for a generator that is known: what holds the place of a body is a token too.
  it.each([
    ["a subject", { subject: `${STAND_IN}0.` }],
    ["a file name", files(`${STAND_IN}0.`)],
  ])("is in no danger from %s that holds the stand-in of a body", (_, input) => {
    const mail = mailOf({ ...HELLO, ...input });
    expect(() => composeWhole(mail, { randomBytes: countingBytes() })).not.toThrow();
  });
});
