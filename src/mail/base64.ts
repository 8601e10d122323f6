/**
 * Base64 (RFC 4648 §4) as MIME wants it: 76 columns and CRLF (RFC 2045 §6.8). Works on octets, not
 * on strings, so that an attachment of ten megabytes is written once, straight into the content.
 */
import { invalid, valid } from "../result.ts";
import type { Result } from "../result.ts";
import { encodeUtf8, writeUtf8 } from "./utf8.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const DIGITS: Uint8Array = encodeUtf8(ALPHABET);
/** Octets behind one line of 76 digits (RFC 2045 §6.8). */
export const OCTETS_PER_LINE = 57;
const DIGITS_PER_LINE = 76;
/** Octets of a full line with its CRLF. */
export const WRAPPED_LINE = 78;
const CR = 0x0d;
const LF = 0x0a;
const PAD = 0x3d;

/** How many octets {@link writeBase64} writes for so many: CRLF between lines, none at the end. */
export function wrappedBase64Length(octets: number): number {
  const lines = Math.ceil(octets / OCTETS_PER_LINE);
  return Math.ceil(octets / 3) * 4 + Math.max(0, lines - 1) * 2;
}

/** Writes the octets as lines of 76 digits at the offset; returns the offset behind them. */
export function writeBase64(octets: Uint8Array, target: Uint8Array, offset: number): number {
  if (hasNative(octets)) return writeWrapped(octets.toBase64(), target, offset);
  let at = offset;
  for (let start = 0; start < octets.length; start += OCTETS_PER_LINE) {
    if (start > 0) {
      target[at++] = CR;
      target[at++] = LF;
    }
    at = writeLine(octets, start, Math.min(start + OCTETS_PER_LINE, octets.length), target, at);
  }
  return at;
}

/** The platform's own encoder is many times as fast as ours: workerd has it, and Node from 25 on. */
function hasNative(octets: Uint8Array): octets is Uint8Array & { toBase64(): string } {
  return "toBase64" in octets && typeof octets.toBase64 === "function";
}

/**
 * Writes base64 as lines, without a copy of it in between: all of it to where the last line ends, from
 * where each line moves to its place. As many line ends are still to come as it moves by, so that it never
 * covers one that waits.
 */
function writeWrapped(digits: string, target: Uint8Array, offset: number): number {
  const lineEnds = Math.max(0, Math.ceil(digits.length / DIGITS_PER_LINE) - 1) * 2;
  const end = offset + digits.length + lineEnds;
  let from = offset + lineEnds;
  writeUtf8(digits, target.subarray(from, end));
  for (let at = offset; from < end; from += DIGITS_PER_LINE) {
    if (at > offset) {
      target[at++] = CR;
      target[at++] = LF;
    }
    target.copyWithin(at, from, Math.min(from + DIGITS_PER_LINE, end));
    at += DIGITS_PER_LINE;
  }
  return end;
}

/** The octets as one line of base64, for JSON and encoded-words. */
export function encodeBase64(octets: Uint8Array): string {
  if (hasNative(octets)) return octets.toBase64();
  const target = new Uint8Array(Math.ceil(octets.length / 3) * 4);
  writeLine(octets, 0, octets.length, target, 0);
  return new TextDecoder().decode(target);
}

/**
 * The octets behind base64 text. Line breaks may stand anywhere and the padding may be missing;
 * any other character, the URL-safe alphabet among them, is refused.
 */
export function decodeBase64(text: string): Result<Uint8Array, string> {
  const values = (readingTable ??= makeReadingTable());
  const target = new Uint8Array(Math.floor((text.length * 3) / 4));
  const chunk = new Uint8Array(CHUNK_LENGTH * 3);
  const encoder = new TextEncoder();
  let at = 0;
  let bits = 0;
  let digits = 0;
  for (let start = 0; start < text.length; start += CHUNK_LENGTH) {
    const { written } = encoder.encodeInto(text.slice(start, start + CHUNK_LENGTH), chunk);
    for (let from = 0; from < written; from++) {
      if (digits === 0) {
        // Four digits at a time, up to a line break or whatever else is none.
        for (; from + 3 < written; from += 4) {
          const one = values[chunk[from] ?? 0] ?? REFUSED;
          const two = values[chunk[from + 1] ?? 0] ?? REFUSED;
          const three = values[chunk[from + 2] ?? 0] ?? REFUSED;
          const four = values[chunk[from + 3] ?? 0] ?? REFUSED;
          if ((one | two | three | four) > 63) break;
          target[at++] = (one << 2) | (two >> 4);
          target[at++] = (two << 4) | (three >> 2);
          target[at++] = (three << 6) | four;
        }
        if (from === written) break;
      }
      const value = values[chunk[from] ?? 0] ?? REFUSED;
      if (value < 64) {
        bits = (bits << 6) | value;
        digits++;
        if (digits === 4) {
          target[at++] = bits >> 16;
          target[at++] = bits >> 8;
          target[at++] = bits;
          bits = 0;
          digits = 0;
        }
      } else if (value === PADDING) {
        const fault = paddingFault(text, start + from, digits);
        if (fault !== undefined) return invalid(fault);
        start = text.length;
        break;
      } else if (value === REFUSED) {
        return invalid(`Near character ${start + from + 1} it holds one that is not of base64.`);
      }
    }
  }
  if (digits === 1) return invalid("The base64 is cut off: its length is impossible.");
  if (digits === 2) target[at++] = bits >> 4;
  if (digits === 3) {
    target[at++] = bits >> 10;
    target[at++] = bits >> 2;
  }
  return valid(target.subarray(0, at));
}

/** Enough at a time to be fast, little enough not to hold a large text twice. */
const CHUNK_LENGTH = 65_536;

function paddingFault(text: string, start: number, digits: number): string | undefined {
  const padding = text.slice(start, start + 64).replaceAll(/[\r\n]/g, "");
  const isPadding = digits > 1 && padding === "=".repeat(4 - digits) && text.length <= start + 64;
  return isPadding ? undefined : "The padding of the base64 is wrong, or text follows it.";
}

const REFUSED = 255;
const SKIPPED = 254;
const PADDING = 253;
/** Made by the first base64 that is read. */
let readingTable: Uint8Array | undefined;

function makeReadingTable(): Uint8Array {
  const table = new Uint8Array(256).fill(REFUSED);
  for (const [value, code] of DIGITS.entries()) table[code] = value;
  table[CR] = SKIPPED;
  table[LF] = SKIPPED;
  table[PAD] = PADDING;
  return table;
}

function writeLine(
  octets: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  offset: number,
): number {
  let at = offset;
  let from = start;
  for (; from + 2 < end; from += 3) {
    const group =
      ((octets[from] ?? 0) << 16) | ((octets[from + 1] ?? 0) << 8) | (octets[from + 2] ?? 0);
    target[at++] = DIGITS[group >> 18] ?? 0;
    target[at++] = DIGITS[(group >> 12) & 63] ?? 0;
    target[at++] = DIGITS[(group >> 6) & 63] ?? 0;
    target[at++] = DIGITS[group & 63] ?? 0;
  }
  const left = end - from;
  if (left === 0) return at;
  const group = ((octets[from] ?? 0) << 16) | (left === 2 ? (octets[from + 1] ?? 0) << 8 : 0);
  target[at++] = DIGITS[group >> 18] ?? 0;
  target[at++] = DIGITS[(group >> 12) & 63] ?? 0;
  target[at++] = left === 2 ? (DIGITS[(group >> 6) & 63] ?? 0) : PAD;
  target[at++] = PAD;
  return at;
}
