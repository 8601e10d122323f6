/**
 * How fast mails may go to a relay. Each gets its time at once and in order, and in no window of a limit
 * are there more than it allows: a bucket of tokens would let twice as many through after a pause.
 */

/** At most so many mails in any `perMs` milliseconds. */
export interface PaceLimit {
  readonly mails: number;
  readonly perMs: number;
}

/** Longer than this no mail waits for its turn: whoever sent it waits, too. */
export const MAX_PACE_WAIT_MS = 20_000;

export class Pace {
  /** When the last mails begin, oldest first. */
  #begun: number[] = [];

  /** Milliseconds until the mail may begin, its place taken; undefined, and no place, if too many. */
  reserve(limits: readonly PaceLimit[], nowMs: number): number | undefined {
    if (limits.length === 0) return 0;
    const atMs = limits.reduce(
      (latest, { mails, perMs }) => {
        const before = this.#begun.at(-mails);
        return before === undefined ? latest : Math.max(latest, before + perMs);
      },
      Math.max(nowMs, this.#begun.at(-1) ?? 0),
    );
    if (atMs - nowMs > MAX_PACE_WAIT_MS) return undefined;
    const most = Math.max(...limits.map(({ mails }) => mails));
    if (this.#begun.length >= 2 * most) this.#begun = this.#begun.slice(-most);
    this.#begun.push(atMs);
    return atMs - nowMs;
  }
}
