/** What is to be written, held until it can go out as one write. */

export class Cork {
  #pieces: Uint8Array[] = [];
  #octets = 0;
  #marked = 0;

  get octets(): number {
    return this.#octets;
  }

  push(octets: Uint8Array): void {
    if (octets.length === 0) return;
    this.#pieces.push(octets);
    this.#octets += octets.length;
  }

  /** What is pushed from here on may be dropped again. */
  mark(): void {
    this.#marked = this.#pieces.length;
  }

  /** Leaves out what was pushed since the mark, as far as it is still here. */
  backToMark(): void {
    for (const piece of this.#pieces.splice(this.#marked)) this.#octets -= piece.length;
  }

  /** All of it, and nothing is left. */
  take(): Uint8Array {
    const [only, ...others] = this.#pieces;
    const whole = only !== undefined && others.length === 0 ? only : this.#joined();
    this.#pieces = [];
    this.#octets = 0;
    this.#marked = 0;
    return whole;
  }

  #joined(): Uint8Array {
    const whole = new Uint8Array(this.#octets);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }
}
