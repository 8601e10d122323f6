/**
 * The octets of a message, made while they are sent. Attachments stay as they came until their turn, so
 * that one of 25 MB never stands in memory a second time, in base64.
 */
import type { Content } from "../smtp/content.ts";
import { OCTETS_PER_LINE, WRAPPED_LINE, wrappedBase64Length, writeBase64 } from "./base64.ts";
import type { Source } from "./source.ts";

/** A piece of the message: octets that are final, or some that travel as base64. */
export type Segment =
  | { readonly type: "octets"; readonly octets: Uint8Array }
  | { readonly type: "base64"; readonly octets: Uint8Array | Source };

/** Octets of a block: a few TLS records, and little beside the message itself. */
const BLOCK_OCTETS = 64 * 1024;
/** Lines of base64 in a block. */
const LINES_PER_BLOCK = Math.floor(BLOCK_OCTETS / WRAPPED_LINE);
/** Lines that are encoded at a time: few, so that a block is nearly full whatever it begins with. */
const LINES_PER_PIECE = Math.floor(LINES_PER_BLOCK / 4);

/** The segments as content. Blocks come without a wait where every octet is at hand. */
export function contentOf(segments: readonly Segment[]): Content {
  const size = segments.reduce((sum, segment) => sum + segmentLength(segment), 0);
  const isAtHand = segments.every(
    (segment) => segment.type === "octets" || segment.octets instanceof Uint8Array,
  );
  const pieces = size <= BLOCK_OCTETS ? finalOctets(segments) : undefined;
  return {
    size,
    blocks: () => pieces ?? (isAtHand ? gathered(segments, size) : streamed(segments)),
  };
}

/** All of the content at once, for those who only want the octets. */
export async function wholeOf(content: Content): Promise<Uint8Array> {
  const whole = new Uint8Array(content.size);
  let at = 0;
  for await (const block of content.blocks()) {
    whole.set(block, at);
    at += block.length;
  }
  return whole;
}

/** What is final already; undefined where something is to be encoded yet. */
function finalOctets(segments: readonly Segment[]): readonly Uint8Array[] | undefined {
  const pieces: Uint8Array[] = [];
  for (const { type, octets } of segments) {
    if (type !== "octets" || !(octets instanceof Uint8Array)) return undefined;
    pieces.push(octets);
  }
  return pieces;
}

function segmentLength({ type, octets }: Segment): number {
  const length = octets instanceof Uint8Array ? octets.length : octets.size;
  return type === "octets" ? length : wrappedBase64Length(length);
}

/** Blocks that are full, but for the last: small pieces of a message go out together. */
function* gathered(segments: readonly Segment[], size: number): Generator<Uint8Array> {
  let left = size;
  let block = new Uint8Array(Math.min(left, BLOCK_OCTETS));
  let at = 0;
  for (const segment of segments) {
    for (const piece of piecesOf(segment)) {
      if (at + piece.size > block.length) {
        if (at > 0) yield block.subarray(0, at);
        left -= at;
        block = new Uint8Array(Math.min(left, BLOCK_OCTETS));
        at = 0;
      }
      piece.write(block, at);
      at += piece.size;
    }
  }
  if (at > 0) yield block.subarray(0, at);
}

async function* streamed(segments: readonly Segment[]): AsyncGenerator<Uint8Array> {
  for (const segment of segments) {
    if (segment.octets instanceof Uint8Array) {
      yield* gathered([segment], segmentLength(segment));
    } else {
      yield* encoded(segment.octets);
    }
  }
}

interface Piece {
  /** Octets; at most a block. */
  readonly size: number;
  readonly write: (block: Uint8Array, at: number) => void;
}

function* piecesOf({ type, octets }: Segment): Generator<Piece> {
  if (!(octets instanceof Uint8Array)) throw new TypeError("these octets are not at hand");
  const step = type === "octets" ? BLOCK_OCTETS : LINES_PER_PIECE * OCTETS_PER_LINE;
  for (let start = 0; start < octets.length; start += step) {
    const piece = octets.subarray(start, start + step);
    const isLast = start + step >= octets.length;
    yield type === "octets"
      ? { size: piece.length, write: (block, at) => block.set(piece, at) }
      : {
          size: wrappedBase64Length(piece.length) + (isLast ? 0 : 2),
          write: (block, at) => writeLines(piece, block, { at, isLast }),
        };
  }
}

/** A source as base64, whatever the size of the chunks it comes in. */
async function* encoded(source: Source): AsyncGenerator<Uint8Array> {
  const step = LINES_PER_BLOCK * OCTETS_PER_LINE;
  let held = new Uint8Array(step);
  let count = 0;
  let taken = 0;
  for await (const chunk of source.open()) {
    taken += chunk.length;
    if (taken > source.size) break;
    for (let from = 0; from < chunk.length;) {
      const piece = chunk.subarray(from, from + step - count);
      held.set(piece, count);
      count += piece.length;
      from += piece.length;
      if (count < step) continue;
      yield linesOf(held, taken - chunk.length + from === source.size);
      held = new Uint8Array(step);
      count = 0;
    }
  }
  // The size was announced; a relay would take what follows for the rest of the content.
  if (taken !== source.size) {
    throw new Error(`it has ${taken > source.size ? "more" : "fewer"} than ${source.size} octets`);
  }
  if (count > 0) yield linesOf(held.subarray(0, count), true);
}

function linesOf(octets: Uint8Array, isLast: boolean): Uint8Array {
  const block = new Uint8Array(wrappedBase64Length(octets.length) + (isLast ? 0 : 2));
  writeLines(octets, block, { at: 0, isLast });
  return block;
}

/** Lines of base64; all but the last of an attachment are followed by one more. */
function writeLines(
  octets: Uint8Array,
  block: Uint8Array,
  { at, isLast }: { readonly at: number; readonly isLast: boolean },
): void {
  const end = writeBase64(octets, block, at);
  if (isLast) return;
  block[end] = 0x0d;
  block[end + 1] = 0x0a;
}
