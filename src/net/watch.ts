/**
 * The timeouts of one session, which waits for one thing at a time: a single timer that is set anew only
 * when it fires too early, since setting and clearing one for each read and write costs more than both.
 */
import type { Within } from "./within.ts";

export class Watch {
  #due = Infinity;
  #firesAt = Infinity;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #expire: (() => void) | undefined;

  /** What the promise comes to, or `timeout` after `ms` milliseconds. Never rejects. */
  async within<T>(ms: number, promise: Promise<T>): Promise<Within<T>> {
    return new Promise((resolve) => {
      const expire = (): void => resolve({ type: "timeout" });
      const settle = (first: Within<T>): void => {
        if (this.#expire === expire) this.#expire = undefined;
        resolve(first);
      };
      this.start(ms, expire);
      promise.then(
        (value) => settle({ type: "value", value }),
        (error: unknown) => settle({ type: "error", error }),
      );
    });
  }

  /** Calls `expire` after `ms` milliseconds, in place of what it was to call before. */
  start(ms: number, expire: () => void): void {
    this.#expire = expire;
    this.#due = Date.now() + ms;
    if (this.#timer !== null && this.#firesAt <= this.#due) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#arm(ms);
  }

  /** Calls nothing. */
  stop(): void {
    this.#expire = undefined;
  }

  /** Lets go of the timer. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#expire = undefined;
  }

  #arm(ms: number): void {
    this.#firesAt = Date.now() + Math.max(0, ms);
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        const expire = this.#expire;
        if (expire === undefined) return;
        const left = this.#due - Date.now();
        if (left > 0) {
          this.#arm(left);
          return;
        }
        this.#expire = undefined;
        expire();
      },
      Math.max(0, ms),
    );
  }
}
