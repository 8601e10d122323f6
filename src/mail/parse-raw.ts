/**
 * A mail given as a whole message: what the message says makes the envelope, as far as the mail does not
 * say it itself. Nothing in the message is changed but what RFC 5322 demands of any.
 */
import { invalid, valid } from "../result.ts";
import type { Result } from "../result.ts";
import type { Problem } from "../smtp/outcome.ts";
import { readRawEnvelope } from "./addresses.ts";
import { decodeBase64 } from "./base64.ts";
import { formatDate } from "./date.ts";
import { isRecord, report } from "./fields.ts";
import type { Field } from "./fields.ts";
import { LIMITS } from "./limits.ts";
import type { Mail } from "./mail.ts";
import { generateMessageId } from "./message-id.ts";
import type { ParseOptions } from "./parse-mail.ts";
import { endOfHeader } from "./line-ends.ts";
import { parseRawMessage } from "./raw-message.ts";
import { readRequests } from "./requests.ts";

/** What a mail may have beside `raw`: the envelope, and what it asks of the relay. */
const BESIDE = new Set([
  "raw",
  "from",
  "to",
  "cc",
  "bcc",
  "envelope",
  "dsn",
  "requireTls",
  "priority",
  "deliverBy",
  "holdForSeconds",
]);

/** The mail around the message in the field, or all that is wrong with it. */
export function parseRaw(
  field: Field,
  fields: ReadonlyMap<string, Field>,
  { problems, now, messageId }: ParseOptions & { readonly problems: Problem[] },
): Result<Mail, readonly Problem[]> {
  for (const [name, other] of fields) {
    const isAbsent = other.value === "" || (Array.isArray(other.value) && other.value.length === 0);
    if (BESIDE.has(name) || isAbsent) continue;
    report(problems, other, "The `raw` message brings its own; leave this out.");
  }
  const requests = readRequests(fields, problems);
  const octets = readOctets(field, problems);
  if (octets === undefined) return invalid(problems);
  const message = parseRawMessage(octets);
  if (!message.ok) {
    for (const reason of message.problems) report(problems, field, reason);
    return invalid(problems);
  }
  const raw = message.value;
  const envelope = readRawEnvelope(fields, raw, problems);
  const [from] = raw.from;
  if (envelope === undefined || from === undefined || problems.length > 0) return invalid(problems);
  const id = raw.messageId ?? (messageId ?? generateMessageId)(from.domain);
  const date = raw.date ?? now ?? new Date();
  const added = [
    ...(raw.date === undefined ? [`Date: ${formatDate(date)}\r\n`] : []),
    ...(raw.messageId === undefined ? [`Message-ID: ${id}\r\n`] : []),
  ];
  return valid({
    from,
    ...(raw.sender === undefined ? {} : { sender: raw.sender }),
    to: raw.to,
    cc: raw.cc,
    bcc: [],
    replyTo: [],
    subject: raw.subject,
    textFormat: "fixed",
    attachments: [],
    headers: [],
    references: [],
    raw: { ...raw, content: withFields(raw.content, added.join("")) },
    messageId: id,
    date,
    envelope,
    ...(requests === undefined ? {} : { requests }),
  });
}

function readOctets(field: Field, problems: Problem[]): Uint8Array | undefined {
  const octets = octetsOf(field.value);
  if (octets === undefined) {
    report(problems, field, "It must be a whole message: text, octets, or `{ base64 }`.");
    return undefined;
  }
  if (octets.length <= LIMITS.contentOctets) return octets;
  report(problems, field, `It has more than ${LIMITS.contentOctets} octets.`);
  return undefined;
}

function octetsOf(value: unknown): Uint8Array | undefined {
  if (typeof value === "string") {
    return value.isWellFormed() ? new TextEncoder().encode(value) : undefined;
  }
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  if (!isRecord(value)) return undefined;
  if (Object.keys(value).length !== 1 || !("base64" in value)) return undefined;
  if (typeof value.base64 !== "string") return undefined;
  const decoded = decodeBase64(value.base64);
  return decoded.ok ? decoded.value : undefined;
}

/** The message with fields behind those of its header: what carried it so far stands above (trace). */
function withFields(message: Uint8Array, fields: string): Uint8Array {
  if (fields === "") return message;
  const octets = new TextEncoder().encode(fields);
  const end = endOfHeader(message);
  const whole = new Uint8Array(message.length + octets.length);
  whole.set(message.subarray(0, end));
  whole.set(octets, end);
  whole.set(message.subarray(end), end + octets.length);
  return whole;
}
