/**
 * Writes down how attempts ended: those that end within a moment of each other in one go. Whoever waits
 * for it knows whether that counts, or that the journal does not have it after all that could be tried.
 */
import { nameOf } from "../dispatch/order.ts";
import type { Log } from "../log.ts";
import type { Journal, Settlement } from "../store/journal.ts";
import { traced } from "../trace.ts";
import { Gathering } from "./gathering.ts";

/** The mails of a batch end in groups, as the relay answers a group: this is longer than between them. */
const BOUNDS = { withinMs: 20, mostAtOnce: 50 };
/** Before the second try and the third: what a database does not take now it mostly takes in a moment. */
const PAUSES_MS = [200, 2000];

/** `over` where another attempt or turn owns the mail by now; `lost` where the journal did not take it. */
export type Written = "counts" | "over" | "lost";

export class Ledger {
  readonly #journal: Pick<Journal, "settle">;
  readonly #log: Log;
  readonly #gathering: Gathering<Settlement, Written>;

  constructor(journal: Pick<Journal, "settle">, log: Log) {
    this.#journal = journal;
    this.#log = log;
    this.#gathering = new Gathering(async (all) => this.#settleAll(all), BOUNDS);
  }

  /** What the journal made of it. Never rejects. */
  async write(settlement: Settlement): Promise<Written> {
    return this.#gathering.add(settlement);
  }

  async #settleAll(settlements: readonly Settlement[]): Promise<readonly Written[]> {
    for (const pauseMs of PAUSES_MS) {
      try {
        return await this.#settle(settlements);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
    // Each for itself: what a database does not take of one must not undo the others.
    const all: Written[] = [];
    let failures = 0;
    for (const settlement of settlements) {
      try {
        if (failures >= MOST_FAILURES) throw new Error("the journal takes nothing at all");
        all.push(...(await this.#settle([settlement])));
      } catch (error) {
        failures += 1;
        const { id } = settlement;
        this.#log("error", "journal.fault", { at: "settle", id, error: nameOf(error) });
        all.push("lost");
      }
    }
    return all;
  }

  async #settle(settlements: readonly Settlement[]): Promise<readonly Written[]> {
    const counted = await traced("journal", async () => this.#journal.settle(settlements));
    return settlements.map(({ id }) => (counted.has(id) ? "counts" : "over"));
  }
}

/** After so many, it is not the settlements. */
const MOST_FAILURES = 3;
