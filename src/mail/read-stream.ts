/** Streams that are given as content: read once, to their end, and remembered for a mail that is sent again. */
import { wrappedBase64Length } from "./base64.ts";

/**
 * What streams gave. A caller that submits the same mail again, as it may after `deferred`, hands over a
 * stream that has nothing left; sent as it is, that would be an empty file.
 */
const READ = new WeakMap<ReadableStream, Uint8Array>();

/** Whether the stream gives its content: nobody else reads it or has read it, or it was read here. */
export function isReadable(stream: ReadableStream): boolean {
  if (READ.has(stream)) return true;
  if (stream.locked) return false;
  try {
    // The one way of the platforms to tell: a body is no stream that was read before.
    return new Response(stream).body !== null;
  } catch {
    return false;
  }
}

/** The sentence that says why a stream is no content of a mail. */
export class StreamFault extends Error {}

/**
 * All octets of the stream, read the first time only. Rejects with StreamFault where it gives something
 * else, or more than `size` says or `most` allows, base64 counted: then the rest is left unread.
 */
export async function readStream(
  stream: ReadableStream<unknown>,
  { size = Infinity, most }: { readonly size: number | undefined; readonly most: number },
): Promise<Uint8Array> {
  const before = READ.get(stream);
  if (before !== undefined) return before;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) throw new StreamFault("The stream must give Uint8Arrays.");
    length += chunk.length;
    // Leaving the loop cancels the stream.
    if (length > size) throw new StreamFault(`The stream gives more than ${size} octets.`);
    if (wrappedBase64Length(length) > most) throw new StreamFault("");
    // A copy: whoever writes the stream may use the same memory for the next chunk.
    chunks.push(chunk.slice());
  }
  const whole = joined(chunks, length);
  READ.set(stream, whole);
  return whole;
}

/** The chunks as one. */
export function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [only, ...others] = chunks;
  if (only !== undefined && others.length === 0) return only;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
