import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { contentOf, wholeOf, type Segment } from "../../src/mail/content.ts";
import type { Source } from "../../src/mail/source.ts";

const BLOCK = 64 * 1024;
const octets = (length: number, seed = 1): Uint8Array<ArrayBuffer> =>
  new Uint8Array(length).map((_, at) => (at * 31 + seed) >> 3);

/** Octets that come in chunks of the lengths, over and over. */
function sourceOf(whole: Uint8Array, lengths: readonly number[], size = whole.length): Source {
  return {
    size,
    open: async function* open() {
      let at = 0;
      for (let turn = 0; at < whole.length; turn++) {
        const length = Math.max(1, lengths[turn % lengths.length] ?? 1);
        await Promise.resolve();
        yield whole.subarray(at, at + length);
        at += length;
      }
    },
  };
}

/** RFC 2045 §6.8 by other means: lines of 76, CRLF between them. */
function wrapped(whole: Uint8Array): string {
  return Buffer.from(whole)
    .toString("base64")
    .replaceAll(/.{76}(?=.)/g, "$&\r\n");
}

const expected = (segments: readonly (readonly [Segment["type"], Uint8Array])[]): Buffer =>
  Buffer.concat(
    segments.map(([type, one]) => (type === "octets" ? one : Buffer.from(wrapped(one)))),
  );

const plain = (type: Segment["type"], one: Uint8Array): Segment => ({ type, octets: one });

describe("content", () => {
  it("is what its segments are, in bounded blocks, as often as it is read", async () => {
    const lengths = fc.oneof(
      fc.integer({ min: 0, max: 300 }),
      fc.constantFrom(56, 57, 58, 840 * 57, 840 * 57 + 1, BLOCK - 1, BLOCK, BLOCK + 1, 200_000),
    );
    const piece = fc.tuple(fc.constantFrom("octets" as const, "base64" as const), lengths);
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
        const list = pieces.map(([type, length], at) => [type, octets(length, at)] as const);
        const whole = expected(list);
        const content = contentOf(list.map(([type, one]) => plain(type, one)));
        expect(content.size).toBe(whole.length);
        for (const _ of [1, 2]) {
          const blocks = content.blocks();
          if (!(Symbol.iterator in blocks)) throw new Error("it is all at hand");
          const read = [...blocks];
          expect(Math.max(0, ...read.map(({ length }) => length))).toBeLessThanOrEqual(BLOCK);
          expect(Buffer.concat(read).equals(whole)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("puts the small pieces of a message into one block", () => {
    const content = contentOf([plain("octets", octets(200)), plain("base64", octets(300))]);
    expect([...(content.blocks() as Iterable<Uint8Array>)]).toHaveLength(1);
  });

  it("encodes a source while it comes, whatever the chunks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 150_000 }),
        fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 4 }),
        async (length, lengths) => {
          const whole = octets(length);
          const head = octets(50);
          const content = contentOf([
            plain("octets", head),
            { type: "base64", octets: sourceOf(whole, lengths) },
            plain("octets", head),
          ]);
          const wanted = expected([
            ["octets", head],
            ["base64", whole],
            ["octets", head],
          ]);
          expect(content.size).toBe(wanted.length);
          for (const _ of [1, 2]) {
            expect(Buffer.from(await wholeOf(content)).equals(wanted)).toBe(true);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it.each([
    ["one octet too few", 999],
    ["one octet too many", 1001],
    ["nothing", 0],
    ["a megabyte too many", 1_000_000],
  ])("fails at the end where a source has %s, with no octet too many", async (_, length) => {
    const source = sourceOf(octets(length), [400], 1000);
    const content = contentOf([{ type: "base64", octets: source }]);
    let read = 0;
    const reading = async (): Promise<void> => {
      for await (const block of content.blocks()) read += block.length;
    };
    await expect(reading()).rejects.toThrow(/than 1000 octets/);
    expect(read).toBeLessThanOrEqual(content.size);
  });
});
