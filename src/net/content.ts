/** Content on its way to a socket: block by block, none of which may keep the relay waiting for long. */
import type { Content } from "../smtp/content.ts";
import { within } from "./within.ts";

/** Content goes out in writes of about this many octets: a few TLS records each. */
export const BLOCK_OCTETS: number = 64 * 1024;

/**
 * The blocks of the content. Rejects where one of them is not there within `ms` milliseconds: a store that
 * stalls must not hold the session of a relay.
 */
export async function* blocksOf(content: Content, ms: number): AsyncGenerator<Uint8Array> {
  const blocks = content.blocks();
  if (Symbol.iterator in blocks) {
    yield* blocks;
    return;
  }
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
