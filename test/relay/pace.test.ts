/** How fast mails may go: by time alone, which is an argument. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { MAX_PACE_WAIT_MS, Pace, type PaceLimit } from "../../src/relay/pace.ts";

const SECOND = 1000;
const MINUTE = 60_000;

describe("the pace", () => {
  it("has no wait where there is no limit", () => {
    const pace = new Pace();
    expect(Array.from({ length: 1000 }, () => pace.reserve([], 0))).toStrictEqual(
      Array(1000).fill(0),
    );
  });

  it("lets as many begin at once as there may be, and the next after the first is that long ago", () => {
    const pace = new Pace();
    const limits = [{ mails: 2, perMs: SECOND }];
    const waits = [0, 0, 0, 400, 400].map((nowMs) => pace.reserve(limits, nowMs));
    expect(waits).toStrictEqual([0, 0, 1000, 600, 1600]);
    expect(pace.reserve(limits, 10_000)).toBe(0);
  });

  it("turns away what would wait too long, without a place", () => {
    const pace = new Pace();
    const limits = [{ mails: 1, perMs: MINUTE }];
    expect(pace.reserve(limits, 0)).toBe(0);
    expect(pace.reserve(limits, MINUTE - MAX_PACE_WAIT_MS - 1)).toBeUndefined();
    expect(pace.reserve(limits, MINUTE - MAX_PACE_WAIT_MS)).toBe(MAX_PACE_WAIT_MS);
    expect(pace.reserve(limits, MINUTE - 1)).toBeUndefined();
  });

  const limit = (perMs: number): fc.Arbitrary<PaceLimit> =>
    fc.record({ mails: fc.integer({ min: 1, max: 20 }), perMs: fc.constant(perMs) });

  it("keeps every limit in every window, in order", () => {
    const limits = fc.tuple(limit(SECOND), limit(MINUTE));
    const pauses = fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 200 });
    fc.assert(
      fc.property(limits, pauses, (both, gaps) => {
        const pace = new Pace();
        const begun: number[] = [];
        let nowMs = 0;
        for (const gap of gaps) {
          nowMs += gap;
          const waitMs = pace.reserve(both, nowMs);
          if (waitMs !== undefined) begun.push(nowMs + waitMs);
        }
        expect(begun).toStrictEqual(begun.toSorted((a, b) => a - b));
        for (const { mails, perMs } of both) {
          for (const [index, at] of begun.entries()) {
            const later = begun[index + mails];
            if (later !== undefined) expect(later - at).toBeGreaterThanOrEqual(perMs);
          }
        }
      }),
    );
  });
});
