/** A composed mail with its signatures before it. */
import type { Content } from "../../smtp/content.ts";
import type { Composed } from "../compose.ts";
import { endOfHeader } from "../line-ends.ts";
import type { DkimKey } from "./key.ts";
import { signatureFields } from "./signature.ts";

/**
 * The mail with a DKIM-Signature field for each key. Reads the content once, to its end; rejects where it
 * cannot be read.
 */
export async function signed(
  composed: Composed,
  keys: readonly DkimKey[],
  options: { readonly signedAt: Date },
): Promise<Composed> {
  const { content } = composed;
  const header = await headerOf(content);
  const body = (): AsyncIterable<Uint8Array> => behind(content, header.length + END.length);
  // RFC 6532 §3.2: a header is ASCII or UTF-8.
  const message = { header: new TextDecoder().decode(header), body };
  const fields = new TextEncoder().encode(await signatureFields(message, keys, options));
  return { ...composed, content: prefixed(fields, content) };
}

/** What ends the last field, and the empty line behind the header. */
const END: Uint8Array = new TextEncoder().encode("\r\n");

/** The header with the line end of its last field, without the empty line behind it. */
async function headerOf(content: Content): Promise<Uint8Array> {
  let header = new Uint8Array(0);
  for await (const block of content.blocks()) {
    const from = Math.max(0, header.length - 3);
    header = joined(header, block);
    const end = endOfHeader(header, from);
    if (end !== -1) return header.subarray(0, end);
  }
  throw new TypeError("a composed message has an empty line behind its header");
}

async function* behind(content: Content, skipped: number): AsyncGenerator<Uint8Array> {
  let left = skipped;
  for await (const block of content.blocks()) {
    if (block.length > left) yield block.subarray(left);
    left = Math.max(0, left - block.length);
  }
}

function prefixed(prefix: Uint8Array, content: Content): Content {
  return {
    size: prefix.length + content.size,
    blocks: () => {
      const blocks = content.blocks();
      return Symbol.iterator in blocks ? chained(prefix, blocks) : chainedAsync(prefix, blocks);
    },
  };
}

function* chained(first: Uint8Array, others: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield first;
  yield* others;
}

async function* chainedAsync(
  first: Uint8Array,
  others: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield first;
  yield* others;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(one.length + other.length);
  whole.set(one);
  whole.set(other, one.length);
  return whole;
}
