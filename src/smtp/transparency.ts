/**
 * Content to the octets of DATA: every line end becomes CRLF and every line that starts with a dot gets
 * one more (RFC 5321 §4.5.2), across any chunk borders. CR or LF alone, which relays read in different
 * ways, cannot survive it: that is what SMTP smuggling lives on (RFC 5321 §2.3.8).
 */

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const CRLF: Uint8Array = Uint8Array.of(CR, LF);
const EXTRA_DOT: Uint8Array = Uint8Array.of(DOT);

/** One message through it: `push` each chunk, then `end`; the final dot is the dialogue's. */
export class Transparency {
  #atLineStart = true;
  #afterCr = false;

  /** The octets to write for a chunk of content: the chunk itself where nothing had to change. */
  push(chunk: Uint8Array): Uint8Array {
    const pieces: Uint8Array[] = [];
    let copied = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const octet = chunk[at];
      if (octet === LF) {
        if (!this.#afterCr) {
          pieces.push(chunk.subarray(copied, at), CRLF);
          copied = at + 1;
        }
        this.#afterCr = false;
        this.#atLineStart = true;
        continue;
      }
      if (this.#afterCr) {
        // The CR was alone: its LF is missing.
        pieces.push(chunk.subarray(copied, at), CRLF.subarray(1));
        copied = at;
        this.#atLineStart = true;
      }
      this.#afterCr = octet === CR;
      if (this.#atLineStart && octet === DOT) {
        pieces.push(chunk.subarray(copied, at), EXTRA_DOT);
        copied = at;
      }
      this.#atLineStart = false;
    }
    if (pieces.length === 0) return chunk;
    pieces.push(chunk.subarray(copied));
    return concat(pieces);
  }

  /** What is missing to the end of the last line. */
  end(): Uint8Array {
    if (this.#afterCr) return CRLF.subarray(1);
    return this.#atLineStart ? new Uint8Array(0) : CRLF;
  }
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
