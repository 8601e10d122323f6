/** Lives of a mail as properties: whoever does whatever in whatever order, at whatever time. */
import * as fc from "fast-check";
import { expect, it } from "vitest";

import { isFinal } from "../../../src/store/journal.ts";
import type { MailStatus } from "../../../src/store/journal.ts";
import { admitted, begin, bodyOf, event, journal, MINUTE, NOW } from "./samples.ts";

const LEASE_MS = 3 * MINUTE;

const step = fc.record({
  waitMs: fc.integer({ min: 0, max: 2 * MINUTE }),
  deed: fc.constantFrom("begin", "begin", "settle", "take", "end", "cancel", "reschedule"),
  /** Which of the turns or attempts so far: the newest, or one before. */
  back: fc.integer({ min: 0, max: 2 }),
  outcome: fc.constantFrom<MailStatus>("accepted", "deferred", "deferred", "refused"),
});

interface Attempt {
  readonly turn: number;
  readonly attempt: number;
  readonly untilMs: number;
  hasEnded: boolean;
}

it("has one attempt at a time, ends once, and owes its body until then", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<MailStatus>("queued", "scheduled"),
      fc.array(step, { minLength: 5, maxLength: 25 }),
      async (status, steps) => {
        const { id } = await admitted({ status, scheduledAtMs: NOW + MINUTE, checkAtMs: NOW });
        const turns = [0];
        const attempts: Attempt[] = [];
        let final: MailStatus | undefined;
        let nowMs = NOW;
        for (const { waitMs, deed, back, outcome } of steps) {
          nowMs += waitMs;
          if (deed === "begin") {
            const turn = turns.at(-1 - back) ?? 0;
            const begun = await begin(id, { turn, nowMs, leaseMs: LEASE_MS });
            if (begun.kind === "begun") {
              expect(final).toBeUndefined();
              expect(turn).toBe(turns.at(-1));
              expect(begun.body).toBeDefined();
              const before = attempts.at(-1);
              const isOver = before === undefined || before.hasEnded || before.untilMs <= nowMs;
              expect(isOver).toBe(true);
              expect(begun.isInDoubt).toBe(before !== undefined && !before.hasEnded);
              const attempt = begun.mail.attempts;
              expect(attempt).toBe(attempts.length + 1);
              attempts.push({ turn, attempt, untilMs: nowMs + LEASE_MS, hasEnded: false });
            }
          } else if (deed === "settle") {
            const of = attempts.at(-1 - back);
            if (of === undefined) continue;
            const { turn, attempt } = of;
            const events = [event("attempt", nowMs)];
            const checkAtMs = nowMs + MINUTE;
            const before = (await journal.events(id)).length;
            const settled = { id, turn, attempt, status: outcome, checkAtMs, events };
            const known = await journal.settle([{ ...settled, isAsked: true }]);
            const counts = (await journal.events(id)).length > before;
            expect(known.has(id)).toBe(counts);
            // An attempt that left the mail waiting may be followed by word that it is given up.
            expect(counts).toBe(
              final === undefined && of === attempts.at(-1) && turn === turns.at(-1),
            );
            if (!counts) continue;
            of.hasEnded = true;
            if (isFinal(outcome)) final = outcome;
          } else if (deed === "take") {
            const taken = await journal.takeDue({
              nowMs,
              untilMs: nowMs,
              checkAtMs: nowMs + MINUTE,
              limit: 1000,
            });
            for (const due of taken) if (due.id === id) turns.push(due.turn);
          } else if (deed === "end") {
            const ended = await journal.endInterrupted({ nowMs, limit: 1000 });
            expect(ended.map((mail) => mail.id)).not.toContain(id);
          } else {
            const time = { nowMs, scheduledAtMs: nowMs + MINUTE, checkAtMs: nowMs };
            const change =
              deed === "cancel" ? journal.cancel(id, nowMs) : journal.reschedule(id, time);
            if ((await change) !== "done") continue;
            expect([attempts.length, final]).toStrictEqual([0, undefined]);
            turns.push((turns.at(-1) ?? 0) + 1);
            if (deed === "cancel") final = "canceled";
          }
          const found = await journal.mail(id);
          if (final !== undefined) expect(found?.status).toBe(final);
          expect((await bodyOf(id)) === null).toBe(final !== undefined);
        }
      },
    ),
    { numRuns: 60 },
  );
});
