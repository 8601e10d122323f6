/** Every string of a mail: where it goes in, what becomes of it, and which hostile values it takes. */
import { decodeWords } from "postal-mime";
import type { Address, Email } from "postal-mime";

import { ALL, AT_ENDS, but, ENVID, FILENAME, LONG, NAME, TEXT } from "./harmless.ts";
import { envidOf, filenameOf, headerOf, lines } from "./reading.ts";
import type { Wire } from "./relay.ts";

export interface MailField {
  readonly name: string;
  readonly clean: string;
  /** Where a problem with it must point. */
  readonly pointer: string;
  /** The fields of the mail that hold the value, over those of the clean mail. */
  readonly put: (value: string) => object;
  /** What whoever gets the mail has of it; absent where that is nothing to read. */
  readonly shown?: (email: Email, wire: Wire) => unknown;
  /** What that must be; the value where absent. */
  readonly means?: (value: string) => unknown;
  /** The labels of the values that it takes, since they mean nothing there. */
  readonly takes: readonly string[];
  /** The header field that comes and goes with the value. */
  readonly header?: string;
}

const ADDRESS = "ann@example.com";

const attachment = (more: object): object => ({
  attachments: [{ filename: "a.txt", content: "SGVsbG8=", ...more }],
});

/** A list of mailboxes, or one: as text, as an object, and the name in it. */
function mailboxFields(
  name: string,
  pointer: string,
  wrap: (mailbox: unknown) => unknown,
  read: ((email: Email) => Address | undefined) | undefined,
): readonly MailField[] {
  const address = read && ((email: Email) => read(email)?.address);
  const put = (mailbox: unknown): object => ({ [name]: wrap(mailbox) });
  const shown = address === undefined ? {} : { shown: address, means: () => ADDRESS };
  return [
    { name, clean: ADDRESS, pointer, put, ...shown, takes: ["angle brackets around"] },
    {
      name: `${name}.email`,
      clean: ADDRESS,
      pointer,
      put: (email) => put({ email, name: "Ann" }),
      ...shown,
      takes: [],
    },
    {
      name: `${name}.address`,
      clean: ADDRESS,
      pointer,
      put: (given) => put({ address: given }),
      ...shown,
      takes: [],
    },
    {
      name: `${name}.name`,
      clean: "Ann",
      pointer,
      put: (given) => put({ email: ADDRESS, name: given }),
      ...(read === undefined
        ? {}
        : { shown: (email: Email) => [read(email)?.name, read(email)?.address] }),
      means: (value) => [value.trim(), ADDRESS],
      takes: NAME,
    },
  ];
}

const itself = (mailbox: unknown): unknown => mailbox;
const second = (mailbox: unknown): unknown => ["bob@example.org", mailbox];

export const MAIL_FIELDS: readonly MailField[] = [
  ...mailboxFields("from", "/from", itself, (email) => email.from),
  ...mailboxFields("sender", "/sender", itself, (email) => email.sender),
  ...mailboxFields("to", "/to/1", second, (email) => email.to?.[1]),
  ...mailboxFields("cc", "/cc", itself, (email) => email.cc?.[0]),
  ...mailboxFields("bcc", "/bcc/1", second, undefined),
  ...mailboxFields("replyTo", "/replyTo", itself, (email) => email.replyTo?.[0]),
  {
    name: "subject",
    clean: "Hello",
    pointer: "/subject",
    put: (subject) => ({ subject }),
    shown: (email) => email.subject?.trim() ?? "",
    means: (value) => value.trim(),
    takes: but(TEXT, ...LONG),
  },
  {
    name: "text",
    clean: "Hi Bob",
    pointer: "/text",
    put: (text) => ({ text }),
    shown: (email) => lines(email.text),
    means: lines,
    takes: but(ALL, "half a surrogate pair"),
  },
  {
    name: "html",
    clean: "<p>Hi Bob</p>",
    pointer: "/html",
    put: (html) => ({ html }),
    shown: (email) => lines(email.html),
    means: lines,
    takes: but(ALL, "half a surrogate pair"),
  },
  {
    name: "attachments.filename",
    clean: "a.txt",
    pointer: "/attachments/0/filename",
    put: (filename) => attachment({ filename, type: "text/plain" }),
    shown: (_, wire) => filenameOf(wire),
    takes: FILENAME,
  },
  {
    name: "attachments.type",
    clean: "text/plain",
    pointer: "/attachments/0/type",
    put: (type) => attachment({ type }),
    shown: (email) => email.attachments.map(({ mimeType }) => mimeType),
    means: () => ["text/plain"],
    takes: [],
  },
  {
    name: "attachments.type parameter",
    clean: "utf-8",
    pointer: "/attachments/0/type",
    put: (charset) => attachment({ type: `text/plain; charset=${charset}` }),
    shown: (email) => email.attachments.map(({ mimeType }) => mimeType),
    means: () => ["text/plain"],
    takes: ["quotes around", "an asterisk behind", "a dot"],
  },
  {
    name: "attachments.content",
    clean: "SGVsbG8=",
    pointer: "/attachments/0/content",
    put: (content) => attachment({ content }),
    shown: (email) => email.attachments.length,
    means: () => 1,
    takes: AT_ENDS,
  },
  {
    name: "attachments.disposition",
    clean: "attachment",
    pointer: "/attachments/0/disposition",
    put: (disposition) => attachment({ disposition }),
    takes: [],
  },
  {
    name: "attachments.contentId",
    clean: "logo",
    pointer: "/attachments/0/contentId",
    put: (contentId) => attachment({ filename: "a.png", contentId }),
    shown: (email) => email.attachments.map(({ contentId }) => contentId),
    means: (value) => [value.startsWith("<") ? value : `<${value}>`],
    takes: ["angle brackets around", "a second at sign", "an asterisk behind"],
  },
  {
    name: "headers value",
    clean: "x",
    pointer: "/headers/X-Note",
    put: (value) => ({ headers: { "X-Note": value } }),
    shown: (email) => decodeWords(headerOf(email, "x-note")).trim(),
    means: (value) => value.trim(),
    takes: but(TEXT, "a word of 2 000"),
  },
  {
    name: "headers name",
    clean: "X-Note",
    pointer: "/headers",
    put: (name) => ({ headers: JSON.parse(`{${JSON.stringify(name)}:"x"}`) as object }),
    takes: [],
  },
  {
    name: "headers In-Reply-To",
    clean: "<1@example.com>",
    pointer: "/headers/In-Reply-To",
    put: (value) => ({ headers: { "In-Reply-To": value } }),
    takes: [],
  },
  {
    name: "inReplyTo",
    clean: "<1@example.com>",
    pointer: "/inReplyTo",
    put: (inReplyTo) => ({ inReplyTo }),
    takes: [],
  },
  {
    name: "references",
    clean: "<1@example.com>",
    pointer: "/references",
    put: (references) => ({ references }),
    shown: (email) => email.references ?? "",
    means: (value) => value.trim(),
    takes: [...AT_ENDS, "nothing but spaces"],
    header: "references",
  },
  {
    name: "references list",
    clean: "<1@example.com>",
    pointer: "/references/0",
    put: (reference) => ({ references: [reference] }),
    takes: [],
  },
  {
    name: "messageId",
    clean: "<1@example.com>",
    pointer: "/messageId",
    put: (messageId) => ({ messageId }),
    takes: [],
  },
  {
    name: "date",
    clean: "2026-11-21T10:00:00Z",
    pointer: "/date",
    put: (date) => ({ date }),
    takes: [],
  },
  {
    name: "envelope.from",
    clean: ADDRESS,
    pointer: "/envelope/from",
    put: (from) => ({ envelope: { from } }),
    takes: [],
  },
  {
    name: "envelope.to",
    clean: ADDRESS,
    pointer: "/envelope/to",
    put: (to) => ({ envelope: { to } }),
    takes: [],
  },
  {
    name: "envelope.submitter",
    clean: ADDRESS,
    pointer: "/envelope/submitter",
    put: (submitter) => ({ envelope: { submitter } }),
    takes: [],
  },
  {
    name: "dsn.envid",
    clean: "x1",
    pointer: "/dsn/envid",
    put: (envid) => ({ dsn: { envid } }),
    shown: (_, wire) => envidOf(wire),
    takes: ENVID,
  },
  {
    name: "dsn.ret",
    clean: "HDRS",
    pointer: "/dsn/ret",
    put: (ret) => ({ dsn: { ret } }),
    takes: [],
  },
  {
    name: "dsn.notify",
    clean: "SUCCESS",
    pointer: "/dsn/notify/0",
    put: (event) => ({ dsn: { notify: [event] } }),
    takes: [],
  },
  {
    name: "deliverBy.mode",
    clean: "N",
    pointer: "/deliverBy/mode",
    put: (mode) => ({ deliverBy: { seconds: 60, mode } }),
    takes: [],
  },
  {
    name: "the name of a field",
    clean: "subject",
    pointer: "/",
    put: (name) => JSON.parse(`{${JSON.stringify(name)}:"x"}`) as object,
    takes: [],
  },
];
