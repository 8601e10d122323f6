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
import { wrappedBase64Length } from "./base64.ts";
import { hasControlButTab } from "./characters.ts";
import { readCustomHeaders } from "./custom-headers.ts";
import { parseDate } from "./date.ts";
import { isRecord, readFields, readItems, readString, report } from "./fields.ts";
import type { Field } from "./fields.ts";
import type { Attachment, Mail } from "./mail.ts";
import { generateMessageId, parseMessageId } from "./message-id.ts";
import { readRequests } from "./requests.ts";

/** Where the clock and the identifiers come from. */
export interface ParseOptions {
  /** The Date of a mail that has none. */
  readonly now?: Date;
  /** Makes the Message-ID, with angle brackets, of a mail that has none; given From's domain. */
  readonly messageId?: (domain: string) => string;
}

/** The limit of the Resend API and far above that of most relays, after base64. */
const MAX_CONTENT_OCTETS = 40 * 1024 * 1024;
/** Twice a line of 998; longer subjects are cut or refused by those who show them. */
const MAX_SUBJECT_LENGTH = 2_000;
/** A long thread; RFC 5322 §3.6.4 sets none, and others trim it. */
const MAX_REFERENCES = 250;
/** A mail with more has no need of a longer list. */
const MAX_PROBLEMS = 100;

const SCHEMA = {
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
    "attachments",
    "headers",
    "inReplyTo",
    "references",
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
  },
  unsupported: [
    "calendar",
    "amp",
    "raw",
    "scheduledAt",
    "tags",
    "listUnsubscribe",
    "autoSubmitted",
  ],
} as const;

/** The mail, or everything that is wrong with the input. */
export function parseMail(
  input: unknown,
  options: ParseOptions = {},
): Result<Mail, readonly Problem[]> {
  if (!isRecord(input)) {
    return invalid([{ pointer: "", detail: "A mail must be an object with `from` and `to`." }]);
  }
  const problems: Problem[] = [];
  const fields = readFields(input, SCHEMA, { pointer: "", problems });
  const addresses = readAddresses(fields, problems);
  const subject = readSubject(fields.get("subject"), problems);
  const bodies = readBodies(fields, problems);
  const { headers, thread } = readCustomHeaders(fields.get("headers"), problems);
  const inReplyTo = readMessageId(inThread("inReplyTo", fields, thread, problems), problems);
  const references = readReferences(inThread("references", fields, thread, problems), problems);
  const messageId = readMessageId(fields.get("messageId"), problems);
  const date = readDate(fields.get("date"), problems);
  const requests = readRequests(fields, problems);
  if (addresses === undefined || problems.length > 0) {
    return invalid(problems.slice(0, MAX_PROBLEMS));
  }
  return valid({
    ...addresses,
    subject,
    ...bodies,
    headers,
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
    references,
    messageId: messageId ?? (options.messageId ?? generateMessageId)(addresses.from.domain),
    date: date ?? options.now ?? new Date(),
    ...(requests === undefined ? {} : { requests }),
  });
}

function readSubject(field: Field | undefined, problems: Problem[]): string {
  const subject = readString(field, problems);
  if (field === undefined || subject === undefined) return "";
  if (hasControlButTab(subject)) {
    report(problems, field, "It may not hold a line break or another control character.");
  }
  if (subject.length > MAX_SUBJECT_LENGTH) {
    report(problems, field, `It has more than ${MAX_SUBJECT_LENGTH} characters.`);
  }
  return subject;
}

type Bodies = Pick<Mail, "attachments"> & Partial<Pick<Mail, "text" | "html">>;

/** The content fields. An empty text or html counts as absent: there is nothing to show. */
function readBodies(fields: ReadonlyMap<string, Field>, problems: Problem[]): Bodies {
  const before = problems.length;
  const text = readString(fields.get("text"), problems) ?? "";
  const html = readString(fields.get("html"), problems) ?? "";
  const attachments = readAttachments(fields.get("attachments"), problems);
  if (problems.length === before && text === "" && html === "" && attachments.length === 0) {
    problems.push({ pointer: "/text", detail: "Missing `html` or `text` field." });
  }
  const size = text.length + html.length + attachedOctets(attachments);
  if (size > MAX_CONTENT_OCTETS) {
    const detail = `The content is larger than ${MAX_CONTENT_OCTETS} octets, base64 counted.`;
    problems.push({ pointer: fields.has("attachments") ? "/attachments" : "/text", detail });
  }
  return {
    ...(text === "" ? {} : { text }),
    ...(html === "" ? {} : { html }),
    attachments,
  };
}

function attachedOctets(attachments: readonly Attachment[]): number {
  return attachments.reduce((size, { content }) => size + wrappedBase64Length(content.length), 0);
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
      ? field.value.split(/[ \t\r\n]+/, MAX_REFERENCES + 2).filter((id) => id !== "")
      : undefined;
  const list = field === undefined || items === undefined ? field : { ...field, value: items };
  return readItems(list, MAX_REFERENCES, problems)
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
