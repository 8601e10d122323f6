/** When a webhook that did not take an event gets it again: the schedule of Svix and of the Resend API. */

const MINUTE = 60;
const HOUR = 3600;

/** Seconds after the first attempt, the second ... */
const DELAYS_SECONDS = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR];
/** A queue takes no longer delay, and a webhook that asks for more is heard again after that. */
const MOST_SECONDS = 24 * HOUR;
/** Standard Webhooks has senders slow down for these: too many requests, and gateways in trouble. */
const SLOW: ReadonlySet<number> = new Set([429, 502, 504]);
const SLOW_SECONDS = MINUTE;

/** How a webhook answered; undefined where it did not. */
export interface HookAnswer {
  readonly status: number;
  readonly retryAfter?: string | undefined;
}

/** Seconds until the next attempt; undefined where there is none. */
export function nextDelay(
  attempts: number,
  answer: HookAnswer | undefined,
  nowMs: number,
): number | undefined {
  const usual = DELAYS_SECONDS[attempts - 1];
  // 410 Gone: the receiver wants no more of it.
  if (usual === undefined || answer?.status === 410) return undefined;
  const slow = answer !== undefined && SLOW.has(answer.status) ? SLOW_SECONDS : 0;
  const asked = readRetryAfter(answer?.retryAfter, nowMs) ?? 0;
  return Math.min(Math.max(usual, slow, asked), MOST_SECONDS);
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
function readRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  // `Date.parse` alone would take many things that are no date of HTTP.
  const at = /^[A-Z][a-z]{2,8},? .+ GMT$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - nowMs) / 1000));
}
