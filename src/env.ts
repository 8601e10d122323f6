/** What a deployment may bind (wrangler.toml): variables, secrets, and bindings. All but none optional. */
import type { QueueBody } from "./queued-mail.ts";

/** A plain value, or a binding to the Secrets Store. */
export type Setting = string | { get(): Promise<string> };

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
  readonly MAIL_QUEUE?: Queue<QueueBody>;
}
