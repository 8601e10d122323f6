/** Where events are told to: WEBHOOK_URL, WEBHOOK_SECRET and WEBHOOK_EVENTS, or WEBHOOKS for several. */
import type { ConfigProblem } from "./config.ts";
import type { SettingName } from "./env.ts";
import { EVENT_TYPES, type EventType } from "./mail-event.ts";
import { decodeBase64 } from "./mail/base64.ts";
import { isRecord, readFields, readItems, readString } from "./mail/fields.ts";
import { invalid, valid, type Result } from "./result.ts";
import type { Problem } from "./smtp/outcome.ts";

export interface Webhook {
  readonly url: string;
  /** The key of the signatures (Standard Webhooks: what `whsec_` stands before, decoded). */
  readonly secret: Uint8Array;
  readonly events: ReadonlySet<EventType>;
}

const FIELDS = {
  known: ["url", "secret", "events"],
  aliases: {},
  unsupported: [],
  isSecret: true,
} as const;
const MAX_WEBHOOKS = 10;
/** Standard Webhooks: 24 to 64 octets. */
const SECRET_OCTETS = { least: 24, most: 64 };

/** The webhooks; none where nothing is set. */
export function parseWebhooks(
  settings: ReadonlyMap<SettingName, string>,
): Result<readonly Webhook[], readonly ConfigProblem[]> {
  const list = settings.get("WEBHOOKS");
  const url = settings.get("WEBHOOK_URL");
  if (list === undefined && url === undefined) return valid([]);
  if (list !== undefined) return named("WEBHOOKS", parseList(list));
  const events = (settings.get("WEBHOOK_EVENTS") ?? "").split(/[\s,]+/).filter((one) => one !== "");
  const secret = settings.get("WEBHOOK_SECRET") ?? "";
  return named("WEBHOOK_URL", parseItems([{ url, secret, events }]));
}

function named(
  name: SettingName,
  parsed: Result<readonly Webhook[], readonly Problem[]>,
): Result<readonly Webhook[], readonly ConfigProblem[]> {
  if (parsed.ok) return parsed;
  const isList = name === "WEBHOOKS";
  return invalid(
    parsed.problems.map(({ pointer, detail }) => {
      const [, index, member] = /^\/(\d+)(?:\/(\w+))?/.exec(pointer) ?? [];
      if (isList) {
        const which = index === undefined ? "" : `Webhook ${Number(index) + 1}: `;
        return { name, detail: `${which}${detail}` };
      }
      return { name: member === undefined ? name : `WEBHOOK_${member.toUpperCase()}`, detail };
    }),
  );
}

function parseList(text: string): Result<readonly Webhook[], readonly Problem[]> {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    list = undefined;
  }
  return Array.isArray(list) ? parseItems(list) : invalid([{ pointer: "", detail: NOT_JSON }]);
}

function parseItems(list: readonly unknown[]): Result<readonly Webhook[], readonly Problem[]> {
  const problems: Problem[] = [];
  const field = { name: "WEBHOOKS", pointer: "", value: list };
  const webhooks: Webhook[] = [];
  for (const { pointer, value } of readItems(field, MAX_WEBHOOKS, problems)) {
    if (!isRecord(value)) {
      problems.push({ pointer, detail: "It must be an object with `url` and `secret`." });
      continue;
    }
    const fields = readFields(value, FIELDS, { pointer, problems });
    const url = readString(fields.get("url"), problems) ?? "";
    const secret = secretOf(readString(fields.get("secret"), problems) ?? "");
    const events = readItems(fields.get("events"), 100, problems).map((item) => item.value);
    const known = EVENT_TYPES.filter((type) => events.includes(type));
    // An event in the queue finds its webhook, and so its secret, by a digest of the URL.
    if (webhooks.some((webhook) => webhook.url === url)) {
      problems.push({ pointer: `${pointer}/url`, detail: "This URL is there twice." });
    }
    if (!isAllowed(url)) problems.push({ pointer: `${pointer}/url`, detail: NO_URL });
    if (secret === undefined) problems.push({ pointer: `${pointer}/secret`, detail: NO_SECRET });
    if (known.length < new Set(events).size) {
      problems.push({ pointer: `${pointer}/events`, detail: NO_EVENT });
    }
    if (secret === undefined) continue;
    webhooks.push({ url, secret, events: new Set(events.length === 0 ? EVENT_TYPES : known) });
  }
  return problems.length === 0 ? valid(webhooks) : invalid(problems);
}

/** HTTPS; in the clear only to this very machine, for development. */
function isAllowed(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return false;
  const isLocal = hostname === "localhost" || hostname === "127.0.0.1";
  return protocol === "https:" || (protocol === "http:" && isLocal);
}

function secretOf(text: string): Uint8Array | undefined {
  if (!text.startsWith("whsec_")) return undefined;
  const octets = decodeBase64(text.slice("whsec_".length));
  if (!octets.ok) return undefined;
  const { length } = octets.value;
  return length >= SECRET_OCTETS.least && length <= SECRET_OCTETS.most ? octets.value : undefined;
}

const NOT_JSON =
  'Not a JSON list. It is like `[{ "url": "https://app.example.com/mail", "secret": "whsec_..." }]`.';
const NO_URL = "It must be an `https://` URL without user name and password.";
const NO_SECRET =
  "It must be `whsec_` and the base64 of 24 to 64 random octets: `echo whsec_$(openssl rand -base64 32)`.";
const NO_EVENT = `Events are ${EVENT_TYPES.join(", ")}.`;
