/**
 * A mailbox (RFC 5322 §3.4): one strict grammar in, one canonical form out. A dot-atom local part,
 * `@`, a domain; a display name before it. Quoted local parts, comments, groups, routes, lists and
 * address literals are refused: where parsers disagree on them, mail goes astray. A name may hold their
 * marks where nothing but the name can be meant. The parsed object makes the header field, the envelope
 * and any policy check; the input is never echoed.
 */
import { invalid, valid } from "../result.ts";
import type { Result } from "../result.ts";
import { hasBidiControl, hasControl, onDemand } from "./characters.ts";
import { parseDomain } from "./domain.ts";
import { LIMITS } from "./limits.ts";
import { utf8Length } from "./utf8.ts";

/** A mailbox (RFC 5322 §3.4). */
export interface Mailbox {
  readonly localPart: string;
  /** A-labels, lower case. */
  readonly domain: string;
  /** Display name; absent where there is none. */
  readonly name?: string;
}

/** A path with its brackets is 256 octets (RFC 5321 §4.5.3.1.3); 64 more for a display name. */
const MAX_MAILBOX_LENGTH = 320;
/** RFC 5321 §4.5.3.1.1. */
const MAX_LOCAL_PART_OCTETS = 64;
/** RFC 5321 §4.5.3.1.3, less the two brackets. */
const MAX_ADDRESS_OCTETS = 254;

/** Returns the mailbox, or a sentence that says what is wrong: `a@b`, `Name <a@b>` or an object. */
export function parseMailbox(input: unknown): Result<Mailbox, string> {
  if (typeof input === "string") return parseText(input);
  if (typeof input === "object" && input !== null && !Array.isArray(input)) {
    return parseParts(input);
  }
  return invalid("It must be a string, or an object with `email` and `name`.");
}

/** Returns the mailbox of a bare `local@domain`, or a sentence that says what is wrong with it. */
export function parseAddress(text: string): Result<Mailbox, string> {
  if (text.length > MAX_MAILBOX_LENGTH) return invalid(TOO_LONG);
  const at = text.indexOf("@");
  if (at === -1) return invalid("It has no `@`.");
  if (text.startsWith('"')) return invalid("A quoted local part is not supported.");
  if (/[,;<>]/.test(text)) return invalid("One string is one mailbox; give several as an array.");
  if (text.includes("@", at + 1)) return invalid("It has more than one `@`.");
  const localPart = text.slice(0, at);
  const wrong = checkLocalPart(localPart);
  if (wrong !== undefined) return invalid(wrong);
  const domain = parseDomain(text.slice(at + 1));
  if (!domain.ok) return domain;
  if (utf8Length(localPart) + 1 + domain.value.length > MAX_ADDRESS_OCTETS) {
    return invalid(`The address is longer than ${MAX_ADDRESS_OCTETS} octets.`);
  }
  return valid({ localPart, domain: domain.value });
}

/** The address, `local@domain`, with the domain as A-labels. */
export function addressOf(mailbox: Mailbox): string {
  return `${mailbox.localPart}@${mailbox.domain}`;
}

/** Whether both reach the same mailbox: local parts to the letter (RFC 5321 §2.4), domains not. */
export function isSameAddress(one: Mailbox, other: Mailbox): boolean {
  return one.localPart === other.localPart && one.domain === other.domain;
}

/** Whether the local part needs SMTPUTF8 (RFC 6531 §3.2); a domain never does. */
export function needsSmtpUtf8(mailbox: Mailbox): boolean {
  return /[^ -~]/.test(mailbox.localPart);
}

const TOO_LONG = `It is longer than ${MAX_MAILBOX_LENGTH} characters.`;
const ONE_ONLY = "Nothing may follow the `>`; give several mailboxes as an array.";
const QUOTE_IT =
  'A display name that holds any of `@ \\ > "` must stand in double quotes, as in ' +
  '`"Ann @ Home" <ann@example.com>`, or be given as `{ email, name }`; give several mailboxes as an array.';

function parseText(input: string): Result<Mailbox, string> {
  if (input.length > MAX_MAILBOX_LENGTH) return invalid(TOO_LONG);
  if (hasControl(input)) return invalid("It holds a line break or another control character.");
  const text = trimSpaces(input);
  if (text === "") return invalid("It is empty.");
  if (text.startsWith('"')) return parseQuotedName(text);
  const open = text.indexOf("<");
  if (open === -1) return parseAddress(text);
  const name = text.slice(0, open);
  // RFC 5322 §3.4: `Acme, Inc. <a@example.com>` is no list without an address before the comma, and none
  // can be there without an `@`. Mailers write names so; ours is quoted when it goes out.
  if (/[@\\">]/.test(name)) return invalid(QUOTE_IT);
  return withName(parseAngle(text.slice(open)), name);
}

function parseQuotedName(text: string): Result<Mailbox, string> {
  let name = "";
  let at = 1;
  for (; at < text.length && text[at] !== '"'; at++) {
    if (text[at] === "\\") at++;
    name += text[at] ?? "";
  }
  if (at >= text.length) return invalid("The double quote is not closed.");
  const rest = trimSpaces(text.slice(at + 1));
  if (rest.startsWith("@")) return invalid("A quoted local part is not supported.");
  if (!rest.startsWith("<")) return invalid("After the quoted name comes `<email@example.com>`.");
  return withName(parseAngle(rest), name);
}

function parseAngle(text: string): Result<Mailbox, string> {
  const close = text.indexOf(">");
  if (close === -1) return invalid("The `<` is not closed.");
  if (close !== text.length - 1) return invalid(ONE_ONLY);
  return parseAddress(text.slice(1, close));
}

const UNKNOWN_PART = "An object has `email` and, if need be, `name`; no other field is known.";

function parseParts(input: object): Result<Mailbox, string> {
  if (Object.keys(input).length > LIMITS.members) return invalid(UNKNOWN_PART);
  const parts = new Map<string, unknown>(Object.entries(input));
  for (const [key, value] of parts) {
    if (value === null || value === undefined) parts.delete(key);
    else if (key !== "email" && key !== "address" && key !== "name") {
      return invalid(UNKNOWN_PART);
    }
  }
  const email = parts.get("email") ?? parts.get("address");
  if (typeof email !== "string") return invalid("The `email` of the object must be a string.");
  if (parts.has("email") && parts.has("address") && email !== parts.get("address")) {
    return invalid("`email` and `address` are one field; they differ.");
  }
  const name = parts.get("name") ?? "";
  if (typeof name !== "string") return invalid("The `name` of the object must be a string.");
  return withName(parseAddress(email), name);
}

function withName(mailbox: Result<Mailbox, string>, text: string): Result<Mailbox, string> {
  if (!mailbox.ok) return mailbox;
  const name = trimSpaces(text);
  if (name === "") return mailbox;
  if (name.length > MAX_MAILBOX_LENGTH) return invalid(TOO_LONG);
  if (!name.isWellFormed()) return invalid("The name holds half of a surrogate pair.");
  if (hasControl(name)) return invalid("The name holds a line break or a control character.");
  if (hasBidiControl(name)) return invalid("The name holds a bidirectional control character.");
  return valid({ ...mailbox.value, name });
}

function checkLocalPart(text: string): string | undefined {
  if (text === "") return "Nothing stands before the `@`.";
  if (!text.isWellFormed()) return "The local part holds half of a surrogate pair.";
  if (utf8Length(text) > MAX_LOCAL_PART_OCTETS) {
    return `The part before the \`@\` is longer than ${MAX_LOCAL_PART_OCTETS} octets.`;
  }
  if (/[^!-~]/.test(text) && unseen().test(text)) {
    return "The part before the `@` holds a space or an invisible character.";
  }
  if (/[^A-Za-z0-9.!#$%&'*+\-/=?^_`{|}~\u0080-\uffff]/.test(text)) {
    return "The part before the `@` holds a character that may not stand there unquoted.";
  }
  if (text.startsWith(".") || text.endsWith(".") || text.includes("..")) {
    return "A dot in the part before the `@` must stand between other characters.";
  }
  // RFC 2047 §5: an encoded-word may not stand in an address; a reader may decode it to another.
  if (text.includes("=?")) return "An encoded-word may not stand in an address.";
  return undefined;
}

const unseen = onDemand(String.raw`[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Z}]`);

/** Spaces only: String.trim also drops line breaks and characters that nobody sees. */
function trimSpaces(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === " ") start++;
  while (end > start && text[end - 1] === " ") end--;
  return text.slice(start, end);
}
