/**
 * One mail for each structure that a message can have, and its octets as they are kept in
 * `test/mail/golden/`: composed with a fixed date, Message-ID and boundaries.
 */
import { fileURLToPath } from "node:url";

import type { FieldsInput, MailInput } from "../../src/mail/mail.ts";
import type { RandomBytes } from "../../src/mail/random.ts";
import { composeWhole, mailOf } from "./mails.ts";

export interface Golden {
  /** Of the file as well. */
  readonly name: string;
  readonly input: MailInput;
}

const BASE = {
  from: "Ann Example <ann@example.com>",
  to: "Bob Example <bob@example.org>",
  subject: "Minutes of the meeting",
} satisfies FieldsInput;

const TEXT = "Hello Bob,\n\nthe minutes are below.\n\nAnn\n";
const HTML =
  "<!doctype html>\n<html><body><p>Hello Bob,</p><p>the <b>minutes</b> are below.</p></body></html>\n";
const IMAGES_HTML =
  '<!doctype html>\n<p><img src="cid:logo@example.com" alt="Logo"> and <img src="cid:dot"></p>\n';
const AMP =
  '<!doctype html>\n<html ⚡4email data-css-strict><head><meta charset="utf-8">' +
  '<script async src="https://cdn.ampproject.org/v0.js"></script></head><body>Hello</body></html>\n';

const octets = (length: number) => Uint8Array.from({ length }, (_, at) => (at * 7) % 256);

const IMAGES = [
  { filename: "logo.png", content: octets(100), contentId: "logo@example.com" },
  { filename: "dot.gif", content: octets(10), contentId: "dot" },
];
const FILES = [
  { filename: "minutes.pdf", content: octets(200) },
  { filename: "list.csv", content: new TextEncoder().encode("name;age\r\nJürgen;41\r\n") },
];

const CALENDAR = {
  method: "REQUEST",
  content: [
    "BEGIN:VCALENDAR",
    "PRODID:-//Example//Test//EN",
    "VERSION:2.0",
    "METHOD:REQUEST",
    "BEGIN:VEVENT",
    "UID:1@example.com",
    "DTSTAMP:20261121T100000Z",
    "DTSTART:20261128T100000Z",
    "DTEND:20261128T110000Z",
    "SUMMARY:Meeting at the café",
    "ORGANIZER;CN=Ann Example:mailto:ann@example.com",
    "ATTENDEE;RSVP=TRUE:mailto:bob@example.org",
    "END:VEVENT",
    "END:VCALENDAR",
    "",
  ].join("\r\n"),
} as const;

const message = (...lines: readonly string[]) =>
  new TextEncoder().encode(
    [
      "From: Eve <eve@example.net>",
      "To: ann@example.com",
      "Subject: Forwarded",
      "Date: Fri, 20 Nov 2026 09:00:00 +0000",
      "Message-ID: <2@example.net>",
      "MIME-Version: 1.0",
      ...lines,
      "",
    ].join("\r\n"),
  );
const SEVEN_BIT = message(
  "Content-Type: text/plain; charset=us-ascii",
  "Content-Transfer-Encoding: 7bit",
  "",
  "Hello Ann.",
);
const EIGHT_BIT = message(
  "Content-Type: text/plain; charset=utf-8",
  "Content-Transfer-Encoding: 8bit",
  "",
  "Schöne Grüße.",
);

const EVERYTHING = {
  ...BASE,
  text: TEXT,
  amp: AMP,
  html: IMAGES_HTML,
  calendar: { ...CALENDAR, filename: "invite.ics" },
  attachments: [
    ...FILES,
    ...IMAGES,
    { filename: "forwarded.eml", type: "message/rfc822", content: EIGHT_BIT },
  ],
} satisfies FieldsInput;

export const GOLDENS: readonly Golden[] = [
  { name: "text", input: { ...BASE, text: TEXT } },
  { name: "html", input: { ...BASE, html: HTML } },
  { name: "text-and-html", input: { ...BASE, text: TEXT, html: HTML } },
  {
    name: "flowed",
    input: {
      ...BASE,
      textFormat: "flowed",
      text: [
        `A paragraph that is longer than a line: ${"the quick brown fox jumps over the lazy dog, ".repeat(4).trim()}`,
        "",
        "> What was said before, in a line that is short.",
        ">> And before that.",
        " An indented line.",
        "From here on, a line that a mailbox file would take for a mail.",
        "",
        "-- ",
        "Ann",
      ].join("\n"),
    },
  },
  { name: "html-with-images", input: { ...BASE, html: IMAGES_HTML, attachments: IMAGES } },
  {
    name: "text-and-html-with-images-and-files",
    input: { ...BASE, text: TEXT, html: IMAGES_HTML, attachments: [...FILES, ...IMAGES] },
  },
  { name: "amp", input: { ...BASE, text: TEXT, amp: AMP, html: HTML } },
  { name: "calendar", input: { ...BASE, calendar: CALENDAR } },
  {
    name: "calendar-with-text-and-html",
    input: { ...BASE, text: TEXT, html: HTML, calendar: CALENDAR },
  },
  {
    name: "calendar-attached-too",
    input: { ...BASE, text: TEXT, html: HTML, calendar: { ...CALENDAR, filename: "invite.ics" } },
  },
  {
    name: "message-of-7-bits",
    input: {
      ...BASE,
      text: TEXT,
      attachments: [{ filename: "forwarded.eml", content: SEVEN_BIT }],
    },
  },
  {
    name: "message-of-8-bits",
    input: {
      ...BASE,
      text: TEXT,
      html: HTML,
      attachments: [
        { filename: "forwarded.eml", type: "message/rfc822", content: EIGHT_BIT },
        ...FILES,
      ],
    },
  },
  { name: "file-alone", input: { ...BASE, attachments: FILES.slice(0, 1) } },
  { name: "everything", input: EVERYTHING },
  {
    name: "not-ascii",
    input: {
      from: { email: "ann@example.com", name: "Ann Müller, 東京" },
      sender: { email: "robot@example.com", name: 'Робот "почты"' },
      replyTo: ["نورا <nora@example.com>", "ann@bücher.example"],
      to: ["Bjørn Ødegård <bob@example.org>", "👩‍👩‍👧‍👦 <family@example.org>"],
      cc: { email: "dan@example.org", name: "=?UTF-8?Q?not_encoded?=" },
      subject: `Grüße 👋🏽 aus 東京: ${"Здравствуй, мир! ".repeat(6)}`.trim(),
      text: "Schöne Grüße 👋🏽 aus 東京\n",
      html: "<p>Здравствуй, мир! 東京都は日本の首都であり、世界最大の都市である。</p>",
      headers: { "X-Note": "Füße", "X-Plain": "plain" },
      attachments: [
        { filename: "Übersicht 2026 “final”.csv", content: FILES[1]?.content ?? octets(1) },
        { filename: `${"東京".repeat(20)}.pdf`, content: octets(3) },
        { filename: 'say "hi"; or\'not.txt', content: new TextEncoder().encode("Grüße") },
      ],
    },
  },
  {
    name: "smtputf8",
    input: {
      from: "Jürgen <jürgen@bücher.example>",
      to: "用户 <用户@例え.example>",
      subject: "Grüße",
      text: "Schöne Grüße\n",
    },
  },
  {
    name: "thread-and-list",
    input: {
      ...BASE,
      text: TEXT,
      replyTo: "list@example.com",
      inReplyTo: "<c@example.org>",
      references: ["<a@example.org>", "<b@example.org>", "<c@example.org>"],
      listUnsubscribe: {
        url: "https://example.com/unsubscribe?list=minutes&reader=0123456789abcdef0123456789abcdef",
        mailto: "unsubscribe@example.com",
      },
      autoSubmitted: "auto-generated",
      importance: "high",
      headers: { "List-Id": "Minutes <minutes.example.com>", "X-Campaign": ["one", "two"] },
    },
  },
  {
    name: "raw",
    input: {
      raw: [
        "Received: from elsewhere.example by example.com; Sat, 21 Nov 2026 09:59:00 +0000",
        "from: Ann <ann@example.com>",
        "To: Bob <bob@example.org>",
        "Bcc: eve@example.net",
        "Subject: =?iso-8859-1?q?Gr=FC=DFe?=",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="a b"',
        "",
        "--a b",
        "",
        "Hello",
        "--a b",
        "Content-Type: application/pdf; name=a.pdf",
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment; filename=a.pdf",
        "",
        "AwQF",
        "--a b--",
      ].join("\n"),
    },
  },
];

/** The same for each call: 1, 2, 3 ... sixteen times each. */
export function countingBytes(): RandomBytes {
  let count = 0;
  return (length) => new Uint8Array(length).fill((count += 1));
}

export function composeGolden({ input }: Golden): Buffer {
  return Buffer.from(composeWhole(mailOf(input), { randomBytes: countingBytes() }).content);
}

export function goldenPath({ name }: Golden): string {
  return fileURLToPath(new URL(`golden/${name}.eml`, import.meta.url));
}
