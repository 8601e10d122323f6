/** The mails of the matrix whose content is what matters, and what every reader must find in them. */
import { randomBytes } from "node:crypto";

import { asLines, sha256, type Reading } from "./readers.ts";
import { DOMAIN } from "./server.ts";

interface Person {
  readonly email: string;
  readonly name: string;
}

interface File {
  readonly filename: string;
  readonly type: string;
  readonly content: Uint8Array;
  readonly disposition?: "attachment" | "inline";
  readonly contentId?: string;
}

/** A Mail, written so that what is to be read can be told from it. */
export interface Content {
  readonly name: string;
  readonly from?: Person;
  readonly toName?: string;
  readonly subject?: string;
  readonly text?: string;
  readonly html?: string;
  readonly attachments?: readonly File[];
}

/** A MailInput, but that it has every part by itself. */
export interface ContentMail extends Omit<Content, "name"> {
  readonly from: Person;
  readonly to: readonly Person[];
  readonly subject: string;
  readonly messageId: string;
  readonly date: string;
}

const LOREM = "The quick brown fox jumps over the lazy dog. ";

export const CONTENTS: readonly Content[] = [
  { name: "plain", text: "Hello Bob,\r\n\r\nsee you at ten.\r\n" },
  {
    name: "UTF-8",
    from: { name: "Ann Müller, 東京", email: "ann@example.com" },
    toName: 'Bjørn "Бо" Ødegård',
    subject: `Grüße 👋🏽 aus 東京: ${"Здравствуй, мир! ".repeat(8)}`.trim(),
    text: `Schöne Grüße 👋🏽\r\n${"Строка с буквами. ".repeat(60)}\r\n東京\r\n`,
    html: "<p>Schöne <b>Grüße</b> 👋🏽 東京</p>",
  },
  {
    name: "attachments",
    text: "See below.",
    html: '<p><img src="cid:dot@example.com"></p>',
    attachments: [
      // Inline files first, as they come first in the message.
      {
        filename: "dot.png",
        type: "image/png",
        content: randomBytes(300),
        disposition: "inline",
        contentId: "dot@example.com",
      },
      { filename: "random.bin", type: "application/octet-stream", content: randomBytes(3_000_000) },
      {
        filename: "Übersicht 2026 “final”.csv",
        type: "text/csv",
        content: Buffer.from("a;b\n.\n1;2\r\n"),
      },
    ],
  },
  {
    name: "lines of dots",
    text: [".", "..", "...", ".hidden", "..twice", "", ".", "a.", ". b", "."].join("\r\n"),
  },
  { name: "a line of 100 KB", text: `${LOREM.repeat(2300)}\r\n.\r\nafter it` },
  { name: "a line of 100 KB without a space", text: "x".repeat(100_000) },
  { name: "lines of 998 octets", text: Array(200).fill("y".repeat(998)).join("\r\n") },
  {
    name: "bare LF and bare CR",
    text: "lf\ncr\rcrlf\r\nlf dot\n.\ncr dot\r.\rmixed\r\n.\nmixed\n.\r\nend\n\r",
  },
  {
    name: "commands after a dot",
    text: "\r\n.\r\nMAIL FROM:<mallory@example.net>\r\n\n.\nRCPT TO:<eve@example.org>\r.\rDATA\r\n",
  },
  { name: "white space at line ends", text: "a \r\nb\t\r\n \r\n\t\r\n-- \r\nFrom here\r\n=3D\r\n" },
];

/** The mail of that content for these recipients. */
export function mailOf(content: Content, to: readonly string[]): ContentMail {
  const { name, toName = "Bob", ...parts } = content;
  return {
    from: { name: "Ann", email: "ann@example.com" },
    subject: `Matrix: ${name}`,
    ...parts,
    to: to.map((email) => ({ name: toName, email })),
    messageId: `<${crypto.randomUUID()}@example.com>`,
    date: "2026-11-21T10:00:00Z",
  };
}

/** What a reader without faults finds in it. */
export function readingOf(mail: ContentMail): Reading {
  const named = ({ name, email }: Person): Reading["from"][number] => ({ name, address: email });
  return {
    from: [named(mail.from)],
    to: mail.to.map(named),
    cc: [],
    subject: mail.subject,
    text: asLines(mail.text),
    html: asLines(mail.html),
    attachments: (mail.attachments ?? []).map(({ filename, type, content }) => ({
      filename,
      type,
      sha256: sha256(content),
    })),
    defects: [],
  };
}

export const SMALL: Content = { name: "small", text: "Hello.\r\n" };

/** Over 5 MB when it is encoded. */
export const LARGE: Content = {
  name: "large",
  attachments: [
    { filename: "a.bin", type: "application/octet-stream", content: new Uint8Array(4_500_000) },
  ],
};

let count = 0;

/** That many recipients whom nobody has written to. */
export function recipients(many: number): readonly string[] {
  return Array.from({ length: many }, () => `r${(count += 1)}@${DOMAIN}`);
}
