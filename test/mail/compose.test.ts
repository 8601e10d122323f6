import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { compose } from "../../src/mail/compose.ts";
import { fieldsOf, lint } from "./lint.ts";
import { composeWhole, HELLO, mailInput, mailOf } from "./mails.ts";
import { expectReadByMailparser, expectReadByPostalMime } from "./read-back.ts";

/** Octets that are the same each time: 1, 2, 3 ..., from a number on. */
const counting = (first: number) => {
  let count = first;
  return (length: number) => new Uint8Array(length).fill(count++);
};
const composed = (input: object) => composeWhole(mailOf({ ...HELLO, ...input }));
const textOf = (input: object) => new TextDecoder().decode(composed(input).content);
const PNG = { filename: "logo.png", content: "AAEC", contentId: "logo" };
const CALENDAR = {
  method: "REQUEST",
  content: "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n",
};
const PDF = { filename: "a.pdf", content: "AwQF" };

/** The types of a message as it nests: `mixed(related(alternative(plain,html),png),pdf)`. */
function structure(raw: string): string {
  const header = raw.slice(0, raw.indexOf("\r\n\r\n")).replaceAll(/\r\n[ \t]/g, " ");
  const [, type = "?"] = /^Content-Type: [a-z]+\/([a-z0-9.+-]+)/im.exec(header) ?? [];
  const [, boundary] = /boundary=([A-Za-z0-9]+)/.exec(header) ?? [];
  if (boundary === undefined) return type;
  const [body = ""] = `\r\n${raw.slice(raw.indexOf("\r\n\r\n") + 4)}`.split(
    `\r\n--${boundary}--`,
    1,
  );
  return `${type}(${body.split(`\r\n--${boundary}\r\n`).slice(1).map(structure).join()})`;
}

describe("a composed message", () => {
  it("is, for a small mail, exactly this", () => {
    const mail = mailOf({
      ...HELLO,
      sender: "s@example.com",
      replyTo: "r@example.com",
      cc: '"Doe, John" <john@example.org>',
      bcc: "secret@example.net",
      inReplyTo: "a@example.org",
      references: "a@example.org b@example.org",
      headers: { "X-Tag": ["1", "2"] },
    });
    expect(new TextDecoder().decode(composeWhole(mail).content)).toBe(
      [
        "From: Ann <ann@example.com>",
        "Sender: s@example.com",
        "Reply-To: r@example.com",
        "To: bob@example.org",
        'Cc: "Doe, John" <john@example.org>',
        "Subject: Hello",
        "Date: Sat, 21 Nov 2026 10:00:00 +0000",
        "Message-ID: <1@example.com>",
        "In-Reply-To: <a@example.org>",
        "References: <a@example.org> <b@example.org>",
        "X-Tag: 1",
        "X-Tag: 2",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 7bit",
        "",
        "Hi Bob",
        "",
      ].join("\r\n"),
    );
    expect(composeWhole(mail).envelope).toBe(mail.envelope);
    expect(mail.envelope.to).toContain("secret@example.net");
  });

  it.each([
    ["text", {}, "plain"],
    ["html alone, to which no text is invented", { text: null, html: "h" }, "html"],
    ["both", { html: "h" }, "alternative(plain,html)"],
    ["both and a file", { html: "h", attachments: [PDF] }, "mixed(alternative(plain,html),pdf)"],
    ["html and an image", { text: null, html: "h", attachments: [PNG] }, "related(html,png)"],
    [
      "both and an image",
      { html: "h", attachments: [PNG] },
      "alternative(plain,related(html,png))",
    ],
    [
      "all",
      { html: "h", attachments: [PDF, PNG] },
      "mixed(alternative(plain,related(html,png)),pdf)",
    ],
    [
      "AMP",
      { html: "h", amp: "a", attachments: [PNG] },
      "alternative(plain,x-amp-html,related(html,png))",
    ],
    ["an invitation", { html: "h", calendar: CALENDAR }, "alternative(plain,html,calendar)"],
    ["an invitation alone", { text: null, calendar: CALENDAR }, "calendar"],
    [
      "an invitation that is attached as well, and all else",
      {
        html: "h",
        amp: "a",
        calendar: { ...CALENDAR, filename: "invite.ics" },
        attachments: [PDF, PNG],
      },
      "mixed(alternative(plain,x-amp-html,related(html,png),calendar),pdf,ics)",
    ],
    [
      "an inline file that nothing can refer to",
      { html: "h", attachments: [{ ...PDF, disposition: "inline" }] },
      "mixed(alternative(plain,html),pdf)",
    ],
    ["text and files", { attachments: [PDF, PDF] }, "mixed(plain,pdf,pdf)"],
    ["a file alone", { text: null, attachments: [PDF] }, "mixed(plain,pdf)"],
    ["an image alone", { text: null, attachments: [PNG] }, "mixed(plain,png)"],
    [
      "a file that is a text",
      { attachments: [{ filename: "a.txt", content: "" }] },
      "mixed(plain,plain)",
    ],
    [
      "a file that is html",
      { attachments: [{ filename: "a.html", content: "" }] },
      "mixed(plain,html)",
    ],
  ])("nests %s", (_, input, expected) => {
    expect(structure(textOf(input))).toBe(expected);
    expect(lint(composed(input).content)).toEqual([]);
  });

  it.each([
    ["alone", { text: null, html: "h" }],
    ["beside a text", { html: "h" }],
  ])("names the root of multipart/related: html %s", (_, input) => {
    expect(textOf({ ...input, attachments: [PNG] })).toContain(
      `Content-Type: multipart/related; type="text/html";\r\n boundary=`,
    );
  });

  it.each([
    ["no line end", "Hi", "Hi\r\n"],
    ["a line end", "Hi\n", "Hi\r\n"],
    ["an empty line", "Hi\n\n", "Hi\r\n\r\n"],
    [
      "a smuggled end of data",
      "a\n.\r\nMAIL FROM:<x@example.com>\r.\r",
      "a\r\n.\r\nMAIL FROM:<x@example.com>\r\n.\r\n",
    ],
  ])("ends in one CRLF behind a text with %s", (_, text, body) => {
    const raw = textOf({ text });
    expect(raw.slice(raw.indexOf("\r\n\r\n") + 4)).toBe(body);
    expect(lint(composed({ text }).content)).toEqual([]);
  });

  it("keeps a text within a multipart to the octet", async () => {
    for (const text of ["Hi", "Hi\r\n", "Hi\r\n\r\n", "ü\r\n", "ü"]) {
      const raw = textOf({ text, html: "h" });
      const body = /7bit\r\n\r\n([^]*?)\r\n--|(?:base64|printable)\r\n\r\n([^]*?)\r\n--/.exec(raw);
      const octets = (body?.[1] ?? body?.[2] ?? "")
        .replaceAll("=C3=BC", "ü")
        .replaceAll(/w7w(?:NCg=)?=?/g, () => text);
      expect(octets).toBe(text);
    }
  });

  it("attaches a message as it is, in CRLF", () => {
    const content = btoa("From: a@example.com\n\nHi\n");
    const raw = textOf({ attachments: [{ filename: "a.eml", content }, PDF] });
    expect(raw).toContain(
      'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\nContent-Disposition: attachment;\r\n filename="a.eml"\r\n\r\nFrom: a@example.com\r\n\r\nHi\r\n\r\n--',
    );
  });

  it("has no To if there is none, and never a Bcc", () => {
    const { content, envelope } = composed({ to: [], bcc: "secret@example.net" });
    expect(fieldsOf(content).map(([name]) => name)).not.toContain("to");
    expect(new TextDecoder().decode(content)).not.toMatch(/secret|bcc/i);
    expect(envelope.to).toEqual(["secret@example.net"]);
    expect(lint(content)).toEqual([]);
  });

  it("carries UTF-8 in an address, and only there, when it needs SMTPUTF8", () => {
    const { content, envelope } = composed({ to: "Jürgen <jürgen@bücher.example>", subject: "ü" });
    expect(envelope.smtpUtf8).toBe(true);
    expect(lint(content, { smtpUtf8: true })).toEqual([]);
    expect(new TextDecoder().decode(content)).toMatch(
      /^To: =\?UTF-8\?Q\?\S+\?= <jürgen@xn--bcher-kva\.example>\r$/m,
    );
    expect(fieldsOf(content)).toContainEqual(["subject", "=?UTF-8?B?w7w=?="]);
  });

  it("is the same for the same randomness, and for other randomness differs in boundaries alone", () => {
    const mail = mailOf({ ...HELLO, html: "h", attachments: [PDF] });
    const [one, same, other] = [counting(0), counting(0), counting(9)].map((randomBytes) =>
      new TextDecoder().decode(composeWhole(mail, { randomBytes }).content),
    );
    expect(one).toBe(same);
    const boundaries = /\b(?:([0-9a-f]{2})\1{15})\b/g;
    expect(one).not.toBe(other);
    expect(one?.replaceAll(boundaries, "b")).toBe(other?.replaceAll(boundaries, "b"));
  });

  it.each([
    [
      "List-Id",
      "Zeitüng <news.example.com>",
      /^List-Id: =\?UTF-8\?Q\?Zeit=C3=BCng\?= <news\.example\.com>\r$/m,
    ],
    [
      "Disposition-Notification-To",
      "Änn <ann@example.com>",
      /^Disposition-Notification-To:\s=\?UTF-8\?\S+\?=\s<ann@example\.com>\r$/m,
    ],
    ["List-Id", "News <news.example.com>", /^List-Id: News <news\.example\.com>\r$/m],
    ["X-Note", "ü <b>", /^X-Note: =\?UTF-8\?\S+\?=\r$/m],
  ])("leaves what programs read in %s: %s", (name, value, expected) => {
    expect(textOf({ headers: { [name]: value } })).toMatch(expected);
    expect(lint(composed({ headers: { [name]: value } }).content)).toEqual([]);
  });

  it("takes DEL in a whole message for what it is, an octet of 7 bits", () => {
    const raw = "From: a@example.com\r\nTo: b@example.org\r\nSubject: x\r\n\r\nhi \x7f there\r\n";
    const { content, eightBit } = compose(mailOf({ raw }));
    expect(eightBit).toBe(false);
    expect(content.size).toBeGreaterThan(raw.length);
    const attached = { type: "message/rfc822", content: Buffer.from(raw) };
    expect(compose(mailOf({ ...HELLO, attachments: [attached] })).eightBit).toBe(false);
  });

  it("keeps 1000 recipients on short lines", () => {
    const to = Array.from({ length: 1000 }, (_, at) => `Jürgen ${at} <u${at}@example.com>`);
    expect(lint(composed({ to }).content)).toEqual([]);
  });

  it("is composed of 10 MB well within 300 ms", () => {
    const mail = mailOf({ ...HELLO, attachments: [{ content: new Uint8Array(10 * 1024 * 1024) }] });
    const times = Array.from({ length: 3 }, () => {
      const start = performance.now();
      composeWhole(mail);
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(300);
  });

  it("passes the lint and reads as the mail, whatever the mail", async () => {
    await fc.assert(
      fc.asyncProperty(mailInput, async (input) => {
        const mail = mailOf(input);
        const { content } = composeWhole(mail);
        expect(lint(content, { smtpUtf8: mail.envelope.smtpUtf8 })).toEqual([]);
        await expectReadByPostalMime(content, mail);
        await expectReadByMailparser(content, mail);
      }),
      { numRuns: 300 },
    );
  });
});
