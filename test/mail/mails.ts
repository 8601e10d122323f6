/** Mails for the tests: a small valid one, a way to parse what must be valid, and random ones. */
import * as fc from "fast-check";

import type { Mail, MailInput } from "../../src/mail/mail.ts";
import { parseMail } from "../../src/mail/parse-mail.ts";

export const NOW = new Date("2026-11-21T10:00:00.000Z");

export const HELLO = {
  from: "Ann <ann@example.com>",
  to: "bob@example.org",
  subject: "Hello",
  text: "Hi Bob",
} satisfies MailInput;

/** The mail of an input that must be valid. */
export function mailOf(input: object): Mail {
  const result = parseMail(input, { now: NOW, messageId: (domain) => `<1@${domain}>` });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

/** The problems of an input that must not be valid, as `pointer detail`. */
export function problemsOf(input: unknown): string[] {
  const result = parseMail(input);
  return result.ok ? [] : result.problems.map(({ pointer, detail }) => `${pointer} ${detail}`);
}

/** Text that header fields take: any characters but controls and those that reorder text. */
export const lineText = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.string({ unit: "grapheme", maxLength }),
      fc.string({ unit: "binary", maxLength }),
      fc.string({ unit: "grapheme-ascii", maxLength }),
      fc
        .array(fc.constantFrom("=?", "?=", "=?UTF-8?Q?a?=", " ", "ü", "a", '"', "\\", "(", ","), {
          maxLength: Math.ceil(maxLength / 12),
        })
        .map((parts) => parts.join("")),
    )
    .map((text) => text.replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, ""));

const atom = fc.stringMatching(/^[a-z0-9!#$%&'*+/=^_`{|}~-]{1,20}$/);
export const address: fc.Arbitrary<string> = fc
  .tuple(atom, fc.constantFrom("example.com", "sub.example.org", "example.net"))
  .map((parts) => parts.join("@"));

export const mailbox: fc.Arbitrary<{ email: string; name?: string }> = fc.record(
  { email: address, name: lineText(80).map((name) => name.trim()) },
  { requiredKeys: ["email"] },
);

export const bodyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 300 }),
  fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 3000 }),
  fc
    .array(fc.constantFrom("\r", "\n", "\r\n", ".", "\0", " ", "\t", "=", "ü", "x".repeat(99)), {
      minLength: 1,
      maxLength: 60,
    })
    .map((parts) => parts.join("")),
);

const attachment = fc
  .record(
    {
      // The reader that the tests use decodes an encoded-word even behind `filename*=`.
      filename: lineText(80)
        .map((name) => name.replaceAll(/[/\\]/g, "").replaceAll("=", "").trim())
        .filter((name) => !["", ".", ".."].includes(name) && Buffer.byteLength(name) < 256),
      content: fc.uint8Array({ maxLength: 400 }),
      type: fc.constantFrom(
        "application/pdf",
        "text/plain; charset=utf-8",
        "image/png",
        "text/html",
      ),
      disposition: fc.constantFrom("attachment" as const, "inline" as const),
    },
    { requiredKeys: ["content"] },
  )
  // The reader that the tests use shows an inline text as part of the text, as it may.
  .filter(({ type, disposition }) => disposition !== "inline" || !type?.startsWith("text/"));

/** Any input that is valid. */
export const mailInput: fc.Arbitrary<MailInput> = fc
  .record(
    {
      from: mailbox,
      sender: mailbox,
      to: fc.array(mailbox, { minLength: 1, maxLength: 5 }),
      cc: fc.array(mailbox, { maxLength: 3 }),
      bcc: fc.array(mailbox, { maxLength: 3 }),
      replyTo: fc.array(mailbox, { maxLength: 2 }),
      subject: lineText(300),
      text: bodyText,
      html: bodyText,
      attachments: fc.array(attachment, { maxLength: 3 }),
      headers: fc.dictionary(
        fc.stringMatching(/^X-[A-Za-z0-9-]{1,30}$/),
        fc.array(lineText(200), { minLength: 1, maxLength: 2 }),
        { maxKeys: 3 },
      ),
      inReplyTo: address,
      references: fc.array(address, { maxLength: 20 }),
      date: fc
        .date({
          min: new Date("1900-01-01T00:00:00Z"),
          max: new Date("9999-12-31T23:59:59Z"),
          noInvalidDate: true,
        })
        .map((date) => date.toISOString()),
    },
    { requiredKeys: ["from", "to"] },
  )
  .map((input) =>
    input.text === undefined && input.html === undefined && !input.attachments?.length
      ? Object.assign(input, { text: "text" })
      : input,
  );
