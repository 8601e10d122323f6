/**
 * Which fields of a header a signature covers, and in which order (RFC 6376 §5.4). A name is listed
 * once more than it occurs, so that nobody adds another such field on the way and has it shown.
 */
import { canonicalField } from "./canonical-header.ts";
import type { RawField } from "./canonical-header.ts";

export interface SignedFields {
  /** The names of the `h=` tag, in order. */
  readonly names: readonly string[];
  /** The canonical fields that they stand for, each with CRLF. */
  readonly canonical: string;
}

/** What readers are shown, and what an answer goes to: none of these may be added to a mail without it. */
const ALWAYS = [
  "from",
  "sender",
  "to",
  "cc",
  "reply-to",
  "subject",
  "date",
  // Without them a text could be made to be shown as html (RFC 6376 §8.15).
  "mime-version",
  "content-type",
  "content-transfer-encoding",
] as const;

const WHERE_PRESENT = ["message-id", "in-reply-to", "references", "auto-submitted"] as const;

/** Never Return-Path, Received, Bcc or DKIM-Signature: relays add, change or remove those. */
const SIGNED: ReadonlySet<string> = new Set<string>([...ALWAYS, ...WHERE_PRESENT]);

/** The fields to sign. Throws a TypeError where there is no From, which a signature must cover. */
export function signedFields(fields: readonly RawField[]): SignedFields {
  const found = new Map<string, RawField[]>(ALWAYS.map((name) => [name, []]));
  for (const field of fields) {
    if (!isSigned(field.name)) continue;
    const same = found.get(field.name);
    if (same === undefined) found.set(field.name, [field]);
    else same.push(field);
  }
  // RFC 6376 §5.4: the From field MUST be signed.
  if (found.get("from")?.length === 0) throw new TypeError("The header has no From to sign.");
  const names: string[] = [];
  let canonical = "";
  for (const [name, same] of found) {
    // RFC 6376 §5.4.2: of fields with one name the last is signed first.
    for (const field of same.toReversed()) {
      names.push(name);
      canonical += `${canonicalField(field)}\r\n`;
    }
    if (isClosed(name)) names.push(name);
  }
  return { names, canonical };
}

/** RFC 8058 §4: List-Unsubscribe and List-Unsubscribe-Post MUST be covered. */
function isSigned(name: string): boolean {
  return SIGNED.has(name) || name.startsWith("list-") || name.startsWith("resent-");
}

/** RFC 5322 §3.6.6: each who resends a mail adds Resent fields, which is no forgery. */
function isClosed(name: string): boolean {
  return !name.startsWith("resent-");
}
