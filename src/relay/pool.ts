/**
 * The sessions that are kept to one relay, never more than it may be asked for: a mail goes by the one
 * with the least to do, and another is opened only where that takes less time than to wait. Which mail may
 * begin anew after a session's end is the Route's to say.
 */
import type { Session } from "../net/converse.ts";
import type { Sessions } from "../route.ts";

export interface PoolOptions {
  /** Those being closed are counted: to the relay they are there. */
  readonly maxSessions: number;
  /** Transactions that begin on a session. */
  readonly mailsPerSession: number;
  /** A session with nothing to do for so long is closed. */
  readonly idleMs: number;
  /** After this no mail begins on a session. */
  readonly sessionMs: number;
}

/** How long no further session is tried after one that the relay would not open beside others. */
const FULL_MS = 30_000;

/**
 * A session that was idle for longer has to prove by one mail that it is there, before others join: were
 * it gone, they all would be in doubt.
 */
const PROOF_MS = 500;

/** So long others wait for that proof, rather than for a session that is yet to be opened. */
const PROOF_WAIT_MS = 300;

/** Opening takes some seven round trips, and a mail one or two: as many mails may wait as fit in there. */
const OPENING_IN_MAILS = 4;

interface Kept {
  readonly session: Session;
  readonly since: number;
  idleSince: number;
  /** Since when; undefined where it need not. */
  provingSince: number | undefined;
  mails: number;
  busy: number;
  idling: ReturnType<typeof setTimeout> | undefined;
  closing?: Promise<void>;
}

export class Pool implements Sessions {
  readonly #options: PoolOptions;
  readonly #kept = new Map<Session, Kept>();
  /** Mails for which there is no session yet, in order. */
  readonly #waiting: (() => void)[] = [];
  #fullUntil = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** No session is there, not even one that is being closed. */
  get isEmpty(): boolean {
    return this.#kept.size === 0;
  }

  async take(open: () => Session): Promise<Session> {
    let isFirst = this.#waiting.length === 0;
    for (;;) {
      const kept = isFirst ? this.#choose(open) : undefined;
      if (kept !== undefined) {
        const now = Date.now();
        if (kept.mails > 0 && kept.busy === 0 && now - kept.idleSince >= PROOF_MS) {
          kept.provingSince = now;
          setTimeout(() => this.#wake(), PROOF_WAIT_MS);
        }
        kept.mails += 1;
        kept.busy += 1;
        if (kept.idling !== undefined) clearTimeout(kept.idling);
        // There may be room for the next one, too.
        this.#wake();
        return kept.session;
      }
      await new Promise<void>((resolve) => {
        if (isFirst) this.#waiting.unshift(resolve);
        else this.#waiting.push(resolve);
      });
      isFirst = true;
    }
  }

  give(session: Session): void {
    const kept = this.#kept.get(session);
    if (kept !== undefined) {
      kept.busy -= 1;
      kept.provingSince = undefined;
      kept.idleSince = Date.now();
      if (session.isOver) this.#drop(kept);
      else if (kept.busy === 0 && this.#isSpent(kept)) this.#close(kept);
      else if (kept.busy === 0) {
        kept.idling = setTimeout(() => this.#close(kept), this.#options.idleMs);
      }
    }
    this.#wake();
  }

  /** Then the relay has said how many sessions it grants, and no other is tried for a while. */
  canSpare(session: Session): boolean {
    const others = [...this.#kept.keys()].filter((other) => other !== session && !other.isOver);
    if (others.length > 0) this.#fullUntil = Date.now() + FULL_MS;
    return others.length > 0;
  }

  /** QUIT on every session; resolves when they are let go of. */
  async close(): Promise<void> {
    for (const kept of this.#kept.values()) this.#close(kept);
    await Promise.all([...this.#kept.values()].map(async ({ closing }) => closing));
  }

  #choose(open: () => Session): Kept | undefined {
    for (const kept of this.#kept.values()) {
      if (kept.session.isOver && kept.closing === undefined) this.#drop(kept);
      else if (kept.busy === 0 && this.#isSpent(kept)) this.#close(kept);
    }
    const [least] = [...this.#kept.values()]
      .filter((kept) => this.#isUsable(kept))
      .sort((a, b) => loadOf(a) - loadOf(b));
    const isFull = this.#kept.size > 0 && Date.now() < this.#fullUntil;
    const hasRoom = !isFull && this.#kept.size < this.#options.maxSessions;
    if (!hasRoom || (least !== undefined && loadOf(least) < OPENING_IN_MAILS)) {
      return least?.provingSince === undefined ? least : undefined;
    }
    const session = open();
    const since = Date.now();
    const counts = {
      mails: 0,
      busy: 0,
      idleSince: since,
      provingSince: undefined,
      idling: undefined,
    };
    const kept: Kept = { session, since, ...counts };
    this.#kept.set(session, kept);
    return kept;
  }

  #isUsable(kept: Kept): boolean {
    if (kept.session.isOver || kept.closing !== undefined) return false;
    const { provingSince } = kept;
    const isSlow = provingSince !== undefined && Date.now() - provingSince >= PROOF_WAIT_MS;
    return !isSlow && !this.#isSpent(kept);
  }

  #isSpent({ mails, since }: Kept): boolean {
    const { mailsPerSession, sessionMs } = this.#options;
    return mails >= mailsPerSession || Date.now() - since >= sessionMs;
  }

  #close(kept: Kept): void {
    if (kept.idling !== undefined) clearTimeout(kept.idling);
    kept.closing ??= kept.session.quit().finally(() => {
      this.#drop(kept);
      this.#wake();
    });
  }

  #drop(kept: Kept): void {
    if (kept.idling !== undefined) clearTimeout(kept.idling);
    this.#kept.delete(kept.session);
  }

  #wake(): void {
    this.#waiting.shift()?.();
  }
}

/** What there is to be done before another mail, in mails. */
function loadOf({ session, busy }: Kept): number {
  return busy + (session.hasOpened ? 0 : OPENING_IN_MAILS);
}
