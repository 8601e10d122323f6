/** Message identifiers (RFC 5322 §3.6.4) and Content-IDs (RFC 2045 §7). */
import { invalid, valid } from "../result.ts";
import type { Result } from "../result.ts";
import { randomToken } from "./random.ts";
import type { RandomBytes } from "./random.ts";

/** Leaves room for any field name on a line of 998; longer ones are not met in real mail. */
const MAX_MESSAGE_ID_LENGTH = 512;
/** The limit of the Resend API. */
const MAX_CONTENT_ID_LENGTH = 127;

const DOT_ATOM = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*$/;
const NO_FOLD_LITERAL = /^\[[!-Z^-~]*\]$/;

/** A new Message-ID in the domain, angle brackets included: 128 random bits before the `@`. */
export function generateMessageId(domain: string, source?: RandomBytes): string {
  return `<${randomToken(source)}@${domain}>`;
}

/** Returns the identifier with its angle brackets, or a sentence that says what is wrong. */
export function parseMessageId(text: string): Result<string, string> {
  const id = withoutBrackets(text);
  if (id.length > MAX_MESSAGE_ID_LENGTH) {
    return invalid(`A message identifier has at most ${MAX_MESSAGE_ID_LENGTH} characters.`);
  }
  const at = id.indexOf("@");
  const right = id.slice(at + 1);
  if (at === -1 || !DOT_ATOM.test(id.slice(0, at))) return invalid(WANTED);
  if (!DOT_ATOM.test(right) && !NO_FOLD_LITERAL.test(right)) return invalid(WANTED);
  return valid(`<${id}>`);
}

/** Returns the Content-ID without angle brackets, or a sentence that says what is wrong. */
export function parseContentId(text: string): Result<string, string> {
  const id = withoutBrackets(text);
  if (id.length > MAX_CONTENT_ID_LENGTH) {
    return invalid(`It has more than ${MAX_CONTENT_ID_LENGTH} characters.`);
  }
  const at = id.indexOf("@");
  const parts = at === -1 ? [id] : [id.slice(0, at), id.slice(at + 1)];
  if (!parts.every((part) => DOT_ATOM.test(part))) {
    return invalid("It must be like `logo` or `logo@example.com`, without spaces.");
  }
  return valid(id);
}

const WANTED = "A message identifier is like `<left@right>`, without spaces, quotes or comments.";

function withoutBrackets(text: string): string {
  return text.startsWith("<") && text.endsWith(">") ? text.slice(1, -1) : text;
}
