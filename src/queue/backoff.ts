/**
 * How long a mail waits for its next attempt: exponential, never sooner than the relay asks for, and never
 * longer than a queue takes.
 */
import type { Reply } from "../smtp/reply.ts";

/**
 * The first retry comes after about this long unless RETRY_SECONDS says otherwise, each later one after twice
 * as long ...
 */
export const FIRST_DELAY_SECONDS = 30;
/** ... up to this: relays that defer for greylisting or quota relent within hours. */
const USUAL_MOST_SECONDS = 6 * 3600;
/** A queue takes no longer delay. */
const MOST_SECONDS = 86_400;

/** What an enhanced code of a 4yz says about the time that it takes to pass. */
const LEAST_SECONDS: ReadonlyMap<string, number> = new Map([
  // Greylisting: Postgrey and others take an attempt that comes 5 minutes after the first.
  ["4.2.0", 330],
  ["4.7.0", 330],
  ["4.7.1", 330],
  // Too many mails in too short a time (Gmail).
  ["4.7.28", 900],
  // The disk of the relay is full, for all of its users.
  ["4.3.1", 900],
  // The mailbox is full: somebody has to tidy it.
  ["4.2.2", 3600],
]);

const GREYLISTED_SECONDS = 330;

/**
 * Seconds until the attempt that follows so many, with up to a quarter more by chance, so that a burst
 * does not come back as one. `replies` are those that deferred it: the one that passes first counts.
 */
export function delayOf(
  attempts: number,
  replies: readonly Reply[] = [],
  firstSeconds: number = FIRST_DELAY_SECONDS,
): number {
  const doubled = firstSeconds * 2 ** Math.min(Math.max(attempts, 1) - 1, 16);
  const asked = replies.length === 0 ? 0 : Math.min(...replies.map(askedSeconds));
  const least = Math.max(Math.min(doubled, USUAL_MOST_SECONDS), asked);
  return Math.min(Math.round(least * (1 + Math.random() / 4)), MOST_SECONDS);
}

/** Seconds until then, as a queue takes them. */
export function secondsUntil(thenMs: number, nowMs: number): number {
  return Math.min(Math.max(Math.ceil((thenMs - nowMs) / 1000), 0), MOST_SECONDS);
}

/** The time that the reply asks for; 0 where it does not. */
function askedSeconds({ code, enhanced, lines }: Reply): number {
  if (code < 400 || code > 499) return 0;
  const text = lines.join(" ");
  const [, count, unit = "s"] = AFTER.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (UNIT_SECONDS.get(unit[0] ?? "s") ?? 1);
  const isGreylisted = (code === 450 || code === 451) && /gr[ae]y-?list/i.test(text);
  return LEAST_SECONDS.get(enhanced ?? "") ?? (isGreylisted ? GREYLISTED_SECONDS : 0);
}

/** `retry after 300 seconds`, `try again in 5 minutes`, `Greylisted for 300s`: plain, or not at all. */
const AFTER =
  /\b(?:retry|try again|greylisted|come back) (?:after|in|for) (\d{1,5}) ?(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:ours?)?)\b/i;

const UNIT_SECONDS: ReadonlyMap<string, number> = new Map([
  ["s", 1],
  ["m", 60],
  ["h", 3600],
]);
