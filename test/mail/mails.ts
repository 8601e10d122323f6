/** Mails for the tests: a small valid one, a way to parse what must be valid, and random ones. */
import * as fc from "fast-check";

import { compose } from "../../src/mail/compose.ts";
import type { ComposeOptions } from "../../src/mail/compose.ts";
import type { AttachmentInput, CalendarInput, ListUnsubscribeInput } from "../../src/mail/mail.ts";
import type { Envelope, FieldsInput, Mail, ParsedMail } from "../../src/mail/mail.ts";
import { parseMail } from "../../src/mail/parse-mail.ts";

export const NOW = new Date("2026-11-21T10:00:00.000Z");

export const HELLO = {
  from: "Ann <ann@example.com>",
  to: "bob@example.org",
  subject: "Hello",
  text: "Hi Bob",
} satisfies FieldsInput;

/** A mail with nothing left to be looked up: it can be composed, and serialised. */
export type WholeMail = ParsedMail & Mail;

/** The mail of an input that must be valid, without streams and stored objects. */
export function mailOf(input: object): WholeMail {
  const result = parseMail(input, { now: NOW, messageId: (domain) => `<1@${domain}>` });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  if (!isWhole(result.value)) throw new Error("a stream or a stored object is to be loaded first");
  return result.value;
}

function isWhole(mail: ParsedMail): mail is WholeMail {
  return mail.attachments.every(({ content }) => content instanceof Uint8Array);
}

/** What is composed of a mail, all octets of the content at once. */
export function composeWhole(
  mail: Mail,
  options: ComposeOptions = {},
): { readonly envelope: Envelope; readonly content: Uint8Array<ArrayBuffer> } {
  const { envelope, content } = compose(mail, options);
  const blocks = content.blocks();
  if (!(Symbol.iterator in blocks)) throw new Error("not all of the content is at hand");
  const whole = new Uint8Array(Buffer.concat([...blocks]));
  if (whole.length !== content.size) throw new Error(`${whole.length} octets, not ${content.size}`);
  return { envelope, content: whole };
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

/**
 * Words and line ends. No quote marks: the readers that the tests use join quoted lines with their marks
 * in between. No word of control characters: readers differ in which of those end a line.
 */
export const flowedText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.stringMatching(/^[a-zü.,!?]{1,30}$/) },
      { weight: 3, arbitrary: fc.constant(" ") },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          "\n",
          "\r\n",
          "  ",
          "From ",
          "\n-- \n",
          "a>",
          "x".repeat(99),
          "👩‍👧",
        ),
      },
    ),
    { minLength: 1, maxLength: 80 },
  )
  .map((parts) => `a${parts.join("")}`);

const filename: fc.Arbitrary<string> = lineText(80)
  // The readers that the tests use decode an encoded-word even behind `filename*=`.
  .map((name) => name.replaceAll(/[/\\]/g, "").replaceAll("=", "").trim())
  .filter((name) => !["", ".", ".."].includes(name) && Buffer.byteLength(name) < 256);

const attachment = fc
  .record(
    {
      filename,
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
  // The readers that the tests use show an inline text as part of the text, as they may.
  .filter(({ type, disposition }) => disposition !== "inline" || !type?.startsWith("text/"));

/** What the html may refer to. */
const image = fc.record(
  { filename, content: fc.uint8Array({ maxLength: 100 }), type: fc.constant("image/png") },
  { requiredKeys: ["content", "type"] },
);

const attachedMessage = fc
  .tuple(
    lineText(60),
    fc.array(fc.constantFrom("Hi", "ü", "", ".", "\r\n", "\n", "--"), { maxLength: 9 }),
  )
  .map(([subject, body]) => ({
    type: "message/rfc822",
    content: Buffer.from(`From: a@example.com\nSubject: ${subject}\n\n${body.join("\n")}`),
  }));

const attachments: fc.Arbitrary<AttachmentInput[]> = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: attachment },
      { weight: 2, arbitrary: image.map((one) => ({ ...one, contentId: "" })) },
      { weight: 1, arbitrary: attachedMessage },
    ),
    { maxLength: 4 },
  )
  .chain((files) =>
    fc.boolean().map((isLong) =>
      files.map((file, at) =>
        // RFC 2045 §7: each has an identifier of its own.
        "contentId" in file
          ? { ...file, contentId: isLong ? `${at}@example.com` : `i${at}` }
          : file,
      ),
    ),
  );

const calendar: fc.Arbitrary<CalendarInput> = fc
  .record(
    {
      method: fc.constantFrom("REQUEST", "CANCEL", "reply"),
      summary: lineText(100),
      filename: filename
        .map((name) => `${name.slice(0, 60)}.ics`)
        .filter((name) => name.isWellFormed()),
    },
    { requiredKeys: ["method", "summary"] },
  )
  .map(({ method, summary, ...rest }) => ({
    method,
    content: `BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:${method}\nSUMMARY:${summary}\nEND:VCALENDAR\n`,
    ...rest,
  }));

const listUnsubscribe: fc.Arbitrary<ListUnsubscribeInput> = fc.oneof(
  fc.webPath({ size: "medium" }).map((path) => ({
    url: `https://example.com${path.replaceAll(/[,?]|=(?=[?])/g, "")}`,
  })),
  fc.constant({ mailto: "leave@example.com", url: "https://example.com/u?a=1", oneClick: false }),
  fc.constant({ mailto: "mailto:leave@example.com?subject=leave%20me" }),
);

/** Any input that is valid. */
export const mailInput: fc.Arbitrary<FieldsInput> = fc
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
      amp: bodyText,
      calendar,
      attachments,
      headers: fc.dictionary(
        fc.stringMatching(/^X-[A-Za-z0-9-]{1,30}$/),
        fc.array(lineText(200), { minLength: 1, maxLength: 2 }),
        { maxKeys: 3 },
      ),
      inReplyTo: address,
      references: fc.array(address, { maxLength: 20 }),
      listUnsubscribe,
      autoSubmitted: fc.constantFrom("no", "auto-generated", "auto-replied", "auto-notified"),
      importance: fc.constantFrom("high", "normal", "low"),
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
  .map(({ amp, ...input }) => {
    const { text, html, calendar: invitation, attachments: files = [] } = input;
    const isShown = text !== undefined || html !== undefined;
    if (isShown) return amp === undefined ? input : { ...input, amp };
    return invitation !== undefined || files.length > 0 ? input : { ...input, text: "text" };
  });
