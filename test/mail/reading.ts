/**
 * What a mail says that its readers are to find, in one form for all of them, so that it can be compared
 * with what they find.
 */
import { createHash } from "node:crypto";
import { domainToUnicode } from "node:url";

import { automaticFields } from "../../src/mail/automatic.ts";
import { listUnsubscribeFields } from "../../src/mail/list-unsubscribe.ts";
import type { Mailbox } from "../../src/mail/mailbox.ts";
import type { WholeMail } from "./mails.ts";

export interface Reading {
  /** `name <address>`, as all mailboxes here. */
  readonly from: readonly string[];
  readonly sender: readonly string[];
  readonly replyTo: readonly string[];
  readonly to: readonly string[];
  readonly cc: readonly string[];
  /** White space around it does not count. */
  readonly subject: string;
  /** ISO 8601. */
  readonly date: string;
  readonly messageId: string;
  readonly inReplyTo: string;
  readonly references: string;
  /** `name: value`, in order. */
  readonly others: readonly string[];
  /** Line ends as LF, none at the end; "" where there is none. */
  readonly text: string;
  readonly html: string;
  /** All other parts, in order. */
  readonly files: readonly FileRead[];
}

export interface FileRead {
  /** "" where it has none, as the next two. */
  readonly filename: string;
  readonly disposition: string;
  readonly contentId: string;
  readonly type: string;
  readonly sha256: string;
}

/** What is to be read in the golden message `raw`, which no fields say. */
export const RAW_READING: Reading = {
  from: ["Ann <ann@example.com>"],
  sender: [],
  replyTo: [],
  to: ["Bob <bob@example.org>"],
  cc: [],
  subject: "Grüße",
  date: "2026-11-21T10:00:00.000Z",
  messageId: "<1@example.com>",
  inReplyTo: "",
  references: "",
  others: ["received: from elsewhere.example by example.com; Sat, 21 Nov 2026 09:59:00 +0000"],
  text: "Hello",
  html: "",
  files: [
    {
      filename: "a.pdf",
      disposition: "attachment",
      contentId: "",
      type: "application/pdf",
      sha256: sha256(Uint8Array.of(3, 4, 5)),
    },
  ],
};

/** How a reader differs from others without being wrong, or in ways that are pinned here. */
interface Quirks {
  /**
   * postal-mime gives the lines of a part that is not base64 with LF and one more LF at the end: the line
   * end before a delimiter is the delimiter's (RFC 2046 §5.1.1).
   */
  readonly rewritesLines?: boolean;
  /** mailparser shows A-labels as U-labels. */
  readonly showsUnicodeDomains?: boolean;
}

/** What the mail asks for, as the reader has to show it. */
export function readingOf(
  mail: WholeMail,
  { rewritesLines = false, showsUnicodeDomains = false }: Quirks = {},
): Reading {
  const shown = ({ name, localPart, domain }: Mailbox) =>
    `${name ?? ""} <${localPart}@${showsUnicodeDomains ? domainToUnicode(domain) : domain}>`;
  const { from, sender, replyTo, to, cc, subject, date, messageId, inReplyTo, references } = mail;
  const others = [
    ...(mail.listUnsubscribe === undefined ? [] : listUnsubscribeFields(mail.listUnsubscribe)),
    ...automaticFields(mail),
    ...mail.headers,
  ];
  return {
    from: [from].map(shown),
    sender: (sender === undefined ? [] : [sender]).map(shown),
    replyTo: replyTo.map(shown),
    to: to.map(shown),
    cc: cc.map(shown),
    subject: trim(subject),
    date: new Date(Math.floor(date.getTime() / 1000) * 1000).toISOString(),
    messageId,
    inReplyTo: inReplyTo ?? "",
    references: references.join(" "),
    others: others.map(({ name, value }) => `${name.toLowerCase()}: ${trim(value)}`),
    text: mail.textFormat === "flowed" ? unflowed(mail.text ?? "") : asLines(mail.text),
    html: asLines(mail.html),
    files: filesOf(mail, rewritesLines ? hashOfLines : sha256),
  };
}

function octetsOf(content: unknown): Uint8Array {
  if (content instanceof Uint8Array) return content;
  throw new TypeError("not all of the mail is at hand");
}

function filesOf(mail: WholeMail, hashLines: (octets: Uint8Array) => string): FileRead[] {
  const { html, amp, calendar } = mail;
  const part = (type: string, text: string, filename = ""): FileRead => ({
    filename,
    disposition: filename === "" ? "" : "attachment",
    contentId: "",
    type,
    sha256: hashLines(Buffer.from(withCrlf(text))),
  });
  const files = mail.attachments.map((attachment) => {
    const { filename, disposition, contentId = "", type } = attachment;
    const content = octetsOf(attachment.content);
    const [bare = ""] = type.split(";", 1);
    // A message has lines, and its line ends are CRLF.
    const sha = isOfLines(bare)
      ? hashLines(bare.startsWith("message/") ? octetsWithCrlf(content) : content)
      : sha256(content);
    return { filename, disposition, contentId, type: bare, sha256: sha };
  });
  const isRelated = ({ contentId, disposition }: FileRead) =>
    html !== undefined && contentId !== "" && disposition === "inline";
  return [
    ...(amp === undefined ? [] : [part("text/x-amp-html", amp)]),
    ...files.filter(isRelated),
    ...(calendar === undefined ? [] : [part("text/calendar", calendar.content)]),
    ...files.filter((file) => !isRelated(file)),
    ...(calendar?.filename === undefined
      ? []
      : [part("application/ics", calendar.content, calendar.filename)]),
  ];
}

/** Types of parts that travel as lines, not as base64, or may. */
export function isOfLines(type: string): boolean {
  return (
    type === "text/x-amp-html" ||
    type === "text/calendar" ||
    type === "application/ics" ||
    type.startsWith("message/")
  );
}

function withCrlf(text: string): string {
  return text.replaceAll(/\r\n|\r|\n/g, "\r\n");
}

function octetsWithCrlf(octets: Uint8Array): Buffer {
  return Buffer.from(withCrlf(Buffer.from(octets).toString("latin1")), "latin1");
}

export function hashOfLines(octets: Uint8Array): string {
  return sha256(Buffer.from(asLines(Buffer.from(octets).toString("latin1")), "latin1"));
}

export function sha256(octets: Uint8Array): string {
  return createHash("sha256").update(octets).digest("hex");
}

/** Line ends as LF, and none at the end. */
export function asLines(text: string | undefined): string {
  return (text ?? "").replaceAll(/\r\n|\r/g, "\n").replace(/\n+$/, "");
}

/** RFC 3676 §4: spaces at the end of a paragraph are not kept, and quote marks have one behind. */
function unflowed(text: string): string {
  const paragraphs = asLines(text)
    .split("\n")
    .map((line) =>
      (line === "-- " ? line : line.replace(/ +$/, "")).replace(/^(>+) ?(?!$)/, "$1 "),
    );
  return asLines(paragraphs.join("\n"));
}

/** Without the spaces and tabs around it. */
export function trim(text: string): string {
  return text.replaceAll(/^[ \t]+|[ \t]+$/g, "");
}
