/**
 * The SHA-256 of a canonical body. Where the platform digests a stream (workerd) no more than a block
 * is held; elsewhere Web Crypto wants all octets at once.
 */
import { CanonicalBody } from "./canonical-body.ts";

export type Body = () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** The `bh=` digest. Reads the body once; rejects with what reading it rejects with. */
export async function bodyHash(body: Body): Promise<Uint8Array<ArrayBuffer>> {
  const Stream = digestStream();
  const digest = Stream === undefined ? new JoinedDigest() : new StreamDigest(Stream);
  const canonical = new CanonicalBody();
  try {
    for await (const block of body()) {
      for (const piece of canonical.add(block)) await digest.add(piece);
    }
    for (const piece of canonical.end()) await digest.add(piece);
  } catch (error) {
    await digest.abandon();
    throw error;
  }
  return new Uint8Array(await digest.end());
}

interface DigestStream extends WritableStream<Uint8Array> {
  readonly digest: Promise<ArrayBuffer>;
}
type DigestStreamClass = new (hash: string) => DigestStream;

/** Types for Node and for workerd differ here: read as what Cloudflare documents. */
function digestStream(): DigestStreamClass | undefined {
  return Reflect.get(crypto, "DigestStream");
}

class StreamDigest {
  readonly #digest: Promise<ArrayBuffer>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(Stream: DigestStreamClass) {
    const stream = new Stream("SHA-256");
    this.#digest = stream.digest;
    this.#writer = stream.getWriter();
  }

  async add(octets: Uint8Array): Promise<void> {
    await this.#writer.write(octets);
  }

  async end(): Promise<ArrayBuffer> {
    await this.#writer.close();
    return this.#digest;
  }

  /** The digest rejects then, and nobody waits for it. */
  async abandon(): Promise<void> {
    await Promise.allSettled([this.#writer.abort(), this.#digest]);
  }
}

const FIRST_CAPACITY = 65_536;

class JoinedDigest {
  #octets = new Uint8Array(FIRST_CAPACITY);
  #length = 0;

  add(octets: Uint8Array): void {
    const length = this.#length + octets.length;
    if (length > this.#octets.length) {
      const larger = new Uint8Array(Math.max(length, this.#octets.length * 2));
      larger.set(this.#octets.subarray(0, this.#length));
      this.#octets = larger;
    }
    this.#octets.set(octets, this.#length);
    this.#length = length;
  }

  async end(): Promise<ArrayBuffer> {
    return crypto.subtle.digest("SHA-256", this.#octets.subarray(0, this.#length));
  }

  abandon(): void {
    this.#length = 0;
  }
}
