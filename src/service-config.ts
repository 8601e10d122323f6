/** What a deployment says about the service around sending: its journal, guards, webhooks and doors. */
import type { ConfigProblem } from "./config.ts";
import type { SettingName } from "./env.ts";
import { addressOf, parseAddress } from "./mail/mailbox.ts";
import { invalid, valid, type Result } from "./result.ts";
import { parseWebhooks, type Webhook } from "./webhook-config.ts";

export interface ServiceSettings {
  /** What the journal keeps of a mail: all of it but files; its addresses, subject and tags; or nothing. */
  readonly journalDetail: "all" | "headers" | "none";
  /** How long a settled mail stays in the journal. */
  readonly retentionMs: number;
  /** After this an attempt that did not end is taken for dead. */
  readonly attemptMs: number;
  /** The first retry comes after about this long; each later one after twice as long. */
  readonly retryMs: number;
  /** A mail that the queue has not brought back after this is put into it anew, from the journal. */
  readonly queueMs: number;
  /** The name of the queue to which the platform moves what has been tried often enough. */
  readonly deadLetterQueue: string;
  /** Origins of pages that may call; none where empty. */
  readonly corsOrigins: readonly string[];
  /** What the binding RATE_LIMITER is set to, for the header fields that tell of it. */
  readonly rateLimit?: { readonly requests: number; readonly seconds: number };
  /** Gets every mail, in place of its recipients. */
  readonly stagingRecipient?: string;
  /** Mails are composed and journalled, and given to no relay. */
  readonly sandbox: boolean;
  /** An address that a relay says does not exist is not written to again. */
  readonly suppressRefused: boolean;
  readonly webhooks: readonly Webhook[];
}

export const SERVICE_NAMES: readonly SettingName[] = [
  "JOURNAL_DETAIL",
  "RETENTION_DAYS",
  "ATTEMPT_SECONDS",
  "RETRY_SECONDS",
  "QUEUE_SECONDS",
  "DEAD_LETTER_QUEUE",
  "CORS_ORIGINS",
  "RATE_LIMIT",
  "STAGING_RECIPIENT",
  "SANDBOX",
  "SUPPRESS_REFUSED",
  "WEBHOOK_URL",
  "WEBHOOK_SECRET",
  "WEBHOOK_EVENTS",
  "WEBHOOKS",
];

const DAY_MS = 86_400_000;

/** The settings, or each that is wrong. */
export function readServiceSettings(
  settings: ReadonlyMap<SettingName, string>,
): Result<ServiceSettings, readonly ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  const say = (name: SettingName, detail: string): number => problems.push({ name, detail });
  const read: Reading = { settings, say };
  const webhooks = parseWebhooks(settings);
  if (!webhooks.ok) problems.push(...webhooks.problems);
  const rateLimit = readRate(read);
  const stagingRecipient = readStaging(read);
  const value: ServiceSettings = {
    journalDetail: readChoice(read, "JOURNAL_DETAIL", ["headers", "all", "none"]),
    retentionMs: readWhole(read, "RETENTION_DAYS", { least: 1, most: 3650, usual: 30 }) * DAY_MS,
    // More than a mail can take: the platform ends a consumer after 15 minutes.
    attemptMs: readWhole(read, "ATTEMPT_SECONDS", { least: 5, most: 3600, usual: 900 }) * 1000,
    retryMs: readWhole(read, "RETRY_SECONDS", { least: 1, most: 3600, usual: 30 }) * 1000,
    queueMs: readWhole(read, "QUEUE_SECONDS", { least: 10, most: 86_400, usual: 3600 }) * 1000,
    deadLetterQueue: settings.get("DEAD_LETTER_QUEUE") ?? "postrider-dead",
    corsOrigins: readOrigins(read),
    ...(rateLimit === undefined ? {} : { rateLimit }),
    ...(stagingRecipient === undefined ? {} : { stagingRecipient }),
    sandbox: readChoice(read, "SANDBOX", ["off", "on"]) === "on",
    suppressRefused: readChoice(read, "SUPPRESS_REFUSED", ["on", "off"]) === "on",
    webhooks: webhooks.ok ? webhooks.value : [],
  };
  return problems.length === 0 ? valid(value) : invalid(problems);
}

/** Origins as browsers write them, or `*`; or a sentence about each entry that is none. */
export function parseOrigins(text: string): Result<readonly string[], readonly string[]> {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  const problems = words.flatMap((word, index) =>
    word === "*" || originOf(word) === word
      ? []
      : [`Entry ${index + 1} is no origin, as \`https://app.example.com\`.`],
  );
  return problems.length === 0 ? valid(words) : invalid(problems);
}

interface Reading {
  readonly settings: ReadonlyMap<SettingName, string>;
  readonly say: (name: SettingName, detail: string) => unknown;
}

/** The first choice is the usual one. */
function readChoice<T extends string>(
  { settings, say }: Reading,
  name: SettingName,
  choices: readonly [T, ...T[]],
): T {
  const value = settings.get(name);
  const choice = choices.find((one) => one === value);
  if (value !== undefined && choice === undefined) {
    say(name, `Use ${choices.map((one) => `\`${one}\``).join(" or ")}.`);
  }
  return choice ?? choices[0];
}

function readWhole(
  { settings, say }: Reading,
  name: SettingName,
  { least, most, usual }: { readonly least: number; readonly most: number; readonly usual: number },
): number {
  const text = settings.get(name);
  if (text === undefined) return usual;
  // Number() alone would take "0x5" and "1e2".
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  say(name, `Use a whole number from ${least} to ${most}.`);
  return usual;
}

function readOrigins({ settings, say }: Reading): readonly string[] {
  const origins = parseOrigins(settings.get("CORS_ORIGINS") ?? "");
  if (origins.ok) return origins.value;
  for (const detail of origins.problems) say("CORS_ORIGINS", detail);
  return [];
}

/** A star within a name would match nothing, and look as if it did. */
function originOf(word: string): string | undefined {
  return !word.includes("*") && URL.canParse(word) ? new URL(word).origin : undefined;
}

/** `100/60`: so many requests in so many seconds. */
function readRate({ settings, say }: Reading): ServiceSettings["rateLimit"] {
  const text = settings.get("RATE_LIMIT");
  if (text === undefined) return undefined;
  const [, requests, seconds] = /^([1-9]\d{0,8})\s*\/\s*(10|60)s?$/.exec(text) ?? [];
  if (requests !== undefined && seconds !== undefined) {
    return { requests: Number(requests), seconds: Number(seconds) };
  }
  say("RATE_LIMIT", "Say what RATE_LIMITER is set to, as `100/60`: limit and period, 10 or 60 s.");
  return undefined;
}

function readStaging({ settings, say }: Reading): string | undefined {
  const text = settings.get("STAGING_RECIPIENT");
  if (text === undefined) return undefined;
  const address = parseAddress(text);
  if (address.ok) return addressOf(address.value);
  say("STAGING_RECIPIENT", "It is no address, as `dev@example.com`.");
  return undefined;
}
