/**
 * A whole message handed in (RFC 5322 §3.5), in place of the fields that make one. It is sent as it
 * is but for its line ends and its Bcc; what a relay or reader could take for another message than
 * the one read here is refused, with the line. Parts of the body are not looked into.
 */
import { invalid, valid } from "../result.ts";
import type { Result } from "../result.ts";
import { parseAddressField } from "./address-field.ts";
import { parseDateTime } from "./date-time.ts";
import { LIMITS } from "./limits.ts";
import { toWholeLines } from "./line-ends.ts";
import type { Mailbox } from "./mailbox.ts";
import { findHeaderEnd, splitHeader } from "./raw-header.ts";
import type { RawField, RawHeader } from "./raw-header.ts";
import { MAX_LINE_PROBLEMS, hasEightBit, inspectLines } from "./raw-lines.ts";
import type { LineProblem } from "./raw-lines.ts";

/** What a whole message says of itself, and what of it is sent. */
export interface RawMessage {
  /** At least one; none of the mailboxes here has a name. */
  readonly from: readonly Mailbox[];
  readonly sender?: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly bcc: readonly Mailbox[];
  /** Who sent it again: Resent-From and Resent-Sender (RFC 5322 §3.6.6); undefined where nobody did. */
  readonly resentBy?: readonly Mailbox[];
  /** Unfolded, not decoded; "" where absent. */
  readonly subject: string;
  /** With angle brackets. */
  readonly messageId?: string;
  /** Absent where the field is. */
  readonly date?: Date;
  /** CRLF line ends throughout, ends in CRLF, Bcc removed, nothing added. */
  readonly content: Uint8Array;
  /** Octets over 127 in the body, so that the relay must offer 8BITMIME (RFC 6152 §3). */
  readonly eightBit: boolean;
  /** UTF-8 in the header of the message, so that the relay must offer SMTPUTF8 (RFC 6532 §3.2). */
  readonly utf8Header: boolean;
}

/** RFC 5322 §3.6 and RFC 2045 §3: those that stand in a header once, or not at all. */
const ONCE: ReadonlyMap<string, string> = new Map(
  [
    "Date",
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Message-ID",
    "Subject",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
  ].map((name) => [name.toLowerCase(), name]),
);

/**
 * The message, or sentences that name the line: `Line 3: ...`. The content may be the octets
 * themselves, not a copy: they must not change afterwards.
 */
export function parseRawMessage(octets: Uint8Array): Result<RawMessage, readonly string[]> {
  const lines = toWholeLines(octets);
  const headerEnd = findHeaderEnd(lines);
  if (headerEnd === undefined) return invalid([`Line 1: ${LONG_HEADER}`]);
  const header = splitHeader(lines.subarray(0, headerEnd));
  const { eightBit, problems: ofLines } = inspectLines(lines, headerEnd);
  const problems = [...header.problems, ...ofLines];
  const fields = readStructure(header, problems);
  if (fields === undefined || problems.length > 0) return invalid(sentences(problems));
  const { content, headerLength } = withoutBcc(lines, header.fields, headerEnd);
  return valid({ ...fields, content, eightBit, utf8Header: hasEightBit(content, headerLength) });
}

const LONG_HEADER =
  `The header has more than ${LIMITS.headerOctets} octets. ` +
  "An empty line must stand between the header and the body.";

function sentences(problems: readonly LineProblem[]): readonly string[] {
  return problems
    .toSorted((one, other) => one.line - other.line)
    .slice(0, MAX_LINE_PROBLEMS)
    .map(({ line, detail }) => `Line ${line}: ${detail}`);
}

type Fields = Omit<RawMessage, "content" | "eightBit" | "utf8Header">;

function readStructure(header: RawHeader, problems: LineProblem[]): Fields | undefined {
  const flawed = header.problems.length > 0;
  const fields = byName(header, problems);
  const from = fields.get("from");
  // Of a flawed header nobody can say what it lacks.
  if (from === undefined && !flawed) {
    problems.push({ line: header.endLine, detail: "The header ends without a From field." });
  }
  const mailboxes = readMailboxes(from, problems);
  const senders = readMailboxes(fields.get("sender"), problems);
  checkSender(fields, { from: mailboxes, senders }, problems);
  const [sender] = senders ?? [];
  const messageId = readMessageId(fields.get("message-id"), problems);
  const date = readDate(fields.get("date"), problems);
  checkEncoding(fields.get("content-transfer-encoding"), problems);
  const [to, cc, bcc] = ["to", "cc", "bcc"].map((name) =>
    readMailboxes(fields.get(name), problems),
  );
  const resentBy = readResent(header, problems);
  if (mailboxes === undefined) return undefined;
  return {
    from: mailboxes,
    ...(resentBy === undefined ? {} : { resentBy }),
    ...(sender === undefined ? {} : { sender }),
    to: to ?? [],
    cc: cc ?? [],
    bcc: bcc ?? [],
    subject: fields.get("subject")?.value ?? "",
    ...(messageId === undefined ? {} : { messageId }),
    ...(date === undefined ? {} : { date }),
  };
}

/** Who sent it again. To whom is not read from it: several blocks may stand one above the other. */
function readResent(header: RawHeader, problems: LineProblem[]): Mailbox[] | undefined {
  const resent = header.fields.filter(({ name }) => name.startsWith("resent-"));
  if (resent.length === 0) return undefined;
  return resent
    .filter(({ name }) => name === "resent-from" || name === "resent-sender")
    .flatMap((field) => readMailboxes(field, problems) ?? []);
}

/** The fields that stand once, each second one a problem: which of two counts, nobody can say. */
function byName(header: RawHeader, problems: LineProblem[]): ReadonlyMap<string, RawField> {
  const fields = new Map<string, RawField>();
  for (const field of header.fields) {
    const name = ONCE.get(field.name);
    if (name === undefined) continue;
    const first = fields.get(field.name);
    if (first === undefined) fields.set(field.name, field);
    else {
      const detail = `A second ${name} field; the first is in line ${first.line}. One is allowed.`;
      problems.push({ line: field.line, detail });
    }
  }
  return fields;
}

function readMailboxes(
  field: RawField | undefined,
  problems: LineProblem[],
): readonly Mailbox[] | undefined {
  if (field === undefined) return undefined;
  // RFC 5322 §3.6.2: a mail comes from mailboxes; only its recipients may be groups.
  const isOrigin = field.name === "from" || field.name === "sender";
  const mailboxes = parseAddressField(field.value, { allowGroups: !isOrigin });
  if (!mailboxes.ok) {
    for (const reason of mailboxes.problems) report(problems, field, reason);
  } else if (isOrigin && mailboxes.value.length === 0)
    report(problems, field, "It has no mailbox.");
  else return mailboxes.value;
  return undefined;
}

/** RFC 5322 §3.6.2: of several authors, Sender tells which one sent it. */
function checkSender(
  fields: ReadonlyMap<string, RawField>,
  {
    from,
    senders,
  }: {
    readonly from: readonly Mailbox[] | undefined;
    readonly senders: readonly Mailbox[] | undefined;
  },
  problems: LineProblem[],
): void {
  const fromField = fields.get("from");
  const senderField = fields.get("sender");
  if (fromField !== undefined && senderField === undefined && from !== undefined) {
    if (from.length > 1) {
      report(problems, fromField, "It has several mailboxes, so a Sender field must name one.");
    }
  }
  if (senderField !== undefined && senders !== undefined && senders.length > 1) {
    report(problems, senderField, "It has more than one mailbox.");
  }
}

/** Any identifier in brackets: it names this very message, so it is kept, however it is made. */
function readMessageId(field: RawField | undefined, problems: LineProblem[]): string | undefined {
  if (field === undefined) return undefined;
  const { value } = field;
  const id = value.slice(1, -1);
  const isBracketed = value.startsWith("<") && value.endsWith(">") && !/[\s<>]/.test(id);
  if (isBracketed && id.slice(1, -1).includes("@")) return value;
  report(problems, field, "It must be like `<left@right>`, without spaces or comments.");
  return undefined;
}

function readDate(field: RawField | undefined, problems: LineProblem[]): Date | undefined {
  if (field === undefined) return undefined;
  const date = parseDateTime(field.value);
  if (date === undefined) {
    report(problems, field, "It must be like `Sat, 21 Nov 2026 10:00:00 +0000`, and a real day.");
  }
  return date;
}

/** RFC 3030 §3: a binary body takes BINARYMIME and BDAT, which we do not speak. */
function checkEncoding(field: RawField | undefined, problems: LineProblem[]): void {
  if (field !== undefined && /(?:^|[ \t)])binary(?:$|[ \t(;])/i.test(field.value)) {
    report(problems, field, "`binary` is not supported; use base64.");
  }
}

function report(problems: LineProblem[], field: RawField, reason: string): void {
  const name = ONCE.get(field.name) ?? field.name;
  problems.push({ line: field.line, detail: `Invalid ${name} field. ${reason}` });
}

/**
 * The content without Bcc (RFC 5322 §3.6.3) and Resent-Bcc (RFC 5322 §3.6.6), and with the empty
 * line behind a header that lacks one. Copied only where that changes anything.
 */
function withoutBcc(
  lines: Uint8Array,
  fields: readonly RawField[],
  headerEnd: number,
): { readonly content: Uint8Array; readonly headerLength: number } {
  const removed = fields.filter(({ name }) => name === "bcc" || name === "resent-bcc");
  const missing = headerEnd === lines.length ? 2 : 0;
  if (removed.length === 0 && missing === 0) return { content: lines, headerLength: headerEnd };
  const removedLength = removed.reduce((sum, { start, end }) => sum + end - start, 0);
  const content = new Uint8Array(lines.length - removedLength + missing);
  let from = 0;
  let to = 0;
  for (const { start, end } of [...removed, { start: lines.length, end: lines.length }]) {
    content.set(lines.subarray(from, start), to);
    to += start - from;
    from = end;
  }
  if (missing > 0) content.set([0x0d, 0x0a], to);
  return { content, headerLength: headerEnd - removedLength };
}
