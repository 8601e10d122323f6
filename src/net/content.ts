/** Content on its way to a socket: block by block, none of which may keep the relay waiting for long. */
import type { Content } from "../smtp/content.ts";
import { within } from "./within.ts";

/** Content goes out in writes of about this many octets: each costs a turn and a TLS record of its own. */
export const BLOCK_OCTETS: number = 128 * 1024;

/**
 * The blocks of the content. Those that come with a wait reject where one of them is not there within `ms`
 * milliseconds: a store that stalls must not hold the session of a relay.
 */
export function blocksOf(
  content: Content,
  ms: number,
): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  const blocks = content.blocks();
  // As they are: a generator around them would cost more turns than the blocks of a small mail.
  return Symbol.iterator in blocks ? blocks : timed(blocks, ms);
}

/** Gives the blocks to `take`, one by one, until what it does with one comes to false; whether none did. */
export async function eachBlock(
  blocks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  take: (block: Uint8Array) => Promise<boolean> | true,
): Promise<boolean> {
  if (Symbol.iterator in blocks) {
    for (const block of blocks) {
      const taken = take(block);
      // No turn for a block that is only put with others.
      if (taken !== true && !(await taken)) return false;
    }
  } else {
    for await (const block of blocks) if (!(await take(block))) return false;
  }
  return true;
}

async function* timed(blocks: AsyncIterable<Uint8Array>, ms: number): AsyncGenerator<Uint8Array> {
  const iterator = blocks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await within(ms, iterator.next());
      if (next.type === "timeout") throw new Error("nothing of it came for too long");
      if (next.type === "error") throw next.error;
      if (next.value.done === true) return;
      yield next.value.value;
    }
  } finally {
    // Not awaited: what stalls would stall here once more.
    void iterator.return?.().catch(() => undefined);
  }
}
