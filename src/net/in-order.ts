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
  const begun: Promise<R>[] = [];
  let asked: Promise<Next<T>> | undefined;
  let isAtEnd = false;
  let failure: { readonly error: unknown } | undefined;
  try {
    while (!isAtEnd || begun.length > 0) {
      const [first] = begun;
      if (!isAtEnd && begun.length < Math.max(1, ahead())) {
        asked ??= nextOf(iterator);
        const next = first === undefined ? await asked : await Promise.race([asked, done(first)]);
        if (next !== undefined) {
          asked = undefined;
          if ("error" in next) {
            failure = next;
            isAtEnd = true;
          } else if (next.done === true) isAtEnd = true;
          else begun.push(work(next.value));
          continue;
        }
      }
      if (first === undefined) continue;
      // Kept until it is there: what fails here is for the caller, and the rest is waited for below.
      const result = await first;
      void begun.shift();
      yield result;
    }
    if (failure !== undefined) throw failure.error;
  } finally {
    if (!isAtEnd) void Promise.resolve(iterator.return?.()).catch(() => undefined);
    await Promise.allSettled(begun);
  }
}

async function done(work: Promise<unknown>): Promise<undefined> {
  await work.catch(() => undefined);
  return undefined;
}

type Next<T> = IteratorResult<T> | { readonly error: unknown };

async function nextOf<T>(iterator: Iterator<T> | AsyncIterator<T>): Promise<Next<T>> {
  try {
    return await iterator.next();
  } catch (error) {
    return { error };
  }
}
