/**
 * Makes a {@link Mail} of whatever came in: JSON, a queue message, an RPC argument, a library call.
 * Every problem is reported, not only the first, with a pointer to the field as the caller spelled
 * it. Nothing behind this checks a mail again.
 */
import { invalid, valid } from "../result.ts";
import type { Result } from "../result.ts";
import type { Problem } from "../smtp/outcome.ts";
import { readAddresses } from "./addresses.ts";
import { readAttachments } from "./attachment.ts";
import { readAutoSubmitted, readImportance } from "./automatic.ts";
import { wrappedBase64Length } from "./base64.ts";
import { readCalendar } from "./calendar.ts";
import { hasControlButTab } from "./characters.ts";
import { readCustomHeaders } from "./custom-headers.ts";
import { parseDate } from "./date.ts";
import { crowdOf, isRecord, readFields, readItems, readString, report } from "./fields.ts";
import type { Draft, Field } from "./fields.ts";
import { headerLength } from "./header.ts";
import { LIMITS } from "./limits.ts";
import { readListUnsubscribe } from "./list-unsubscribe.ts";
import type { ParsedAttachment, ParsedMail } from "./mail.ts";
import { generateMessageId, parseMessageId } from "./message-id.ts";
import { parseRaw } from "./parse-raw.ts";
import { readRequests } from "./requests.ts";
import { utf8Length } from "./utf8.ts";

/** Where the clock and the identifiers come from. */
export interface ParseOptions {
  /** The Date of a mail that has none. */
  readonly now?: Date;
  /** Makes the Message-ID, with angle brackets, of a mail that has none; given From's domain. */
  readonly messageId?: (domain: string) => string;
}

/** The names of the fields, and their other spellings. */
export const MAIL_FIELDS = {
  known: [
    "from",
    "sender",
    "to",
    "cc",
    "bcc",
    "replyTo",
    "subject",
    "text",
    "html",
    "amp",
    "textFormat",
    "calendar",
    "attachments",
    "headers",
    "inReplyTo",
    "references",
    "listUnsubscribe",
    "autoSubmitted",
    "importance",
    "raw",
    "messageId",
    "date",
    "envelope",
    "dsn",
    "requireTls",
    "priority",
    "deliverBy",
    "holdForSeconds",
  ],
  aliases: {
    reply_to: "replyTo",
    in_reply_to: "inReplyTo",
    message_id: "messageId",
    require_tls: "requireTls",
    deliver_by: "deliverBy",
    hold_for_seconds: "holdForSeconds",
    scheduled_at: "scheduledAt",
    list_unsubscribe: "listUnsubscribe",
    auto_submitted: "autoSubmitted",
    text_format: "textFormat",
  },
  unsupported: ["scheduledAt", "tags"],
  lists: ["replyTo"],
} as const;

/** The mail, or everything that is wrong with the input. */
export function parseMail(
  input: unknown,
  options: ParseOptions = {},
): Result<ParsedMail, readonly Problem[]> {
  if (!isRecord(input)) {
    return invalid([{ pointer: "", detail: "A mail must be an object with `from` and `to`." }]);
  }
  const crowd = crowdOf(input, "");
  if (crowd !== undefined) return invalid([crowd]);
  const problems: Problem[] = [];
  const fields = readFields(input, MAIL_FIELDS, { pointer: "", problems });
  const raw = fields.get("raw");
  const parsed =
    raw === undefined
      ? parseFields(fields, { ...options, problems })
      : withoutAttachments(parseRaw(raw, fields, { ...options, problems }));
  return parsed.ok ? parsed : invalid(parsed.problems.slice(0, LIMITS.problems));
}

function withoutAttachments(
  mail: ReturnType<typeof parseRaw>,
): Result<ParsedMail, readonly Problem[]> {
  return mail.ok ? valid({ ...mail.value, attachments: [] }) : mail;
}

function parseFields(
  fields: ReadonlyMap<string, Field>,
  { problems, ...options }: ParseOptions & { readonly problems: Problem[] },
): Result<ParsedMail, readonly Problem[]> {
  const addresses = readAddresses(fields, problems);
  const subject = readSubject(fields.get("subject"), problems);
  const bodies = readBodies(fields, problems);
  const { headers, thread } = readCustomHeaders(fields.get("headers"), problems);
  const inReplyTo = readMessageId(inThread("inReplyTo", fields, thread, problems), problems);
  const references = readReferences(inThread("references", fields, thread, problems), problems);
  const listUnsubscribe = readListUnsubscribe(fields.get("listUnsubscribe"), problems);
  const autoSubmitted = readAutoSubmitted(fields.get("autoSubmitted"), problems);
  const importance = readImportance(fields.get("importance"), problems);
  refuseTwice(fields, headers, problems);
  const messageId = readMessageId(fields.get("messageId"), problems);
  const date = readDate(fields.get("date"), problems);
  const requests = readRequests(fields, problems);
  if (addresses === undefined || problems.length > 0) return invalid(problems);
  const { from, sender, to, cc, bcc, replyTo, envelope } = addresses;
  const { text, html, amp, calendar, textFormat, attachments } = bodies;
  const mail: Draft<ParsedMail> = {
    from,
    to,
    cc,
    bcc,
    replyTo,
    subject,
    textFormat,
    attachments,
    headers,
    references,
    messageId: messageId ?? (options.messageId ?? generateMessageId)(from.domain),
    date: date ?? options.now ?? new Date(),
    envelope,
  };
  if (sender !== undefined) mail.sender = sender;
  if (text !== undefined) mail.text = text;
  if (html !== undefined) mail.html = html;
  if (amp !== undefined) mail.amp = amp;
  if (calendar !== undefined) mail.calendar = calendar;
  if (inReplyTo !== undefined) mail.inReplyTo = inReplyTo;
  if (listUnsubscribe !== undefined) mail.listUnsubscribe = listUnsubscribe;
  if (autoSubmitted !== undefined) mail.autoSubmitted = autoSubmitted;
  if (importance !== undefined) mail.importance = importance;
  if (requests !== undefined) mail.requests = requests;
  const octets = headerLength(mail);
  if (octets <= LIMITS.headerOctets) return valid(mail);
  const detail = `The header has ${octets} octets; at most ${LIMITS.headerOctets} are allowed. Name fewer recipients in \`to\` and \`cc\`, or put them into \`bcc\`.`;
  return invalid([{ pointer: "", detail }]);
}

/** Header fields that a field of the mail makes; both would be two, of which readers take either. */
const MADE_BY: ReadonlyMap<string, string> = new Map([
  ["list-unsubscribe", "listUnsubscribe"],
  ["list-unsubscribe-post", "listUnsubscribe"],
  ["auto-submitted", "autoSubmitted"],
  ["importance", "importance"],
  ["x-priority", "importance"],
]);

function refuseTwice(
  fields: ReadonlyMap<string, Field>,
  headers: ParsedMail["headers"],
  problems: Problem[],
): void {
  for (const { name } of headers) {
    const field = fields.get(MADE_BY.get(name.toLowerCase()) ?? "");
    if (field !== undefined) report(problems, field, `The header \`${name}\` says it already.`);
  }
}

function readSubject(field: Field | undefined, problems: Problem[]): string {
  const subject = readString(field, problems);
  if (field === undefined || subject === undefined) return "";
  if (hasControlButTab(subject)) {
    report(problems, field, "It may not hold a line break or another control character.");
  }
  if (subject.length > LIMITS.subjectLength) {
    report(problems, field, `It has more than ${LIMITS.subjectLength} characters.`);
  }
  return subject;
}

type Bodies = Pick<ParsedMail, "text" | "html" | "amp" | "calendar" | "textFormat" | "attachments">;

/** The content fields. An empty text or html counts as absent: there is nothing to show. */
function readBodies(fields: ReadonlyMap<string, Field>, problems: Problem[]): Bodies {
  const before = problems.length;
  const text = readString(fields.get("text"), problems) ?? "";
  const html = readString(fields.get("html"), problems) ?? "";
  const amp = readString(fields.get("amp"), problems) ?? "";
  const textFormat = readTextFormat(fields.get("textFormat"), problems);
  const calendar = readCalendar(fields.get("calendar"), problems);
  const attachments = readAttachments(fields.get("attachments"), problems);
  const isEmpty = text === "" && html === "" && attachments.length === 0 && calendar === undefined;
  if (problems.length === before && isEmpty) {
    problems.push({ pointer: "/text", detail: "Missing `html` or `text` field." });
  }
  const givenAmp = fields.get("amp");
  if (givenAmp !== undefined && amp !== "" && text === "" && html === "") {
    report(problems, givenAmp, "Few readers show AMP: give `html` or `text` beside it.");
  }
  const texts = [text, html, amp, calendar?.content ?? ""];
  if (isTooLarge(texts, attachedOctets(attachments))) {
    const detail = `The content is larger than ${LIMITS.contentOctets} octets, base64 counted.`;
    problems.push({ pointer: fields.has("attachments") ? "/attachments" : "/text", detail });
  }
  const bodies: Draft<Bodies> = { textFormat, attachments };
  if (text !== "") bodies.text = text;
  if (html !== "") bodies.html = html;
  if (amp !== "") bodies.amp = amp;
  if (calendar !== undefined) bodies.calendar = calendar;
  return bodies;
}

function readTextFormat(field: Field | undefined, problems: Problem[]): ParsedMail["textFormat"] {
  if (field === undefined || field.value === "" || field.value === "fixed") return "fixed";
  if (field.value !== "flowed") report(problems, field, "It must be `fixed` or `flowed`.");
  return "flowed";
}

function isTooLarge(texts: readonly string[], attached: number): boolean {
  const characters = texts.reduce((sum, { length }) => sum + length, 0);
  // UTF-8 has at most three octets for each: most texts need not be encoded to see that they fit.
  if (attached + characters * 3 <= LIMITS.contentOctets) return false;
  return texts.reduce((sum, text) => sum + utf8Length(text), attached) > LIMITS.contentOctets;
}

/** Of those that are at hand; the others are counted when they are loaded. */
function attachedOctets(attachments: readonly ParsedAttachment[]): number {
  return attachments.reduce(
    (sum, { content }) =>
      sum + (content instanceof Uint8Array ? wrappedBase64Length(content.length) : 0),
    0,
  );
}

/** The field of the mail, or the header of the same meaning; both is one too many. */
function inThread(
  name: string,
  fields: ReadonlyMap<string, Field>,
  thread: ReadonlyMap<string, Field>,
  problems: Problem[],
): Field | undefined {
  const field = fields.get(name);
  const header = thread.get(name);
  if (field !== undefined && header !== undefined) {
    report(problems, header, `It is the same as the \`${field.name}\` field; give one of them.`);
  }
  return field ?? header;
}

function readMessageId(field: Field | undefined, problems: Problem[]): string | undefined {
  if (field === undefined || field.value === "") return undefined;
  const text = readString(field, problems);
  if (text === undefined) return undefined;
  const id = parseMessageId(text);
  if (id.ok) return id.value;
  report(problems, field, id.problems);
  return undefined;
}

/** A list, or a string with white space between the identifiers, as the header field has them. */
function readReferences(field: Field | undefined, problems: Problem[]): string[] {
  const items =
    field !== undefined && typeof field.value === "string"
      ? field.value.split(/[ \t\r\n]+/, LIMITS.references + 2).filter((id) => id !== "")
      : undefined;
  const list = field === undefined || items === undefined ? field : { ...field, value: items };
  return readItems(list, LIMITS.references, problems)
    .map((item) =>
      readMessageId(
        items === undefined ? item : { ...item, pointer: field?.pointer ?? "" },
        problems,
      ),
    )
    .filter((id) => id !== undefined);
}

function readDate(field: Field | undefined, problems: Problem[]): Date | undefined {
  if (field === undefined || field.value === "") return undefined;
  const date = parseDate(field.value);
  if (date === undefined) {
    report(problems, field, "It must be ISO 8601 with a zone, like `2026-11-21T10:00:00Z`.");
  }
  return date;
}
