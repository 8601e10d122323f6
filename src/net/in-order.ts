/** Work on items of a list, several at a time, with the results in the order of the items. */

/**
 * The results in order. Takes items ahead of them, `ahead()` at most without a result yet, and gives a
 * result as soon as it is there, whether or not the next item is. Waits for all work that was begun,
 * also where the loop over the results ends early or an item cannot be had.
 */
export async function* inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<R>,
  ahead: () => number,
): AsyncGenerator<R, void, undefined> {
  const iterator =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const begun: Promise<R>[] = [];
  let asked: Promise<IteratorResult<T>> | undefined;
  let isAtEnd = false;
  try {
    while (!isAtEnd || begun.length > 0) {
      const [first] = begun;
      if (!isAtEnd && begun.length < Math.max(1, ahead())) {
        asked ??= Promise.resolve(iterator.next());
        const next = first === undefined ? await asked : await Promise.race([asked, done(first)]);
        if (next !== undefined) {
          asked = undefined;
          if (next.done === true) isAtEnd = true;
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
  } finally {
    if (!isAtEnd) void Promise.resolve(iterator.return?.()).catch(() => undefined);
    await Promise.allSettled(begun);
  }
}

async function done(work: Promise<unknown>): Promise<undefined> {
  await work.catch(() => undefined);
  return undefined;
}
