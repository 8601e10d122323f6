/** What a deployment may bind (wrangler.toml): variables, secrets, and bindings. All but none optional. */
import type {
  AnalyticsEngineDataset,
  D1Database,
  Queue,
  R2Bucket,
  RateLimit,
} from "@cloudflare/workers-types";

import type { QueuedEvent } from "./queued-event.ts";
import type { QueueBody } from "./queued-mail.ts";
import type { RelaySessionsBinding } from "./relay/job.ts";

/**
 * A text, or what else wrangler.toml can hold under [vars] (`SMTP_PORT = 587`, a list, a table), or a
 * binding to the Secrets Store, which has a method `get`.
 */
export type Setting = string | number | boolean | object;

export interface Env {
  readonly SMTP_HOST?: Setting;
  readonly SMTP_PORT?: Setting;
  readonly SMTP_SECURITY?: Setting;
  readonly SMTP_USERNAME?: Setting;
  readonly SMTP_PASSWORD?: Setting;
  readonly SMTP_EHLO_NAME?: Setting;
  /** JSON: a list of relays to be tried in order, in place of SMTP_*. */
  readonly RELAYS?: Setting;
  readonly API_TOKENS?: Setting;
  readonly DELIVERY?: Setting;
  readonly UNKNOWN?: Setting;
  readonly ALLOWED_SENDERS?: Setting;
  readonly ALLOWED_RECIPIENTS?: Setting;
  readonly LOG_LEVEL?: Setting;
  readonly DKIM_DOMAIN?: Setting;
  /** One name for each key in DKIM_PRIVATE_KEY, in the same order. */
  readonly DKIM_SELECTOR?: Setting;
  /** PKCS#8 as PEM, one key or an RSA and an Ed25519 one. */
  readonly DKIM_PRIVATE_KEY?: Setting;
  /** JSON: a list of keys, for several domains, in place of DKIM_*. */
  readonly DKIM_KEYS?: Setting;
  readonly RELAY_SHARDS?: Setting;
  readonly RELAY_MAX_SESSIONS?: Setting;
  readonly RELAY_MAILS_PER_SESSION?: Setting;
  readonly RELAY_IDLE_SECONDS?: Setting;
  readonly RELAY_SESSION_SECONDS?: Setting;
  readonly RELAY_MAILS_PER_SECOND?: Setting;
  readonly RELAY_MAILS_PER_MINUTE?: Setting;
  /** What the journal keeps of a mail: `all`, `headers` or `none`. */
  readonly JOURNAL_DETAIL?: Setting;
  readonly RETENTION_DAYS?: Setting;
  readonly ATTEMPT_SECONDS?: Setting;
  readonly RETRY_SECONDS?: Setting;
  readonly QUEUE_SECONDS?: Setting;
  readonly DEAD_LETTER_QUEUE?: Setting;
  readonly CORS_ORIGINS?: Setting;
  readonly RATE_LIMIT?: Setting;
  /** Gets every mail, in place of its recipients. */
  readonly STAGING_RECIPIENT?: Setting;
  readonly SANDBOX?: Setting;
  readonly SUPPRESS_REFUSED?: Setting;
  readonly WEBHOOK_URL?: Setting;
  /** `whsec_...` (Standard Webhooks). */
  readonly WEBHOOK_SECRET?: Setting;
  readonly WEBHOOK_EVENTS?: Setting;
  /** JSON: a list of `{ url, secret, events? }`, in place of WEBHOOK_*. */
  readonly WEBHOOKS?: Setting;
  readonly MAIL_QUEUE?: Queue<QueueBody>;
  /** What webhooks are told waits here. */
  readonly EVENT_QUEUE?: Queue<QueuedEvent>;
  /** The database of the journal, of idempotency keys and of suppressed addresses. */
  readonly JOURNAL?: D1Database;
  readonly RATE_LIMITER?: RateLimit;
  readonly METRICS?: AnalyticsEngineDataset;
  /** Where attachments stand that a mail refers to by `r2Key`. */
  readonly SPOOL?: R2Bucket;
  /** The Durable Objects that keep sessions to the relays. */
  readonly RELAY_SESSIONS?: RelaySessionsBinding;
}

type BindingName =
  | "MAIL_QUEUE"
  | "EVENT_QUEUE"
  | "JOURNAL"
  | "SPOOL"
  | "RELAY_SESSIONS"
  | "RATE_LIMITER"
  | "METRICS";

export type SettingName = Exclude<keyof Env, BindingName>;
