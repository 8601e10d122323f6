/** Work on items of a list, several at a time, with the results in the order of the items. */

/**
 * The results in order. Takes items ahead of them, `ahead()` at most without a result yet, and gives a
 * result as soon as it is there, whether or not the next item is. Where an item cannot be had, the
 * results of those before it come first, and then the error. Waits for all work that was begun, also
 * where the loop over the results ends early.
 */
export async function* inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<R>,
  ahead: () => number,
): AsyncGenerator<R, void, undefined> {
  const iterator =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const begun: Begun<R>[] = [];
  let isAsking = false;
  let next: Next<T> | undefined;
  let isAtEnd = false;
  let failure: { readonly error: unknown } | undefined;
  // Not a race of promises: each would leave its traces on whichever of them lasts.
  let resume: (() => void) | undefined;
  const wake = (): void => resume?.();
  const ask = async (): Promise<void> => {
    isAsking = true;
    next = await nextOf(iterator);
    isAsking = false;
    wake();
  };
  try {
    while (!isAtEnd || begun.length > 0) {
      const [first] = begun;
      const wantsMore = !isAtEnd && begun.length < Math.max(1, ahead());
      if (wantsMore && next === undefined && !isAsking) void ask();
      if (wantsMore && next !== undefined) {
        if ("error" in next) {
          failure = next;
          isAtEnd = true;
        } else if (next.done === true) isAtEnd = true;
        else begun.push(begin(work(next.value), wake));
        next = undefined;
      } else if (first?.isDone === true) {
        // Kept until it is there: what fails here is for the caller, and the rest is waited for below.
        const result = await first.work;
        void begun.shift();
        yield result;
      } else {
        await new Promise<void>((resolve) => {
          resume = resolve;
        });
      }
    }
    if (failure !== undefined) throw failure.error;
  } finally {
    if (!isAtEnd) void Promise.resolve(iterator.return?.()).catch(() => undefined);
    await Promise.allSettled(begun.map(({ work: left }) => left));
  }
}

interface Begun<R> {
  readonly work: Promise<R>;
  isDone: boolean;
}

function begin<R>(work: Promise<R>, onDone: () => void): Begun<R> {
  const begun = { work, isDone: false };
  const settle = (): void => {
    begun.isDone = true;
    onDone();
  };
  work.then(settle, settle);
  return begun;
}

type Next<T> = IteratorResult<T> | { readonly error: unknown };

async function nextOf<T>(iterator: Iterator<T> | AsyncIterator<T>): Promise<Next<T>> {
  try {
    return await iterator.next();
  } catch (error) {
    return { error };
  }
}
