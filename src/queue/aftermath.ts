/**
 * What follows from verdicts once they are written down: webhooks are told, addresses that are gone are
 * remembered, and what stood in SPOOL is removed. In one go for the mails of a group: a call for each would
 * be more than a Worker may make.
 */
import { proclaim, type Desk } from "../attempt.ts";
import type { EventMail } from "../mail-event.ts";
import { removeSpooled } from "../store/spool.ts";
import type { Verdict } from "../verdict.ts";
import { Gathering } from "./gathering.ts";

export interface After {
  readonly mail: EventMail;
  readonly verdict: Verdict;
  /** The mail is settled, and stood in SPOOL. */
  readonly isRemoved: boolean;
}

/** Mails that are written down in one go come at once. */
const BOUNDS = { withinMs: 5, mostAtOnce: 100 };

/** Of one shift. `add` never rejects. */
export class Aftermath {
  readonly #gathering: Gathering<After, undefined>;

  constructor(desk: Desk) {
    this.#gathering = new Gathering(async (all) => {
      const ids = all.filter(({ isRemoved }) => isRemoved).map(({ mail }) => mail.id);
      const { SPOOL } = desk.env;
      await Promise.all([
        proclaim(all, Date.now(), desk),
        // A lifecycle rule of the bucket takes what stays.
        ids.length === 0 || SPOOL === undefined
          ? undefined
          : removeSpooled(SPOOL, ids).catch(() => undefined),
      ]);
      return all.map(() => undefined);
    }, BOUNDS);
  }

  async add(after: After): Promise<void> {
    await this.#gathering.add(after);
  }
}
