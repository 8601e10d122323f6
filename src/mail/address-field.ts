/**
 * The mailboxes in the value of From, Sender, To, Cc or Bcc, as other mailers write it (RFC 5322
 * §3.4): names, comments and groups around addresses. It decides who gets the mail and whether its
 * sender may send, so each address goes through the one strict parser, and what two readers could
 * take for two different addresses is refused. Names are skipped, not decoded.
 */
import { invalid, valid } from "../result.ts";
import type { Result } from "../result.ts";
import { hasControlButTab } from "./characters.ts";
import { LIMITS } from "./limits.ts";
import { parseAddress } from "./mailbox.ts";
import type { Mailbox } from "./mailbox.ts";

const MAX_PROBLEMS = 20;

/**
 * Returns the mailboxes of an unfolded value, without their names, in order; none where there are
 * only white space, comments or empty groups. Else the sentences that say what is wrong with it.
 */
export function parseAddressField(
  value: string,
  { allowGroups }: { readonly allowGroups: boolean },
): Result<readonly Mailbox[], readonly string[]> {
  if (value.length > LIMITS.headerOctets) {
    return invalid([`It is longer than ${LIMITS.headerOctets} characters.`]);
  }
  if (hasControlButTab(value)) return invalid(["It holds a control character."]);
  const tokens = readTokens(value);
  if (!tokens.ok) return invalid([tokens.problems]);
  const entries = splitEntries(tokens.value, allowGroups);
  if (!entries.ok) return invalid([entries.problems]);
  const count = entries.value.length;
  if (count > LIMITS.recipients) {
    return invalid([`It has ${count} mailboxes; at most ${LIMITS.recipients} are allowed.`]);
  }
  const mailboxes: Mailbox[] = [];
  const problems: string[] = [];
  for (const [index, entry] of entries.value.entries()) {
    const mailbox = readMailbox(entry);
    if (mailbox.ok) mailboxes.push(mailbox.value);
    else
      problems.push(count === 1 ? mailbox.problems : `Mailbox ${index + 1}: ${mailbox.problems}`);
    if (problems.length === MAX_PROBLEMS) break;
  }
  return problems.length > 0 ? invalid(problems) : valid(mailboxes);
}

interface Token {
  /** A word is what stands between white space and the other kinds, so it may be an address. */
  readonly kind: "word" | "quoted" | "comment" | "angle" | "," | ":" | ";";
  /** As it stands, with its quotes or brackets. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function readTokens(value: string): Result<readonly Token[], string> {
  const tokens: Token[] = [];
  for (let at = 0; at < value.length;) {
    const character = value[at];
    if (character === " " || character === "\t") {
      at++;
      continue;
    }
    const token = tokenAt(value, at);
    if (!token.ok) return token;
    tokens.push(token.value);
    at = token.value.end;
  }
  return valid(tokens);
}

function tokenAt(value: string, start: number): Result<Token, string> {
  const until = (kind: Token["kind"], end: number): Result<Token, string> =>
    valid({ kind, text: value.slice(start, end), start, end });
  const character = value[start];
  switch (character) {
    case ",":
    case ":":
    case ";":
      return until(character, start + 1);
    case "<": {
      const close = value.indexOf(">", start);
      return close === -1 ? invalid("A `<` is not closed.") : until("angle", close + 1);
    }
    case ">":
      return invalid("A `>` stands without its `<`.");
    case '"': {
      const end = quotedEnd(value, start);
      return end === undefined ? invalid("A double quote is not closed.") : until("quoted", end);
    }
    case "(":
      return commentToken(value, start);
    case undefined:
    default: {
      WORD.lastIndex = start;
      WORD.test(value);
      return until("word", WORD.lastIndex);
    }
  }
}

const WORD = /[^ \t,:;<>"(]+/y;

function quotedEnd(value: string, start: number): number | undefined {
  for (let at = start + 1; at < value.length; at++) {
    if (value[at] === "\\") at++;
    else if (value[at] === '"') return at + 1;
  }
  return undefined;
}

/** Comments nest (RFC 5322 §3.2.2): counted, so that no depth of them overflows a stack. */
function commentToken(value: string, start: number): Result<Token, string> {
  let depth = 0;
  for (let at = start; at < value.length; at++) {
    const character = value[at] ?? "";
    // A reader that knows no comments would find a quoted string or an address in this one.
    if ('<>@"\\'.includes(character)) return invalid(COMMENT);
    if (character === "(") depth++;
    else if (character === ")" && --depth === 0) {
      const end = at + 1;
      return valid({ kind: "comment", text: value.slice(start, end), start, end });
    }
  }
  return invalid("A `(` is not closed.");
}

const COMMENT = 'A comment, in parentheses, may not hold any of `< > @ " \\`.';

/**
 * The tokens of each mailbox, an empty one where a comma is too many. A group is the mailboxes in
 * it (RFC 5322 §3.4); its name goes.
 */
function splitEntries(
  tokens: readonly Token[],
  allowGroups: boolean,
): Result<readonly (readonly Token[])[], string> {
  const entries: (readonly Token[])[] = [];
  let entry: Token[] = [];
  let group: "none" | "open" | "closed" = "none";
  let groupStart = 0;
  for (const token of tokens) {
    if (token.kind === ",") {
      if (group === "closed") group = "none";
      else entries.push(entry);
      entry = [];
    } else if (group === "closed") {
      if (token.kind !== "comment") return invalid("Nothing but a comma may follow a group.");
    } else if (token.kind === ":") {
      if (!allowGroups) return invalid(`A group may not stand here. ${QUOTE_IT}`);
      if (group === "open") return invalid(`A group may not hold another. ${QUOTE_IT}`);
      const name = withoutComments(entry);
      if (!isGroupName(name)) return invalid(`A group has a name. ${QUOTE_IT}`);
      entry = [];
      group = "open";
      groupStart = entries.length;
    } else if (token.kind === ";") {
      if (group === "none") return invalid("Mailboxes are separated by commas, not semicolons.");
      if (!isBlank(entry) || entries.length > groupStart) entries.push(entry);
      entry = [];
      group = "closed";
    } else entry.push(token);
  }
  if (group === "open") return invalid("The group is not closed by a semicolon.");
  if (group === "none" && !isBlank(tokens)) entries.push(entry);
  return valid(entries);
}

function readMailbox(entry: readonly Token[]): Result<Mailbox, string> {
  const tokens = withoutComments(entry);
  const angle = tokens.findIndex(({ kind }) => kind === "angle");
  if (angle === -1) return readBareAddress(entry, tokens);
  if (angle !== tokens.length - 1) return invalid("A comma must follow the `>`, or nothing.");
  if (!isPhrase(tokens.slice(0, angle))) return invalid(QUOTE_IT);
  return parseAddress(tokens[angle]?.text.slice(1, -1) ?? "");
}

function readBareAddress(
  entry: readonly Token[],
  tokens: readonly Token[],
): Result<Mailbox, string> {
  const [address, ...others] = tokens;
  if (address === undefined) return invalid("It is empty: a comma is too many.");
  if (tokens.some(({ kind, text }) => kind === "word" && text.startsWith("@"))) {
    return invalid("What stands before the `@` may not be quoted, nor apart from it.");
  }
  if (address.kind !== "word" || others.length > 0) {
    return invalid("After a name comes `<email@example.com>`; an address has no spaces.");
  }
  // `u@good.test(x)evil.test` has been read as one domain (GHSA-cc9r-2j5m-2m83).
  if (entry.some(({ start, end }) => end === address.start || start === address.end)) {
    return invalid("A comment must stand apart from the address.");
  }
  return parseAddress(address.text);
}

/** Words and quoted strings; the dot is obsolete there (RFC 5322 §4.1), and met everywhere. */
function isPhrase(tokens: readonly Token[]): boolean {
  return tokens.every(
    ({ kind, text }) => kind === "quoted" || (kind === "word" && !/[@[\]\\)]/.test(text)),
  );
}

/** A phrase that ends in no encoded-word cut short: some would read `=?x?Q?a:b@c;?=` as one. */
function isGroupName(tokens: readonly Token[]): boolean {
  const isCut = tokens.some(({ text }) => text.includes("=?") && !text.endsWith("?="));
  return tokens.length > 0 && isPhrase(tokens) && !isCut;
}

const QUOTE_IT =
  'A name that holds any of `( ) [ ] : ; @ \\ , "` must stand in double quotes, as in ' +
  '`"Doe, John" <john@example.com>`.';

function isBlank(tokens: readonly Token[]): boolean {
  return tokens.every(({ kind }) => kind === "comment");
}

function withoutComments(tokens: readonly Token[]): readonly Token[] {
  return tokens.filter(({ kind }) => kind !== "comment");
}
