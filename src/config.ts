/**
 * Env to Config, read once per event: every problem is reported, all together, by the name of the
 * variable and with the value that would be right. The only file that sees secrets.
 */
import { parseAllowed, type Allowed } from "./allowed.ts";
import { DKIM_NAMES, readDkimKeys } from "./dkim-config.ts";
import type { Env, SettingName } from "./env.ts";
import { LOG_LEVELS, type LogLevel } from "./log.ts";
import type { DkimKeyOptions } from "./mail/dkim/key.ts";
import { parseRelays } from "./mailer.ts";
import type { Relay } from "./relay-options.ts";
import type { Result } from "./result.ts";
import {
  parseOrigins,
  readServiceSettings,
  SERVICE_NAMES,
  type ServiceSettings,
} from "./service-config.ts";
import { readSessionSettings, SESSION_NAMES, type SessionSettings } from "./session-config.ts";
import { parseTokens, type Token } from "./tokens.ts";

/** What is wrong with the configuration: never a value, since it may be a secret. */
export interface ConfigProblem {
  /** The variable, secret or binding. */
  readonly name: string;
  readonly detail: string;
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
  /** Empty where nothing is signed. */
  readonly dkim: readonly DkimKeyOptions[];
  readonly sessions: SessionSettings;
  readonly service: ServiceSettings;
  readonly logLevel: LogLevel;
}

/** RFC 8314 §3 has mail submitted on 587 and 465; Cloudflare's network lets nothing out to 25. */
const CLOSED_PORT = 25;

/** The configuration that sending needs, or all that is wrong with it. Never rejects. */
export async function readConfig(env: Env): Promise<Result<Config, readonly ConfigProblem[]>> {
  const settings = await readSettings(env, CONFIG_NAMES);
  if (!settings.ok) return settings;
  const reader = new ConfigReader(settings.value);
  const config = reader.config({
    hasQueue: env.MAIL_QUEUE !== undefined,
    hasEventQueue: env.EVENT_QUEUE !== undefined,
  });
  return config === undefined || reader.problems.length > 0
    ? { ok: false, problems: reader.problems }
    : { ok: true, value: config };
}

/** The bearer tokens, at least one; a problem where there is none, or a weak one. Never rejects. */
export async function readTokens(
  env: Env,
): Promise<Result<readonly Token[], readonly ConfigProblem[]>> {
  const name = "API_TOKENS";
  const settings = await readSettings(env, [name]);
  if (!settings.ok) return settings;
  const tokens = parseTokens(settings.value.get(name) ?? "");
  if (tokens.ok) return tokens;
  return { ok: false, problems: tokens.problems.map((detail) => ({ name, detail })) };
}

/** The origins whose pages may call; none where the setting is missing or wrong. Never rejects. */
export async function readCorsOrigins(env: Env): Promise<readonly string[]> {
  const name = "CORS_ORIGINS";
  const settings = await readSettings(env, [name]);
  if (!settings.ok) return [];
  const origins = parseOrigins(settings.value.get(name) ?? "");
  return origins.ok ? origins.value : [];
}

const CONFIG_NAMES = [
  "SMTP_HOST",
  "SMTP_PORT",
  "SMTP_SECURITY",
  "SMTP_USERNAME",
  "SMTP_PASSWORD",
  "SMTP_EHLO_NAME",
  "RELAYS",
  "DELIVERY",
  "UNKNOWN",
  "ALLOWED_SENDERS",
  "ALLOWED_RECIPIENTS",
  "LOG_LEVEL",
  ...DKIM_NAMES,
  ...SESSION_NAMES,
  ...SERVICE_NAMES,
] as const satisfies readonly SettingName[];

/** Settings that are given and not empty, as text. */
type Settings = ReadonlyMap<SettingName, string>;

/** The bindings that settings depend on. */
interface Bound {
  readonly hasQueue: boolean;
  readonly hasEventQueue: boolean;
}

class ConfigReader {
  readonly problems: ConfigProblem[] = [];
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** The configuration; of no use where there are `problems`. */
  config({ hasQueue, hasEventQueue }: Bound): Config | undefined {
    const relays = this.#settings.has("RELAYS") ? this.#relayList() : this.#oneRelay();
    const delivery = this.#choice("DELIVERY", ["direct", "queue"]);
    const unknown = this.#choice("UNKNOWN", ["retry", "fail"]);
    const logLevel = this.#choice("LOG_LEVEL", LOG_LEVELS);
    const allowedSenders = this.#allowed("ALLOWED_SENDERS");
    const allowedRecipients = this.#allowed("ALLOWED_RECIPIENTS");
    if (delivery === "queue" && !hasQueue) {
      const detail = "DELIVERY=queue needs the queue binding MAIL_QUEUE in wrangler.toml.";
      this.#problem("MAIL_QUEUE", detail);
    }
    const dkim = readDkimKeys(this.#settings);
    if (!dkim.ok) this.problems.push(...dkim.problems);
    const sessions = readSessionSettings(this.#settings);
    if (!sessions.ok) this.problems.push(...sessions.problems);
    const service = readServiceSettings(this.#settings);
    if (!service.ok) this.problems.push(...service.problems);
    else if (service.value.webhooks.length > 0 && !hasEventQueue) {
      this.#problem("EVENT_QUEUE", "Webhooks need the queue binding EVENT_QUEUE in wrangler.toml.");
    }
    if (relays === undefined || !dkim.ok || !sessions.ok || !service.ok) return undefined;
    return {
      relays,
      delivery: delivery ?? "direct",
      unknown: unknown ?? "retry",
      dkim: dkim.value,
      sessions: sessions.value,
      service: service.value,
      logLevel: logLevel ?? "info",
      ...(allowedSenders === undefined ? {} : { allowedSenders }),
      ...(allowedRecipients === undefined ? {} : { allowedRecipients }),
    };
  }

  #oneRelay(): Config["relays"] | undefined {
    const settings = this.#settings;
    const port = settings.get("SMTP_PORT");
    const parsed = parsedRelays({
      host: settings.get("SMTP_HOST"),
      // Number() alone would take "0x24b" and "5e2".
      port: port === undefined || !/^\d+$/.test(port) ? port : Number(port),
      security: settings.get("SMTP_SECURITY"),
      username: settings.get("SMTP_USERNAME"),
      password: settings.get("SMTP_PASSWORD"),
      ehloName: settings.get("SMTP_EHLO_NAME"),
    });
    if (parsed.ok) {
      if (parsed.value[0].port === CLOSED_PORT) this.#problem("SMTP_PORT", PORT_CLOSED);
      return parsed.value;
    }
    for (const { pointer, detail } of parsed.problems) {
      const name = variableOf(pointer.split("/").at(-1) ?? "");
      const isMissing = name === "SMTP_HOST" && !settings.has(name);
      this.#problem(name, isMissing ? NO_HOST : inVariables(detail));
    }
    return undefined;
  }

  #relayList(): Config["relays"] | undefined {
    const list = jsonOf(this.#settings.get("RELAYS") ?? "");
    if (list === undefined) {
      this.#problem("RELAYS", NOT_JSON);
      return undefined;
    }
    const parsed = parsedRelays(list);
    if (!parsed.ok) {
      for (const { pointer, detail } of parsed.problems) {
        const index = /^\/relay\/(\d+)/.exec(pointer)?.[1];
        const which = index === undefined ? "" : `Relay ${Number(index) + 1}: `;
        this.#problem("RELAYS", `${which}${detail}`);
      }
      return undefined;
    }
    for (const [index, { port }] of parsed.value.entries()) {
      if (port === CLOSED_PORT) this.#problem("RELAYS", `Relay ${index + 1}: ${PORT_CLOSED}`);
    }
    return parsed.value;
  }

  #choice<T extends string>(name: SettingName, choices: readonly T[]): T | undefined {
    const value = this.#settings.get(name);
    const choice = choices.find((one) => one === value);
    if (value !== undefined && choice === undefined) {
      this.#problem(name, `Use ${choices.map((one) => `\`${one}\``).join(" or ")}.`);
    }
    return choice;
  }

  #allowed(name: SettingName): Allowed | undefined {
    const value = this.#settings.get(name);
    if (value === undefined) return undefined;
    const allowed = parseAllowed(words(value));
    if (allowed.ok) return allowed.value;
    for (const detail of allowed.problems) this.#problem(name, detail);
    return undefined;
  }

  #problem(name: string, detail: string): void {
    this.problems.push({ name, detail });
  }
}

const PORT_CLOSED = "Port 25 is closed on Cloudflare. Use 587 (STARTTLS) or 465 (TLS).";

const NO_HOST =
  "Missing: the name of your relay, as `smtp.example.com`. Set it under [vars] in wrangler.toml, or with `npx wrangler secret put SMTP_HOST`.";

const NOT_JSON =
  'Not JSON. It is a list of relays, as `[{ "host": "smtp.example.com", "username": "...", "password": "..." }]`.';

/** Parsed, not trusted: parseRelays takes whatever there is and names what is wrong. */
function parsedRelays(input: unknown): ReturnType<typeof parseRelays> {
  return parseRelays(input as Parameters<typeof parseRelays>[0]);
}

/** `ehloName` is SMTP_EHLO_NAME. */
function variableOf(option: string): string {
  return `SMTP_${option.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** A sentence about options of a relay, with the variables that stand for them here. */
function inVariables(detail: string): string {
  return detail.replaceAll(
    /`(host|port|security|username|password|ehloName)`/g,
    (_, option: string) => `\`${variableOf(option)}\``,
  );
}

/** The text of each setting that is given. One that cannot be read leaves nothing to judge. */
async function readSettings(
  env: Env,
  names: readonly SettingName[],
): Promise<Result<Settings, readonly ConfigProblem[]>> {
  const settings = new Map<SettingName, string>();
  const problems: ConfigProblem[] = [];
  for (const name of names) {
    try {
      const text = textOf(name, await valueOf(env[name]));
      if (text !== "") settings.set(name, text);
    } catch {
      const detail = "The binding does not give its value. Does the secret exist in its store?";
      problems.push({ name, detail });
    }
  }
  return problems.length === 0 ? { ok: true, value: settings } : { ok: false, problems };
}

/** A binding to the Secrets Store is asked; anything else is the value. */
async function valueOf(setting: unknown): Promise<unknown> {
  if (typeof setting !== "object" || setting === null) return setting;
  return "get" in setting && typeof setting.get === "function" ? setting.get() : setting;
}

function textOf(name: SettingName, value: unknown): string {
  if (value === undefined || value === null) return "";
  // A list of words is one of wrangler.toml; a list of tables is what would be JSON in a secret.
  const isList = Array.isArray(value) && value.every((one) => typeof one !== "object");
  const isJson = name === "RELAYS" || name === "DKIM_KEYS" || name === "WEBHOOKS";
  if (isList && !isJson) return value.join(",");
  return typeof value === "string" ? value.trim() : JSON.stringify(value);
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
