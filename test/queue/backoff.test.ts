/** How long a mail waits for its next attempt. */
import { describe, expect, it } from "vitest";

import { delayOf, secondsUntil } from "../../src/queue/backoff.ts";
import type { Reply } from "../../src/smtp/reply.ts";

/** The least of what chance adds nothing to, and the most of what it adds to. */
function expectAbout(actual: number, least: number): void {
  expect(actual).toBeGreaterThanOrEqual(least);
  expect(actual).toBeLessThanOrEqual(Math.min(Math.round(least * 1.25), 86_400));
  expect(Number.isInteger(actual)).toBe(true);
}

function reply(code: number, line: string): Reply {
  const enhanced = /^\d\.\d+\.\d+/.exec(line)?.[0];
  return { code, lines: [line], ...(enhanced === undefined ? {} : { enhanced }) };
}

describe("the delay", () => {
  it.each([
    [0, 30],
    [1, 30],
    [2, 60],
    [6, 960],
    [10, 15_360],
    [11, 21_600],
    [100, 21_600],
    [Number.MAX_SAFE_INTEGER, 21_600],
  ])("after %i attempts is about %i seconds", (attempts, least) => {
    for (let times = 0; times < 50; times += 1) expectAbout(delayOf(attempts), least);
  });

  it.each([
    [451, "4.7.1 Greylisted", 330],
    [450, "4.2.0 <bob@example.org>: Recipient address rejected: Greylisted", 330],
    [450, "Graylisted, come back later", 330],
    [451, "grey-listing in force", 330],
    [421, "greylisted", 30],
    [452, "4.2.2 Mailbox full", 3600],
    [452, "4.3.1 Insufficient system storage", 900],
    [421, "4.7.28 Too many mails", 900],
    [451, "4.2.1 Mailbox busy", 30],
    [451, "4.7.1 Please try again in 10 minutes", 600],
    [450, "Greylisted for 400s", 400],
    [450, "retry after 2 hours", 7200],
    [450, "retry after 5 seconds", 30],
    [450, "retry after 99999 hours", 86_400],
    [450, "retry after -5 seconds", 30],
    [450, "retry after 1e5 seconds", 30],
    [450, "retry after never", 30],
    [550, "5.7.1 retry after 3000 seconds", 30],
    [535, "4.2.2 of another class", 30],
  ])("after %i %s", (code, line, least) => {
    expectAbout(delayOf(1, [reply(code, line)]), least);
  });

  it("is never shorter for what a relay says", () => {
    expectAbout(delayOf(10, [reply(450, "4.7.1 retry after 60 seconds")]), 15_360);
  });

  it("is that of the recipient who may be taken first", () => {
    const replies = [reply(452, "4.2.2 full"), reply(450, "4.7.1 Greylisted")];
    expectAbout(delayOf(1, replies), 330);
  });
});

it.each([
  [1000, 0, 1],
  [1001, 0, 2],
  [0, 0, 0],
  [0, 1000, 0],
  [1e12, 0, 86_400],
])("seconds until %i from %i are %i, as a queue takes them", (thenMs, nowMs, seconds) => {
  expect(secondsUntil(thenMs, nowMs)).toBe(seconds);
});
