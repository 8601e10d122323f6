/**
 * How to be taken off a list: List-Unsubscribe (RFC 2369 §3.2), and the promise that one POST to its
 * HTTPS URI does it (RFC 8058 §3.1). URIs come out in ASCII, fit to stand between angle brackets; that
 * they work is not found out here.
 */
import { invalid, valid } from "../result.ts";
import type { Result } from "../result.ts";
import type { Problem } from "../smtp/outcome.ts";
import { hasControl, hasInvisible } from "./characters.ts";
import { isRecord, readFields, readFlag, readString, report } from "./fields.ts";
import type { Field } from "./fields.ts";
import { LIMITS } from "./limits.ts";
import type { ListUnsubscribe, Mail } from "./mail.ts";
import { parseAddress } from "./mailbox.ts";
import type { Mailbox } from "./mailbox.ts";

const SCHEMA = {
  known: ["url", "mailto", "oneClick"],
  aliases: { one_click: "oneClick" },
  unsupported: [],
};

/** How to be taken off the list; undefined where it is not said, or, with a problem, said badly. */
export function readListUnsubscribe(
  field: Field | undefined,
  problems: Problem[],
): ListUnsubscribe | undefined {
  if (field === undefined) return undefined;
  if (!isRecord(field.value)) {
    report(problems, field, "It must be an object with `url` or `mailto`.");
    return undefined;
  }
  const before = problems.length;
  const fields = readFields(field.value, SCHEMA, { pointer: field.pointer, problems });
  const givenUrl = fields.get("url");
  const givenFlag = fields.get("oneClick");
  const url = readUri(givenUrl, parseUrl, problems);
  const mailto = readUri(fields.get("mailto"), parseMailto, problems);
  const oneClick = readFlag(givenFlag, problems) ?? url !== undefined;
  if (url === undefined && mailto === undefined && problems.length === before) {
    report(problems, field, "It needs a `url`, a `mailto` or both.");
  } else if (oneClick && url === undefined && problems.length === before) {
    report(problems, givenFlag ?? field, "One click needs a `url` to which it is posted.");
  } else if (oneClick && givenUrl !== undefined && url?.includes("#") === true) {
    report(problems, givenUrl, "What stands behind `#` is never posted; put it before.");
  }
  if (problems.length > before) return undefined;
  return {
    ...(url === undefined ? {} : { url }),
    ...(mailto === undefined ? {} : { mailto }),
    oneClick,
  };
}

/** List-Unsubscribe and, for one click, List-Unsubscribe-Post; not folded yet. */
export function listUnsubscribeFields({ url, mailto, oneClick }: ListUnsubscribe): Mail["headers"] {
  const uris = [mailto, url].filter((uri) => uri !== undefined).map((uri) => `<${uri}>`);
  const field = { name: "List-Unsubscribe", value: uris.join(", ") };
  // RFC 8058 §3.1: this value and no other, beside an HTTPS URI.
  const post = { name: "List-Unsubscribe-Post", value: "List-Unsubscribe=One-Click" };
  return oneClick ? [field, post] : [field];
}

function readUri(
  field: Field | undefined,
  parse: (text: string) => Result<string, string>,
  problems: Problem[],
): string | undefined {
  if (field === undefined || field.value === "") return undefined;
  const text = readString(field, problems);
  if (text === undefined) return undefined;
  const uri = parse(text);
  if (!uri.ok) report(problems, field, uri.problems);
  else if (uri.value.length > LIMITS.unsubscribeUriLength) {
    report(problems, field, `It has more than ${LIMITS.unsubscribeUriLength} characters.`);
  } else return uri.value;
  return undefined;
}

/** As `URL` writes it: what is not ASCII is percent-encoded, the host in A-labels. */
function parseUrl(text: string): Result<string, string> {
  if (!/^https:\/\/[^/]/i.test(text)) return invalid("It must begin with `https://` and a host.");
  // RFC 3986 §2.2: `,` and `%2C` may differ to its server, so that only the caller can exchange them.
  // RFC 2369 §2 has commas between the URIs, and many a reader splits at every one.
  if (text.includes(",")) return invalid("It may not hold a comma; write `%2C`.");
  if (text.includes("=?"))
    return invalid("It may not hold `=?`, as encoded-words do; write `=%3F`.");
  // URL drops or replaces some of these without a word.
  if (/[^!#$%&'()*+\-./0-9:;=?@A-Z[\]_a-z~\u0080-\uffff]/.test(text) || hasInvisible(text)) {
    return invalid("It holds a character that must be percent-encoded: a space, `<`, `>`, `{` ...");
  }
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return invalid("A `%` needs two hexadecimal digits.");
  if (!URL.canParse(text)) return invalid("It is not a valid URL.");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return invalid("It may not hold credentials.");
  return valid(url.href);
}

/** RFC 6068 §2: a `mailto:` URI of one address. */
function parseMailto(text: string): Result<string, string> {
  const [whole, to = "", query = ""] = /^mailto:([^?]*)(?:\?(.*))?$/is.exec(text) ?? [];
  if (whole === undefined) return uriOf(parseAddress(text), []);
  const address = decode(to);
  if (address === undefined)
    return invalid("A `%` in it is not the start of UTF-8 in hexadecimal.");
  const fields = query === "" ? [] : query.split("&");
  const names = fields.map((field) => /^(?:subject|body)(?==)/i.exec(field)?.[0].toLowerCase());
  // RFC 6068 §4: other fields, `bcc` above all, are not safe in a URI.
  if (names.includes(undefined))
    return invalid("Behind the `?` only `subject=` and `body=` may stand.");
  if (new Set(names).size < names.length) return invalid("`subject` and `body` may stand once.");
  const fault = fields.map(fieldFault).find((one) => one !== undefined);
  return fault === undefined ? uriOf(parseAddress(address), fields) : invalid(fault);
}

function uriOf(
  mailbox: Result<Mailbox, string>,
  fields: readonly string[],
): Result<string, string> {
  if (!mailbox.ok)
    return invalid(`It must be one address, or its \`mailto:\`. ${mailbox.problems}`);
  // RFC 6068 §2: a plus may stand for itself, and not every reader decodes it.
  const localPart = encodeURIComponent(mailbox.value.localPart).replaceAll("%2B", "+");
  const query = fields.length === 0 ? "" : `?${fields.join("&")}`;
  return valid(`mailto:${localPart}@${mailbox.value.domain}${query}`);
}

/** The sentence that says why `subject=...` or `body=...` may not stand in the URI. */
function fieldFault(field: string): string | undefined {
  const [name = "", ...rest] = field.split("=");
  const value = rest.join("=");
  // RFC 6068 §2, but for the comma, which is for RFC 2369 §2 as in a URL.
  if (!/^[!$%'()*+\-.0-9:;@A-Z_a-z~]*$/.test(value)) {
    return `The \`${name}\` must be percent-encoded.`;
  }
  const text = decode(value);
  if (text === undefined) return `The \`${name}\` is not UTF-8, percent-encoded.`;
  // RFC 6068 §5: a line break of the body is `%0D%0A`; a subject has none.
  if (hasControl(/^body$/i.test(name) ? text.replaceAll("\r\n", "") : text)) {
    return `The \`${name}\` may not hold a control character.`;
  }
  return undefined;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
