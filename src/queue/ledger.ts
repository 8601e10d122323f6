/**
 * Writes down how attempts ended: those that end within a moment of each other in one go. Whoever waits
 * for it knows whether that counts, or that the journal does not have it after all that could be tried.
 */
import { nameOf } from "../dispatch/order.ts";
import type { Log } from "../log.ts";
import type { Journal, Settlement } from "../store/journal.ts";
import { traced } from "../trace.ts";

/** The mails of a batch end in groups, as the relay answers a group: this is longer than between them. */
const GATHER_MS = 20;
const MOST_AT_ONCE = 50;
/** Before the second try and the third: what a database does not take now it mostly takes in a moment. */
const PAUSES_MS = [200, 2000];

/** `over` where another attempt or turn owns the mail by now; `lost` where the journal did not answer. */
export type Written = "counts" | "over" | "lost";

interface Entry {
  readonly settlement: Settlement;
  readonly written: (written: Written) => void;
}

export class Ledger {
  readonly #journal: Pick<Journal, "settle">;
  readonly #log: Log;
  #waiting: Entry[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(journal: Pick<Journal, "settle">, log: Log) {
    this.#journal = journal;
    this.#log = log;
  }

  /** What the journal made of it. Never rejects. */
  async write(settlement: Settlement): Promise<Written> {
    return new Promise((written) => {
      this.#waiting.push({ settlement, written });
      if (this.#waiting.length >= MOST_AT_ONCE) this.#flush();
      else this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
    });
  }

  #flush(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    const entries = this.#waiting;
    this.#waiting = [];
    void this.#settle(entries.map(({ settlement }) => settlement)).then((counted) => {
      for (const { settlement, written } of entries) {
        written(counted === undefined ? "lost" : counted.has(settlement.id) ? "counts" : "over");
      }
      return undefined;
    });
  }

  async #settle(settlements: readonly Settlement[]): Promise<ReadonlySet<string> | undefined> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await traced("journal", async () => this.#journal.settle(settlements));
      } catch (error) {
        const pauseMs = PAUSES_MS[tries];
        if (pauseMs === undefined) {
          const mails = settlements.length;
          this.#log("error", "journal.fault", { at: "settle", mails, error: nameOf(error) });
          return undefined;
        }
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }
}
