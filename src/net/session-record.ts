/** A session in numbers, for whoever keeps a log. */
import type { Failure } from "../smtp/outcome.ts";

/** Nothing of it but the failure's text is an address, a credential or content. */
export interface SessionReport {
  /** Milliseconds from dialling to ready for mail; absent where it never was. */
  readonly openMs?: number;
  readonly totalMs: number;
  /** Mails that were settled. */
  readonly mails: number;
  /** Why it ended, where it did not end by QUIT. */
  readonly failure?: Failure;
}

/** Counts and times one session, and reports once. */
export class SessionRecord {
  #dialledAt: number | undefined;
  #openMs: number | undefined;
  #mails = 0;
  #isReported = false;

  get hasOpened(): boolean {
    return this.#openMs !== undefined;
  }

  dialled(): void {
    this.#dialledAt = Date.now();
  }

  opened(): void {
    this.#openMs ??= Date.now() - (this.#dialledAt ?? 0);
  }

  settled(): void {
    this.#mails += 1;
  }

  /** Reports the end of a session that was dialled, the first time only. */
  end(failure: Failure | undefined, onEnd?: (report: SessionReport) => void): void {
    if (this.#isReported || this.#dialledAt === undefined) return;
    this.#isReported = true;
    onEnd?.({
      ...(this.#openMs === undefined ? {} : { openMs: this.#openMs }),
      totalMs: Date.now() - this.#dialledAt,
      mails: this.#mails,
      ...(failure === undefined ? {} : { failure }),
    });
  }
}
