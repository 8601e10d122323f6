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

/** One place in a gate for all who come together: the first enters for them, the last leaves. */
export class Share {
  readonly #gate: Gate;
  #entering: Promise<() => void> | undefined;
  #inside = 0;

  constructor(gate: Gate) {
    this.#gate = gate;
  }

  /** Resolves with the way out, to be called once. */
  async enter(): Promise<() => void> {
    this.#inside += 1;
    this.#entering ??= this.#gate.enter();
    const release = await this.#entering;
    return () => {
      this.#inside -= 1;
      if (this.#inside > 0) return;
      this.#entering = undefined;
      release();
    };
  }
}
