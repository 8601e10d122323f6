/**
 * A body as `relaxed` has it (RFC 6376 §3.4.4), block by block: white space at the end of a line goes,
 * other runs of it become one space, empty lines at the end go, and what is left ends in CRLF. Only
 * CRLF ends a line; a lone CR or LF is an octet as any other.
 */

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

/** How many empty lines are written at a time. */
const MANY_BREAKS = 4096;

/** The state between two blocks: what was read and is kept back until it is known what follows. */
export class CanonicalBody {
  /** Line ends that count only if something follows them. */
  #breaks = 0;
  /** White space that counts only if its line goes on. */
  #space = false;
  /** A CR at the end of a block, which an LF may follow. */
  #cr = false;
  #isEmpty = true;

  /** What of the body is certain now. The pieces may be views of the block: use them before it changes. */
  add(block: Uint8Array): readonly Uint8Array[] {
    if (block.length === 0) return [];
    const pieces: Uint8Array[] = [];
    // Base64 has no white space: a block of it passes as it is, but for the line ends around it.
    if (block.includes(SPACE) || block.includes(TAB)) this.#addText(block, pieces);
    else this.#addSolid(block, pieces);
    return pieces;
  }

  /** The rest. An empty body is no octets at all, unlike that of `simple`. */
  end(): readonly Uint8Array[] {
    const pieces: Uint8Array[] = [];
    if (this.#cr) this.#release(pieces);
    if (!this.#isEmpty) pieces.push(breaks(1));
    return pieces;
  }

  #addSolid(block: Uint8Array, pieces: Uint8Array[]): void {
    let start = 0;
    if (this.#cr) {
      if (block[0] === LF) {
        this.#endLine();
        start = 1;
      } else this.#release(pieces);
    }
    while (block[start] === CR && block[start + 1] === LF) {
      this.#endLine();
      start += 2;
    }
    let end = block.length;
    const endsInCr = end > start && block[end - 1] === CR;
    if (endsInCr) end -= 1;
    let following = 0;
    while (end - 2 >= start && block[end - 2] === CR && block[end - 1] === LF) {
      end -= 2;
      following += 1;
    }
    if (end > start) {
      this.#release(pieces);
      pieces.push(block.subarray(start, end));
      this.#isEmpty = false;
      this.#breaks = following;
    }
    this.#cr = endsInCr;
  }

  #addText(block: Uint8Array, pieces: Uint8Array[]): void {
    // A CR and white space may be left from before; line ends from before are written on their own.
    const octets = new Uint8Array(block.length + 2);
    let at = 0;
    let ends = 0;
    let space = this.#space;
    let cr = this.#cr;
    for (let from = 0; from < block.length; from += 1) {
      const octet = block[from] ?? 0;
      // Most octets are those of words, with nothing kept back.
      if (octet > SPACE && at > 0 && !space && !cr && ends === 0) {
        octets[at++] = octet;
        continue;
      }
      if (cr && octet === LF) {
        cr = false;
        space = false;
        ends += 1;
        continue;
      }
      const isSpace = octet === SPACE || octet === TAB;
      if (cr || (octet !== CR && !isSpace)) {
        if (at === 0) this.#releaseBreaks(pieces);
        for (; ends > 0; ends -= 1) {
          octets[at++] = CR;
          octets[at++] = LF;
        }
        if (space) octets[at++] = SPACE;
        space = false;
        if (cr) octets[at++] = CR;
      }
      cr = octet === CR;
      if (isSpace) space = true;
      else if (!cr) octets[at++] = octet;
    }
    if (at > 0) {
      pieces.push(octets.subarray(0, at));
      this.#isEmpty = false;
    }
    this.#breaks += ends;
    this.#space = space;
    this.#cr = cr;
  }

  #endLine(): void {
    this.#breaks += 1;
    this.#space = false;
    this.#cr = false;
  }

  /** Something follows: all that was kept back counts. */
  #release(pieces: Uint8Array[]): void {
    this.#releaseBreaks(pieces);
    if (this.#space) pieces.push(Uint8Array.of(SPACE));
    if (this.#cr) {
      pieces.push(Uint8Array.of(CR));
      this.#isEmpty = false;
    }
    this.#space = false;
    this.#cr = false;
  }

  #releaseBreaks(pieces: Uint8Array[]): void {
    while (this.#breaks > 0) {
      const count = Math.min(this.#breaks, MANY_BREAKS);
      pieces.push(breaks(count));
      this.#breaks -= count;
    }
  }
}

function breaks(count: number): Uint8Array {
  const octets = new Uint8Array(count * 2).fill(LF);
  for (let at = 0; at < octets.length; at += 2) octets[at] = CR;
  return octets;
}
