/**
 * Env to Config, read once per event: every problem is reported, all together, by the name of the
 * variable and with the value that would be right. The only file that sees secrets.
 */
import type { Env } from "./env.ts";
import { isLogLevel, type LogLevel } from "./log.ts";
import { parseDomain } from "./mail/domain.ts";
import { addressOf, parseAddress } from "./mail/mailbox.ts";
import { parseRelays } from "./mailer.ts";
import { labelOf, type Relay } from "./relay-options.ts";
import type { Result } from "./result.ts";

/** What is wrong with the configuration: never a value, since it may be a secret. */
export interface ConfigProblem {
  /** The variable, secret or binding. */
  readonly name: string;
  readonly detail: string;
}

/** An address or a whole domain that mail may come from or go to. */
export interface Allowed {
  readonly addresses: ReadonlySet<string>;
  readonly domains: ReadonlySet<string>;
}

export interface Config {
  readonly relays: readonly [Relay, ...Relay[]];
  /** `direct`: answer after the relay's reply. `queue`: answer 202 at once. */
  readonly delivery: "direct" | "queue";
  /** What the queue does with a mail that may have been sent. */
  readonly unknown: "retry" | "fail";
  /** Absent: anybody. */
  readonly allowedSenders?: Allowed;
  readonly allowedRecipients?: Allowed;
  readonly logLevel: LogLevel;
}

type SettingName = Exclude<keyof Env, "MAIL_QUEUE">;

/** Port 25 is closed on Cloudflare's network (PORT 587 and 465 are for submission, RFC 8314 §3). */
const CLOSED_PORT = 25;

/** The configuration that sending needs, or all that is wrong with it. */
export async function readConfig(env: Env): Promise<Result<Config, readonly ConfigProblem[]>> {
  const problems: ConfigProblem[] = [];
  const relays = await readRelays(env, problems);
  const delivery = await readChoice(env, "DELIVERY", ["direct", "queue"], problems);
  const unknown = await readChoice(env, "UNKNOWN", ["retry", "fail"], problems);
  const logLevel = (await read(env, "LOG_LEVEL")) ?? "info";
  const allowedSenders = await readAllowed(env, "ALLOWED_SENDERS", problems);
  const allowedRecipients = await readAllowed(env, "ALLOWED_RECIPIENTS", problems);
  if (delivery === "queue" && env.MAIL_QUEUE === undefined) {
    const detail = "DELIVERY=queue needs the queue binding MAIL_QUEUE in wrangler.toml.";
    problems.push({ name: "MAIL_QUEUE", detail });
  }
  if (!isLogLevel(logLevel)) {
    problems.push({ name: "LOG_LEVEL", detail: "Use `debug`, `info`, `warn`, `error` or `none`." });
  }
  if (relays === undefined || !isLogLevel(logLevel) || problems.length > 0) {
    return { ok: false, problems };
  }
  return {
    ok: true,
    value: {
      relays,
      delivery: delivery ?? "direct",
      unknown: unknown ?? "retry",
      logLevel,
      ...(allowedSenders === undefined ? {} : { allowedSenders }),
      ...(allowedRecipients === undefined ? {} : { allowedRecipients }),
    },
  };
}

/** The bearer tokens, at least one; a problem where there is none, or a weak one. */
export async function readTokens(
  env: Env,
): Promise<Result<readonly string[], readonly ConfigProblem[]>> {
  const tokens = words((await read(env, "API_TOKENS")) ?? "");
  const name = "API_TOKENS";
  if (tokens.length === 0) {
    const detail =
      "Missing: nobody may send. Make one with `openssl rand -hex 32` and set it with `npx wrangler secret put API_TOKENS`; several are separated by commas.";
    return { ok: false, problems: [{ name, detail }] };
  }
  if (tokens.some((token) => token.length < MIN_TOKEN_LENGTH)) {
    const detail = `Each token must have at least ${MIN_TOKEN_LENGTH} characters, so that it cannot be guessed.`;
    return { ok: false, problems: [{ name, detail }] };
  }
  return { ok: true, value: tokens };
}

/** 16 hexadecimal digits are 64 bits. */
const MIN_TOKEN_LENGTH = 16;

async function readRelays(
  env: Env,
  problems: ConfigProblem[],
): Promise<Config["relays"] | undefined> {
  const list = await read(env, "RELAYS");
  const options = list === undefined ? await smtpOptions(env, problems) : jsonOf(list);
  if (options === undefined) {
    if (list !== undefined) {
      const detail =
        'Not JSON. It is a list of relays, as `[{ "host": "smtp.example.com", "username": "...", "password": "..." }]`.';
      problems.push({ name: "RELAYS", detail });
    }
    return undefined;
  }
  // Parsed, not trusted: parseRelays takes whatever the JSON holds and names what is wrong.
  const parsed = parseRelays(options as Parameters<typeof parseRelays>[0]);
  if (!parsed.ok) {
    for (const { pointer, detail } of parsed.problems) {
      problems.push({ name: list === undefined ? variableOf(pointer) : "RELAYS", detail });
    }
    return undefined;
  }
  for (const relay of parsed.value.filter(({ port }) => port === CLOSED_PORT)) {
    const detail = `${labelOf(relay)}: port 25 is closed on Cloudflare. Use 587 (STARTTLS) or 465 (TLS).`;
    problems.push({ name: list === undefined ? "SMTP_PORT" : "RELAYS", detail });
  }
  return parsed.value;
}

async function smtpOptions(env: Env, problems: ConfigProblem[]): Promise<object | undefined> {
  const host = await read(env, "SMTP_HOST");
  if (host === undefined) {
    const detail =
      "Missing: the name of your relay, as `smtp.example.com`. Set it under [vars] in wrangler.toml, or with `npx wrangler secret put SMTP_HOST`.";
    problems.push({ name: "SMTP_HOST", detail });
    return undefined;
  }
  const port = await read(env, "SMTP_PORT");
  return {
    host,
    port: port === undefined ? undefined : Number(port),
    security: await read(env, "SMTP_SECURITY"),
    username: await read(env, "SMTP_USERNAME"),
    password: await read(env, "SMTP_PASSWORD"),
    ehloName: await read(env, "SMTP_EHLO_NAME"),
  };
}

/** `/relay/ehloName` is SMTP_EHLO_NAME. */
function variableOf(pointer: string): string {
  const option = pointer.split("/").at(-1) ?? "";
  return `SMTP_${option.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

async function readChoice<T extends string>(
  env: Env,
  name: SettingName,
  choices: readonly T[],
  problems: ConfigProblem[],
): Promise<T | undefined> {
  const value = await read(env, name);
  const choice = choices.find((one) => one === value);
  if (value !== undefined && choice === undefined) {
    const list = choices.map((one) => `\`${one}\``).join(" or ");
    problems.push({ name, detail: `Use ${list}.` });
  }
  return choice;
}

async function readAllowed(
  env: Env,
  name: SettingName,
  problems: ConfigProblem[],
): Promise<Allowed | undefined> {
  const value = await read(env, name);
  if (value === undefined) return undefined;
  const addresses = new Set<string>();
  const domains = new Set<string>();
  for (const word of words(value)) {
    const isAddress = word.indexOf("@") > 0;
    const address = isAddress ? parseAddress(word) : undefined;
    const domain = isAddress ? undefined : parseDomain(word.replace(/^(?:\*?@)/, ""));
    if (address?.ok === true) addresses.add(addressOf(address.value));
    else if (domain?.ok === true) domains.add(domain.value);
    else problems.push({ name, detail: `Not an address or a domain: ${JSON.stringify(word)}.` });
  }
  return { addresses, domains };
}

async function read(env: Env, name: SettingName): Promise<string | undefined> {
  const setting = env[name];
  const value = typeof setting === "object" ? await setting.get() : setting;
  const text = value?.trim();
  return text === "" ? undefined : text;
}

function words(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
