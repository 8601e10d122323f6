/**
 * The header fields a caller may add. The structural ones are not the caller's: a second From, a
 * Bcc or a Content-Type of one's own is how messages are forged and recipients leak. In-Reply-To
 * and References are taken as the fields of the mail that they are.
 */
import type { Problem } from "../smtp/outcome.ts";
import { hasControlButTab, trimBlanks } from "./characters.ts";
import { isRecord, printable, readFields, readItems, readString, report } from "./fields.ts";
import type { Field } from "./fields.ts";
import { MAX_WORD_LENGTH, longestWord } from "./header-field.ts";
import type { Mail } from "./mail.ts";
import { structuredFault } from "./structured-field.ts";

/** RFC 2047 §2 leaves 76 to a line; longer names exist nowhere. */
const MAX_NAME_LENGTH = 76;
/** Well under the 32 kB of header that Sendmail takes in all. */
const MAX_VALUE_LENGTH = 8_000;
const MAX_HEADERS = 100;

/** Names that the mail's own fields make, and the field to use instead. */
const OWN_FIELDS: ReadonlyMap<string, string> = new Map([
  ["from", "from"],
  ["sender", "sender"],
  ["reply-to", "replyTo"],
  ["to", "to"],
  ["cc", "cc"],
  ["bcc", "bcc"],
  ["subject", "subject"],
  ["date", "date"],
  ["message-id", "messageId"],
]);
/** Trace and authentication fields, which those who carry the mail write (RFC 5322 §3.6.7). */
const PROTECTED = new Set([
  "received",
  "return-path",
  "delivered-to",
  "dkim-signature",
  "domainkey-signature",
  "authentication-results",
  "received-spf",
]);
const PROTECTED_PREFIXES = ["content-", "mime-", "resent-", "arc-"];

export interface CustomHeaders {
  readonly headers: Mail["headers"];
  /** In-Reply-To and References, where they are given as headers. */
  readonly thread: ReadonlyMap<string, Field>;
}

const NO_HEADERS: CustomHeaders = { headers: [], thread: new Map() };

/** The header fields to add, in the order given; those that may not be add a problem each. */
export function readCustomHeaders(field: Field | undefined, problems: Problem[]): CustomHeaders {
  if (field === undefined || field.value === "") return NO_HEADERS;
  const headers: { name: string; value: string }[] = [];
  const thread = new Map<string, Field>();
  if (Array.isArray(field.value) && field.value.length === 0) return { headers, thread };
  if (!isRecord(field.value)) {
    report(problems, field, "It must be an object of names and values.");
    return { headers, thread };
  }
  const names = Object.keys(field.value);
  if (names.length > MAX_HEADERS) {
    report(problems, field, `At most ${MAX_HEADERS} headers are allowed.`);
    return { headers, thread };
  }
  const schema = { known: names, aliases: {}, unsupported: [] };
  const entries = readFields(field.value, schema, { pointer: field.pointer, problems });
  for (const [name, entry] of entries) {
    const canonical = THREAD.get(name.toLowerCase());
    const fault = nameFault(name);
    if (fault !== undefined) {
      report(problems, { name: printable(name), pointer: entry.pointer }, fault);
    } else if (canonical !== undefined) {
      if (thread.has(canonical)) report(problems, entry, "It is there twice.");
      thread.set(canonical, entry);
    } else headers.push(...readValues(name, entry, problems).map((value) => ({ name, value })));
    if (headers.length > MAX_HEADERS) {
      report(problems, field, `At most ${MAX_HEADERS} headers are allowed, each value counted.`);
      break;
    }
  }
  return { headers, thread };
}

const THREAD: ReadonlyMap<string, string> = new Map([
  ["in-reply-to", "inReplyTo"],
  ["references", "references"],
]);

function nameFault(name: string): string | undefined {
  if (!/^[A-Za-z0-9-]+$/.test(name)) return "A header name is letters, digits and hyphens.";
  if (name.length > MAX_NAME_LENGTH) {
    return `A header name has at most ${MAX_NAME_LENGTH} characters.`;
  }
  const lower = name.toLowerCase();
  const own = OWN_FIELDS.get(lower);
  if (own !== undefined) return `This header cannot be set here; use the \`${own}\` field.`;
  if (PROTECTED.has(lower) || PROTECTED_PREFIXES.some((prefix) => lower.startsWith(prefix))) {
    return "This header is protected and cannot be set.";
  }
  return undefined;
}

function readValues(name: string, field: Field, problems: Problem[]): string[] {
  // An empty string is a value here: `X-Empty:` is a header field.
  if (field.value === "") return [""];
  const values: string[] = [];
  for (const item of readItems(field, MAX_HEADERS, problems)) {
    const text = readString(item, problems);
    if (text === undefined) continue;
    const fault = valueFault(text) ?? structuredFault(name, text);
    if (fault === undefined) values.push(trimBlanks(text));
    else report(problems, item, fault);
  }
  return values;
}

/** The sentence that says why the text cannot be the value of a header field. */
function valueFault(text: string): string | undefined {
  if (text.length > MAX_VALUE_LENGTH) {
    return `A header value has at most ${MAX_VALUE_LENGTH} characters.`;
  }
  if (hasControlButTab(text)) {
    return "A header value may not hold a line break or another control character.";
  }
  if (longestWord(text) > MAX_WORD_LENGTH) {
    return `A header value may not hold a word of more than ${MAX_WORD_LENGTH} characters.`;
  }
  return undefined;
}
