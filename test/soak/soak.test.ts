/** The soak, short enough to run with every change: `npm run soak` is the long one. */
import { describe, expect, it } from "vitest";

import { accountOf, type Entry } from "./ledger.ts";
import { runSoak } from "./run.ts";

const SOAK_MS = 8 * 60_000;

describe("the service", () => {
  it(
    "loses no mail and doubles none without a mark, though link, relay and Worker die",
    async () => {
      const said: string[] = [];
      const say = (line: string): number => said.push(line);
      const { lines, faults } = await runSoak({
        mails: 250,
        seed: 20_261_128,
        kills: 1,
        unknown: "retry",
        say,
      });
      expect(faults, said.join("\n")).toStrictEqual([]);
      const once = lines.find(([label]) => label === "delivered once")?.[1] ?? 0;
      expect(once).toBeGreaterThan(200);
    },
    SOAK_MS,
  );
});

/** An account that finds nothing would pass for a service that loses nothing. */
describe("the account", () => {
  const entry = (more: Partial<Entry["told"]>, status: string, copies: number): Entry => ({
    told: {
      mark: "soak-1-",
      manner: "queued",
      recipient: "bob@example.com",
      answer: "waiting",
      id: "1",
      repeats: 0,
      ...more,
    },
    kept: { status, isMarked: false },
    copies,
  });

  it.each([
    ["lost though accepted", entry({}, "accepted", 0)],
    ["doubled without a mark", entry({}, "accepted", 2)],
    ["delivered though failed", entry({}, "failed", 1)],
    ["delivered though refused", entry({ answer: "refused" }, "refused", 1)],
    ["left in the queue", entry({}, "queued", 0)],
    ["not in the journal", { ...entry({}, "", 0), kept: undefined }],
  ])("finds a mail that is %s", (_, one) => {
    expect(accountOf([one]).faults).toHaveLength(1);
  });

  it.each([
    ["delivered once", entry({}, "accepted", 1)],
    ["refused", entry({ answer: "refused" }, "refused", 0)],
    ["in doubt and doubled", entry({ answer: "unknown" }, "unknown", 2)],
    [
      "marked and doubled",
      { ...entry({}, "accepted", 2), kept: { status: "accepted", isMarked: true } },
    ],
  ])("takes a mail that is %s", (_, one) => {
    expect(accountOf([one]).faults).toStrictEqual([]);
  });
});
