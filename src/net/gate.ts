/** Lets in so many at a time; the others wait in order. */

export class Gate {
  readonly #capacity: number;
  readonly #waiting: (() => void)[] = [];
  readonly #drained: (() => void)[] = [];
  #inside = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Resolves with the way out, to be called once. */
  async enter(): Promise<() => void> {
    if (this.#inside >= this.#capacity) {
      // Whoever leaves hands the place over, so that nobody slips in between.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#inside += 1;
    }
    return () => this.#leave();
  }

  /** Resolves when nobody is inside or waiting. */
  async drained(): Promise<void> {
    if (this.#inside === 0) return;
    await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    this.#inside -= 1;
    if (this.#inside === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }
}
