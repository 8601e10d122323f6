/** Content on its way to a socket: in bounded pieces. */

/** Content goes out in writes of about this many octets: a few TLS records each. */
export const BLOCK_OCTETS: number = 64 * 1024;

/** The content in pieces of at most {@link BLOCK_OCTETS}. */
export function* blocksOf(content: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < content.length; at += BLOCK_OCTETS) {
    yield content.subarray(at, at + BLOCK_OCTETS);
  }
}
