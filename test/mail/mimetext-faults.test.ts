/**
 * One test per known fault of mimetext 3.0.28, each on the octets that we compose: it fails if the
 * wrapping lets the fault through.
 */
import { readFileSync, readdirSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { parseMailbox } from "../../src/mail/mailbox.ts";
import { fieldsOf, lint } from "./lint.ts";
import { composeWhole, HELLO, mailOf, problemsOf } from "./mails.ts";

const content = (fields: object) => composeWhole(mailOf({ ...HELLO, ...fields })).content;
const raw = (fields: object) => new TextDecoder().decode(content(fields));
const longestLine = (text: string) => Math.max(...text.split("\r\n").map((line) => line.length));
const INJECTION = "x\r\nBcc: <evil@example.net>";

describe("mimetext's fault", () => {
  it("M1, line ends of the host, stays out: one file imports it, and the browser build", () => {
    const folder = new URL("../../src/", import.meta.url);
    const imports = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) =>
        Array.from(
          readFileSync(new URL(file, folder), "utf8").matchAll(/from "(mimetext[^"]*)"/g),
          ([, specifier]) => `${file} ${specifier}`,
        ),
      );
    expect(new Set(imports)).toEqual(new Set(["mail/compose.ts mimetext/browser"]));
    expect(lint(content({ html: "h" }))).toEqual([]);
  });

  it.each([
    ["M2 in a header value", { headers: { "X-A": INJECTION } }],
    ["M2 in a header name", { headers: { [INJECTION]: "a" } }],
    ["M3 in an address", { to: `a@example.com>${INJECTION}` }],
    ["M3 in a name", { from: { email: "a@example.com", name: INJECTION } }],
    ["M4 in a file name", { attachments: [{ filename: INJECTION, content: "" }] }],
    ["M4 in a type", { attachments: [{ type: INJECTION, content: "" }] }],
    ["M5 in a content ID", { attachments: [{ contentId: INJECTION, content: "" }] }],
    ["M6 in the subject", { subject: INJECTION }],
    ["M14 in a Message-ID", { messageId: `<${INJECTION}@example.com>` }],
    ["a reference", { references: [`<${INJECTION}@example.com>`] }],
    ["In-Reply-To", { inReplyTo: `<${INJECTION}@example.com>` }],
    ["Reply-To", { replyTo: `a@example.com${INJECTION}` }],
    ["Sender", { sender: `a@example.com${INJECTION}` }],
    ["Cc", { cc: [INJECTION] }],
    ["the envelope", { envelope: { from: `a@example.com${INJECTION}` } }],
  ])("%s, injection, is refused", (_, fields) => {
    expect(problemsOf({ ...HELLO, ...fields })).toHaveLength(1);
  });

  it.each([
    ["M2", { headers: { "X-A": 'a"<b>:;, =?UTF-8?Q?a=0D=0ABcc:?=' } }],
    ["M3", { to: { email: "a@example.com", name: 'a", <b@example.net> "' } }],
    ["M4", { attachments: [{ filename: 'a"; filename="evil.exe', content: "" }] }],
    ["M6", { subject: "Bcc: a@example.com =?UTF-8?Q?=0D=0A?=" }],
    ["a text", { text: INJECTION, html: `\r\n\r\n${INJECTION}` }],
  ])("%s, injection, does nothing where the text is legal", (_, fields) => {
    expect(lint(content(fields))).toEqual([]);
  });

  it("M4, a quote that ends the file name, is escaped, and the name is there once", () => {
    const message = raw({ attachments: [{ filename: 'a"; filename="evil.exe', content: "" }] });
    expect(message).toContain('filename="a\\"; filename=\\"evil.exe"\r\n');
    expect(message).not.toMatch(/[; ]name=/);
  });

  it.each(["a", "ab", "<ab>", "a@example.com"])("M5, a bare Content-ID, has brackets: %s", (id) => {
    const message = raw({ attachments: [{ contentId: id, content: "" }] });
    expect(message).toContain(`Content-ID: <${id.replaceAll(/[<>]/g, "")}>\r\n`);
  });

  it("M6, an encoded-word around any subject and of any length, is needed and short", () => {
    expect(fieldsOf(content({}))).toContainEqual(["subject", "Hello"]);
    expect(longestLine(raw({ subject: "ü".repeat(1000) }))).toBeLessThanOrEqual(76);
  });

  it("M7, the same for names, and domains in Unicode, is ASCII and short", () => {
    const from = { email: "a@bücher.example", name: "ü".repeat(300) };
    expect(longestLine(raw({ from, to: "Bob <bob@example.org>" }))).toBeLessThanOrEqual(76);
    expect(raw({ from, to: "Bob <bob@example.org>" })).toContain(
      "\r\nTo: Bob <bob@example.org>\r\n",
    );
    expect(lint(content({ from }))).toEqual([]);
  });

  it("M8, custom headers in 8 bits and on one line, are encoded and folded", () => {
    const headers = {
      "X-A": "ü".repeat(500),
      "List-Unsubscribe": "<https://example.com/x>, ".repeat(60),
    };
    expect(lint(content({ headers }))).toEqual([]);
    expect(longestLine(raw({ headers }))).toBeLessThanOrEqual(78);
  });

  it("M9, an encoding that is declared only, is done", () => {
    expect(raw({ text: "Viele Grüße an alle im Haus" })).toContain(
      "Content-Transfer-Encoding: quoted-printable\r\n\r\nViele Gr=C3=BC=C3=9Fe an alle im Haus\r\n",
    );
  });

  it("M10, lines of any length, are wrapped", () => {
    const fields = {
      text: null,
      html: "x".repeat(5000),
      attachments: [{ content: "A".repeat(4000) }],
    };
    expect(longestLine(raw(fields))).toBeLessThanOrEqual(78);
  });

  it("M11, lone line ends in a body, are CRLF", () => {
    expect(raw({ text: "a\n.\r\nb\r.\rc" })).toContain("\r\n\r\na\r\n.\r\nb\r\n.\r\nc\r\n");
    expect(lint(content({ text: "a\n.\r\nb\r.\rc", html: "a\n.\r\n" }))).toEqual([]);
  });

  it("M12, no line end at the end, has one", () => {
    expect(raw({ html: "h", attachments: [{ content: "AA==" }] })).toMatch(/--\r\n$/);
  });

  it("M13, boundaries that can be guessed, are 128 random bits that Math.random has no part in", () => {
    const { random } = Math;
    Math.random = () => 0;
    try {
      const messages = [raw({ html: "h" }), raw({ html: "h" })];
      const [one, other] = messages.map(
        (message) => /boundary=([0-9a-f]{32})\r\n/.exec(message)?.[1],
      );
      expect(one).toBeDefined();
      expect(one).not.toBe(other);
    } finally {
      Math.random = random;
    }
  });

  it("M14, a Message-ID of few bits, is ours; M15, a Bcc field, is not there", () => {
    const fields = fieldsOf(content({ bcc: "secret@example.net", messageId: "a.b@example.com" }));
    expect(fields).toContainEqual(["message-id", "<a.b@example.com>"]);
    expect(fields.flat().join()).not.toMatch(/bcc|secret/i);
  });

  it("M16, one Reply-To at most, takes several", () => {
    expect(fieldsOf(content({ replyTo: ["a@example.com", "B <b@example.com>"] }))).toContainEqual([
      "reply-to",
      "a@example.com, B <b@example.com>",
    ]);
  });

  it("M17, a custom header once and structural ones twice, is the other way round", () => {
    const fields = fieldsOf(content({ headers: { "X-A": ["1", "2"], "x-a": "3" } }));
    expect(fields.filter(([name]) => name === "x-a")).toHaveLength(3);
    expect(problemsOf({ ...HELLO, headers: { "Content-Type": "text/html" } })).toHaveLength(1);
  });

  it.each([
    ["inline.txt", "attachment", "mixed"],
    ["x-attachment.png", "inline", "mixed"],
    ["attachment-inline", "attachment", "mixed"],
  ])("M18, %s taken for what its name says, is there once", (filename, disposition, type) => {
    const message = raw({ attachments: [{ filename, disposition, content: "AAEC" }] });
    expect(message.split("AAEC")).toHaveLength(2);
    expect(message).toContain(`Content-Type: multipart/${type};`);
    expect(message).toContain(`Content-Disposition: ${disposition};`);
  });

  it("M19, parts that are dropped or missing, are there", () => {
    expect(lint(content({ text: null, attachments: [{ content: "AAEC" }] }))).toEqual([]);
    const types = ["text/plain", "text/html", "text/plain"];
    const message = raw({
      html: "h",
      attachments: types.map((type) => ({ type, content: "AAEC" })),
    });
    expect(message.split("AAEC")).toHaveLength(4);
  });

  it("M20, an unknown encoding, is one of three", () => {
    const message = raw({ html: "ü".repeat(9), attachments: [{ content: "AA==" }] });
    const encodings = Array.from(
      message.matchAll(/Transfer-Encoding: (.*)\r/g),
      ([, name]) => name,
    );
    expect(encodings).toEqual(["7bit", "base64", "base64"]);
  });

  it("M21, input that is changed and the word undefined, are not: the mail composes again", () => {
    const input = Object.freeze({ ...HELLO, headers: Object.freeze({ "X-A": "1" }) });
    const mail = mailOf(input);
    const before = JSON.stringify(mail);
    const zero = (length: number) => new Uint8Array(length);
    // One part, so that one token is enough.
    expect(composeWhole(mail, { randomBytes: zero })).toEqual(
      composeWhole(mail, { randomBytes: zero }),
    );
    expect(JSON.stringify(mail)).toBe(before);
    expect(new TextDecoder().decode(composeWhole(mail).content)).not.toContain("undefined");
  });

  it.each([
    '"x <y" <a@example.com>',
    "N<a@example.com>",
    "A <B <c@example.com>",
    "a@example.com, c@example.com",
  ])("M22, a parser that guesses, is not asked: %s", (text) => {
    const result = parseMailbox(text);
    const valid = text.startsWith('"') || text.startsWith("N<");
    expect(result.ok && result.value.localPart).toBe(valid && "a");
  });

  it("M23, an empty To, is left out; M24, __proto__ as a header, is refused", () => {
    expect(raw({ to: [], bcc: "b@example.com" })).not.toMatch(/^To:/m);
    const headers: unknown = JSON.parse('{"__proto__":"x"}');
    expect(problemsOf({ ...HELLO, headers })).toHaveLength(1);
  });

  it("M26, multipart/related without its type, has it", () => {
    const attachments = [{ contentId: "a", content: "" }];
    expect(raw({ html: "h", attachments })).toContain('multipart/related; type="text/html"');
  });
});
