import { describe, expect, it } from "vitest";

import { HELLO, mailOf, problemsOf } from "./mails.ts";

const one = (attachment: unknown) => mailOf({ ...HELLO, attachments: [attachment] }).attachments[0];
const faults = (...attachments: unknown[]) => problemsOf({ ...HELLO, attachments });
const BYTES = [0, 1, 254, 255];

describe("the content of an attachment", () => {
  it.each([
    ["base64", "AAH+/w=="],
    ["base64 without padding", "AAH+/w"],
    ["base64 with line breaks", "AA\r\nH\n+/w=\r\n=\r\n"],
    ["a Uint8Array", new Uint8Array(BYTES)],
    ["a view into a larger buffer", new Uint8Array([9, ...BYTES, 9]).subarray(1, 5)],
    ["a DataView", new DataView(new Uint8Array(BYTES).buffer)],
    ["an ArrayBuffer", new Uint8Array(BYTES).buffer],
    ["a Buffer", Buffer.from(BYTES)],
    ["a list of numbers", BYTES],
    ["the JSON of a Buffer", JSON.parse(JSON.stringify(Buffer.from(BYTES)))],
    ["the JSON of a Uint8Array", JSON.parse(JSON.stringify(new Uint8Array(BYTES)))],
  ])("may be %s", (_, content) => {
    expect(one({ content })?.content).toEqual(new Uint8Array(BYTES));
  });

  it.each([
    ["text", "hello world"],
    ["the URL-safe alphabet", "AAH-_w=="],
    ["a stray percent sign", "AAH+/w==%"],
    ["text behind the padding", "AA==AAAA"],
    ["too much padding", "AAH+/w==="],
    ["padding alone", "===="],
    ["an impossible length", "AAAAA"],
    ["a character that truncates to a digit", "AAA\u0141"],
    ["a number too large", [256]],
    ["a fraction", [0.5]],
    ["a string among numbers", [1, "2"]],
    ["a hole", [1, undefined, 2]],
    ["an object without octets", { a: 1 }],
    ["keys out of order", { 1: 1, 2: 2 }],
    ["an empty object", {}],
    ["a Buffer of text", { type: "Buffer", data: "AAAA" }],
    ["true", true],
  ])("may not be %s", (_, content) => {
    expect(faults({ content })).toEqual([
      expect.stringMatching(
        /^\/attachments\/0\/content Invalid `content` field\. It must be base64/,
      ),
    ]);
  });

  it("must be there, and is never fetched", () => {
    expect(faults({ filename: "a" })).toEqual([
      "/attachments/0/content Attachment must have either a `content` or `path`.",
    ]);
    expect(faults({ path: "http://169.254.169.254/" })).toEqual([
      "/attachments/0/path Invalid `path` field. Nothing is fetched from a URL; give the file itself as `content`.",
    ]);
  });

  it("is at most 40 MB with all others", () => {
    const content = new Uint8Array(16 * 1024 * 1024);
    expect(faults({ content })).toEqual([]);
    expect(faults({ content }, { content })).toEqual([
      "/attachments The content is larger than 41943040 octets, base64 counted.",
    ]);
  });
});

describe("what is said about an attachment", () => {
  it.each([
    ["the type from the name", { filename: "a.PDF" }, "a.PDF", "application/pdf", "attachment"],
    [
      "no type for an unknown name",
      { filename: "a.xyz" },
      "a.xyz",
      "application/octet-stream",
      "attachment",
    ],
    [
      "the type given",
      { filename: "a.pdf", type: "Image/PNG" },
      "a.pdf",
      "image/png",
      "attachment",
    ],
    ["content_type", { content_type: "text/csv" }, "attachment-1.csv", "text/csv", "attachment"],
    [
      "contentType",
      { contentType: "text/plain;charset=utf-8" },
      "attachment-1.txt",
      "text/plain; charset=utf-8",
      "attachment",
    ],
    [
      "a quoted parameter",
      { type: 'text/x; a="b c" ;d=e' },
      "attachment-1.bin",
      'text/x; a="b c"; d=e',
      "attachment",
    ],
    [
      "nothing at all",
      { filename: false, type: "" },
      "attachment-1.bin",
      "application/octet-stream",
      "attachment",
    ],
    ["inline", { filename: "a", disposition: "inline" }, "a", "application/octet-stream", "inline"],
    [
      "an 8-bit message as octets",
      { filename: "a.eml", content: [200] },
      "a.eml",
      "application/octet-stream",
      "attachment",
    ],
    [
      "an 8-bit message",
      { type: "message/rfc822", content: [200] },
      "attachment-1.eml",
      "message/rfc822",
      "attachment",
    ],
  ])("is taken: %s", (_, fields, filename, type, disposition) => {
    expect(one({ content: "AAAA", ...fields })).toMatchObject({ filename, type, disposition });
  });

  it.each([
    ["contentId", "logo"],
    ["content_id", "<logo@example.com>"],
    ["inline_content_id", "logo@example.com"],
  ])("makes it inline: %s", (name, id) => {
    expect(one({ content: "", [name]: id })).toMatchObject({
      disposition: "inline",
      contentId: id.replaceAll(/[<>]/g, ""),
    });
  });

  it.each([
    ["a path in the name", { filename: "../a" }, "filename", "separator"],
    ["a backslash in the name", { filename: "a\\b" }, "filename", "separator"],
    ["CRLF in the name", { filename: 'a"\r\nX: y' }, "filename", "line break"],
    ["a reversed extension", { filename: "a\u202egpj.exe" }, "filename", "bidirectional"],
    ["dots for a name", { filename: ".." }, "filename", "name of a file"],
    ["a name of 256", { filename: "ü".repeat(128) }, "filename", "255"],
    ["a lone surrogate", { filename: "\ud800" }, "filename", "surrogate"],
    ["a number for a name", { filename: 1 }, "filename", "string"],
    ["a type that injects", { type: "text/plain\r\nX: y" }, "type", "media type"],
    ["half a type", { type: "text" }, "type", "media type"],
    ["a multipart", { type: "multipart/mixed; boundary=x" }, "type", "multipart"],
    ["a boundary", { type: "text/x; boundary=x" }, "type", "boundary"],
    ["a second name", { type: 'text/x; name="evil.exe"' }, "type", "name"],
    ["a parameter twice", { type: "text/x; a=1; A=2" }, "type", "twice"],
    ["a broken parameter", { type: 'text/x; a="b' }, "type", "parameter"],
    ["a parameter that injects", { type: 'text/x; a="b\r\nc"' }, "type", "parameter"],
    ["message/partial", { type: "message/partial" }, "type", "message/partial"],
    ["a message with NUL", { type: "message/rfc822", content: [65, 0] }, "type", "control"],
    [
      "a message of one long line",
      { type: "message/rfc822", content: btoa("x".repeat(999)) },
      "type",
      "at most 998",
    ],
    ["another disposition", { disposition: "form-data" }, "disposition", "inline"],
    [
      "a contentId that is attached",
      { disposition: "attachment", contentId: "a" },
      "disposition",
      "inline",
    ],
    ["a contentId that injects", { contentId: "a>\r\nX: <y" }, "contentId", "logo"],
    ["a contentId with a space", { content_id: "a b" }, "content_id", "logo"],
    ["a contentId of 128", { contentId: "a".repeat(128) }, "contentId", "127"],
    ["another field", { cid: "a" }, "cid", "Unknown"],
    ["two types", { type: "text/plain", content_type: "text/html" }, "content_type", "same field"],
  ])("is refused: %s", (_, fields, name, reason) => {
    expect(faults({ content: "AAAA", ...fields })).toEqual([
      expect.stringMatching(new RegExp(`^/attachments/0/${name} .*${reason}`, "s")),
    ]);
  });

  it("is refused: a contentId that another has", () => {
    expect(faults({ content: "", contentId: "a" }, { content: "", contentId: "<a>" })).toEqual([
      "/attachments/1 Invalid `attachments` field. The content ID `a` is there twice.",
    ]);
  });

  it.each([
    [
      "an object",
      { content: "" },
      "/attachments Invalid `attachments` field. It must be an array.",
    ],
    [
      "strings",
      ["AAAA"],
      "/attachments/0 Invalid `attachments` field. An attachment must be an object with `filename` and `content`.",
    ],
    [
      "101 of them",
      Array.from({ length: 101 }, () => ({ content: "" })),
      "/attachments Invalid `attachments` field. At most 100 attachments are allowed.",
    ],
  ])("is not read from %s", (_, attachments, problem) => {
    expect(problemsOf({ ...HELLO, attachments })).toEqual([problem]);
  });
});
