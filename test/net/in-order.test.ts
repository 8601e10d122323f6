import { describe, expect, it } from "vitest";

import { inOrder } from "../../src/net/in-order.ts";

/** Work that ends when the test says so. */
function works() {
  const ends = new Map<number, (error?: Error) => void>();
  const work = async (item: number): Promise<number> =>
    new Promise((resolve, reject) => {
      ends.set(item, (error) => (error === undefined ? resolve(item * 10) : reject(error)));
    });
  return {
    work,
    begun: () => [...ends.keys()],
    end: (item: number, error?: Error) => ends.get(item)?.(error),
  };
}

const turn = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe("results in order", () => {
  it("come in the order of the items, whatever ends first", async () => {
    const { work, begun, end } = works();
    const results = inOrder([1, 2, 3, 4], work, () => 3);
    const first = results.next();
    await turn();
    expect(begun()).toStrictEqual([1, 2, 3]);
    end(2);
    end(3);
    end(1);
    expect(await first).toStrictEqual({ done: false, value: 10 });
    end(4);
    const rest: number[] = [];
    const reading = (async () => {
      for await (const result of results) rest.push(result);
    })();
    await turn();
    end(4);
    await reading;
    expect(rest).toStrictEqual([20, 30, 40]);
  });

  it("come while the next item is still to come", async () => {
    const { work, end } = works();
    const items = async function* items(): AsyncGenerator<number> {
      yield 1;
      await new Promise(() => undefined);
    };
    const results = inOrder(items(), work, () => 5);
    const first = results.next();
    await turn();
    end(1);
    expect(await first).toStrictEqual({ done: false, value: 10 });
  });

  it("are as far ahead as may be, at any time, and one at least", async () => {
    const { work, begun, end } = works();
    let ahead = 0;
    const results = inOrder([1, 2, 3, 4], work, () => ahead);
    const first = results.next();
    await turn();
    expect(begun()).toStrictEqual([1]);
    ahead = 2;
    end(1);
    await first;
    void results.next();
    await turn();
    expect(begun()).toStrictEqual([1, 2, 3]);
  });

  it("end with the loop, after the work that was begun, and let go of the items", async () => {
    const { work, end } = works();
    let isLetGo = false;
    const items = function* items(): Generator<number> {
      try {
        yield* [1, 2, 3];
      } finally {
        isLetGo = true;
      }
    };
    const results = inOrder(items(), work, () => 2);
    const first = results.next();
    await turn();
    end(1);
    await first;
    let isOver = false;
    const over = results.return(undefined).then(() => {
      isOver = true;
      return undefined;
    });
    await turn();
    expect(isOver).toBe(false);
    end(2);
    await over;
    expect(isLetGo).toBe(true);
  });

  it("come before what is thrown by the items", async () => {
    const { work, end } = works();
    const items = function* items(): Generator<number> {
      yield 1;
      throw new Error("no more");
    };
    const results = inOrder(items(), work, () => 5);
    const first = results.next();
    await turn();
    end(1);
    expect(await first).toStrictEqual({ done: false, value: 10 });
    await expect(results.next()).rejects.toThrow("no more");
  });

  it("throw what is thrown by the work, after what was begun", async () => {
    const { work, end } = works();
    const results = inOrder([1, 2], work, () => 2);
    const first = results.next();
    first.catch(() => undefined);
    await turn();
    end(1, new Error("no more"));
    end(2);
    await expect(first).rejects.toThrow("no more");
  });
});
