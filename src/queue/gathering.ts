/** Work on many that come one by one: those that come within a moment of each other are done in one go. */

export class Gathering<T, R> {
  readonly #work: (items: readonly T[]) => Promise<readonly R[]>;
  readonly #withinMs: number;
  readonly #mostAtOnce: number;
  #waiting: Waiting<T, R>[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The work gives a result for each, in their order, and never rejects. */
  constructor(
    work: (items: readonly T[]) => Promise<readonly R[]>,
    { withinMs, mostAtOnce }: { readonly withinMs: number; readonly mostAtOnce: number },
  ) {
    this.#work = work;
    this.#withinMs = withinMs;
    this.#mostAtOnce = mostAtOnce;
  }

  async add(item: T): Promise<R> {
    const { promise, resolve } = Promise.withResolvers<R>();
    this.#waiting.push({ item, resolve });
    if (this.#waiting.length >= this.#mostAtOnce) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), this.#withinMs);
    return promise;
  }

  #flush(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    void this.#work(waiting.map(({ item }) => item)).then((results) => {
      for (const [at, { resolve }] of waiting.entries()) resolve(results[at] as R);
      return undefined;
    });
  }
}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
}
