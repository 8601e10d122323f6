/**
 * API_TOKENS: who may call, as whom, and what for. Words separated by commas are tokens that may do
 * everything; a JSON list names them and may restrict each.
 */
import { parseAllowed, type Allowed } from "./allowed.ts";
import { isRecord, readFields, readItems, readString, type Field } from "./mail/fields.ts";
import { invalid, valid, type Result } from "./result.ts";
import type { Problem } from "./smtp/outcome.ts";

/** `send`: mail, and changes to what waits. `read`: the journal, and what the relays offer. */
export type Right = "send" | "read";

export interface Token {
  /** Absent where it was given without a name. */
  readonly name?: string;
  readonly secret: string;
  readonly rights: ReadonlySet<Right>;
  /** Whom it may send as. With it, the token sees and changes its own mails alone. */
  readonly senders?: Allowed;
}

/** Whoever uses a token. */
export type Caller = Omit<Token, "secret" | "name"> & {
  /** Also where the token has none of its own. */
  readonly name: string;
};

/** 16 hexadecimal digits are 64 bits. */
const MIN_SECRET_LENGTH = 16;
/** RFC 6750 §2.1: what can be sent after `Bearer`; base64, hexadecimal digits and UUIDs are all of it. */
const B64TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
const MAX_TOKENS = 1000;
const MAX_WORDS = 1000;
const OTHER_WAYS: ReadonlySet<string> = new Set(["queue", "rpc"]);
const RIGHTS: readonly Right[] = ["send", "read"];
const FIELDS = {
  known: ["name", "token", "rights", "senders"],
  aliases: {},
  unsupported: [],
  isSecret: true,
} as const;

/** The tokens, at least one; or what is wrong, never with a token in it. */
export function parseTokens(text: string): Result<readonly Token[], readonly string[]> {
  const start = text.trimStart();
  // Split at commas, each of these would be tokens that anybody can guess.
  if (/^[{"'`]/.test(start)) return invalid([NEITHER]);
  const tokens = start.startsWith("[") ? parseList(text) : parseWords(text);
  if (!tokens.ok) return tokens;
  if (tokens.value.length === 0) return invalid([MISSING]);
  const problems: string[] = [];
  if (tokens.value.some(({ secret }) => secret.length < MIN_SECRET_LENGTH)) problems.push(SHORT);
  if (tokens.value.some(({ secret }) => !B64TOKEN.test(secret))) problems.push(CHARACTERS);
  const names = tokens.value.flatMap(({ name }) => (name === undefined ? [] : [name]));
  if (new Set(names).size < names.length) problems.push("Two tokens have the same `name`.");
  const secrets = new Set(tokens.value.map(({ secret }) => secret));
  const isList = names.length > 0;
  if (isList && secrets.size < tokens.value.length) problems.push("One token stands there twice.");
  return problems.length === 0 ? tokens : invalid(problems);
}

function parseWords(text: string): Result<readonly Token[], readonly string[]> {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  return valid(words.map((secret) => ({ secret, rights: new Set(RIGHTS) })));
}

function parseList(text: string): Result<readonly Token[], readonly string[]> {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return invalid([NOT_JSON]);
  }
  if (!Array.isArray(list)) return invalid([NOT_JSON]);
  const problems: Problem[] = [];
  const field = { name: "API_TOKENS", pointer: "", value: list };
  const tokens = readItems(field, MAX_TOKENS, problems).map((item) => readToken(item, problems));
  if (problems.length === 0) return valid(tokens.filter((token) => token !== undefined));
  return invalid(problems.map(({ pointer, detail }) => `${whichOf(pointer)}: ${detail}`));
}

function readToken(item: Field, problems: Problem[]): Token | undefined {
  const before = problems.length;
  const say = (detail: string): number => problems.push({ pointer: item.pointer, detail });
  if (!isRecord(item.value)) {
    say("It must be an object with `name` and `token`.");
    return undefined;
  }
  const fields = readFields(item.value, FIELDS, { pointer: item.pointer, problems });
  const name = readString(fields.get("name"), problems);
  const secret = readString(fields.get("token"), problems);
  if (name === undefined || !/^[\w.-]{1,64}$/.test(name)) {
    say("`name` is missing, or is not 1 to 64 letters, digits, `_`, `-` and `.`.");
  }
  // The journal keeps whose a mail is by this name, and these are other ways in.
  if (name !== undefined && OTHER_WAYS.has(name)) say(`The name \`${name}\` is taken.`);
  if (secret === undefined) say("`token` is missing.");
  const rights = readWords(fields.get("rights"), problems);
  if (rights?.length === 0 || rights?.some((right) => !RIGHTS.some((one) => one === right))) {
    say("`rights` are `send` and `read`, at least one; without `rights` both.");
  }
  const words = readWords(fields.get("senders"), problems);
  // An empty list looks like nobody, and must not mean everybody.
  if (words?.length === 0) say("`senders` is empty; without `senders` it may be anybody.");
  const senders = parseAllowed(words ?? []);
  if (!senders.ok) for (const detail of senders.problems) say(`senders: ${detail}`);
  if (name === undefined || secret === undefined || !senders.ok) return undefined;
  if (problems.length > before) return undefined;
  return {
    name,
    secret,
    rights: new Set(RIGHTS.filter((one) => rights?.includes(one) ?? true)),
    ...(words === undefined ? {} : { senders: senders.value }),
  };
}

/** One text or several; undefined where the field is absent. */
function readWords(field: Field | undefined, problems: Problem[]): readonly string[] | undefined {
  if (field === undefined) return undefined;
  const items = readItems(field, MAX_WORDS, problems);
  return items.flatMap((item) => readString(item, problems) ?? []);
}

function whichOf(pointer: string): string {
  const index = /^\/(\d+)/.exec(pointer)?.[1];
  return index === undefined ? "The list" : `Token ${Number(index) + 1}`;
}

const MISSING =
  "Missing: nobody may send. Make one with `openssl rand -hex 32` and set it with `npx wrangler secret put API_TOKENS`; several are separated by commas.";
const SHORT = `Each token must have at least ${MIN_SECRET_LENGTH} characters, so that it cannot be guessed.`;
const CHARACTERS =
  "A token is letters, digits, `-`, `.`, `_`, `~`, `+` and `/`, and may end in `=`: no quotes, no other characters. Make one with `openssl rand -hex 32`.";
const NEITHER =
  'It begins like a quoted text or a JSON object. It is tokens without quotes, separated by commas, or a JSON list, as `[{ "name": "shop", "token": "..." }]`.';
const NOT_JSON =
  'It begins with `[` and is no JSON list. It is like `[{ "name": "shop", "token": "...", "senders": ["example.com"], "rights": ["send"] }]`.';
