/** The ledger: what came of each settlement, however many are written down in one go. */
import { expect, it } from "vitest";

import { Ledger } from "../../src/queue/ledger.ts";
import type { Settlement } from "../../src/store/journal.ts";

const settlement = (id: string): Settlement => ({
  id,
  turn: 0,
  attempt: 1,
  status: "accepted",
  events: [],
});

it("one settlement that the journal refuses does not undo the others", async () => {
  const faults: unknown[] = [];
  const settle = async (settlements: readonly Settlement[]): Promise<ReadonlySet<string>> => {
    if (settlements.some(({ id }) => id === "bad")) throw new Error("D1: no");
    return new Set(settlements.map(({ id }) => id).filter((id) => id !== "late"));
  };
  const ledger = new Ledger(
    { settle },
    (_, name, facts) => void faults.push([name, facts?.["id"]]),
  );
  const ids = ["one", "bad", "late", "two"];
  const written = await Promise.all(ids.map(async (id) => ledger.write(settlement(id))));
  expect(written).toStrictEqual(["counts", "lost", "over", "counts"]);
  expect(faults).toStrictEqual([["journal.fault", "bad"]]);
});

it("a journal that takes nothing is not asked for each of many", async () => {
  let calls = 0;
  const settle = async (): Promise<ReadonlySet<string>> => {
    calls += 1;
    return Promise.reject(new Error("D1: no"));
  };
  const ledger = new Ledger({ settle }, () => undefined);
  const ids = Array.from({ length: 30 }, (_, at) => String(at));
  const written = await Promise.all(ids.map(async (id) => ledger.write(settlement(id))));
  expect(new Set(written)).toStrictEqual(new Set(["lost"]));
  expect(calls).toBeLessThanOrEqual(5);
});
