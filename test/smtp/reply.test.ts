/** Replies: the grammar by table, and the same result whatever the chunks (RFC 5321 §4.2). */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { ReplyDecoder, type Decoded } from "../../src/smtp/reply.ts";
import { encode } from "./transcript.ts";

function decodeAll(chunks: readonly Uint8Array[]): readonly Decoded[] {
  const decoder = new ReplyDecoder();
  const all: Decoded[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
      all.push(next);
      if (next.type === "fault") return all;
    }
  }
  return all;
}

const only = (text: string): Decoded | undefined => decodeAll([encode(text)])[0];

describe("a reply", () => {
  it.each([
    ["a code and text", "250 OK\r\n", { code: 250, lines: ["OK"] }],
    ["a bare code", "250\r\n", { code: 250, lines: [""] }],
    ["several lines", "250-a\r\n250-b\r\n250 c\r\n", { code: 250, lines: ["a", "b", "c"] }],
    ["a bare code last", "250-a\r\n250\r\n", { code: 250, lines: ["a", ""] }],
    ["an enhanced code", "550 5.1.1 No\r\n", { code: 550, enhanced: "5.1.1", lines: ["5.1.1 No"] }],
    ["an enhanced code alone", "250 2.0.0\r\n", { code: 250, enhanced: "2.0.0", lines: ["2.0.0"] }],
    ["an unknown code", "299 x\r\n", { code: 299, lines: ["x"] }],
    ["a bare LF", "250 OK\n", { code: 250, lines: ["OK"] }],
    ["controls and direction marks", "250 a\u0007\u202eb\tc\r\n", { code: 250, lines: ["ab c"] }],
    ["a bare CR within a line", "250 a\rb\r\n", { code: 250, lines: ["ab"] }],
  ])("takes %s", (_, text, reply) => {
    expect(only(text)).toStrictEqual({ type: "reply", reply });
  });

  it.each([
    ["class 4 in a 5yz", "550 4.1.1 x\r\n"],
    ["a version number", "220 2.10 mailer\r\n"],
    ["digits run on", "250 2.0.0x\r\n"],
    ["too many digits", "250 2.0.1234 x\r\n"],
    ["further on in the text", "250 OK 2.0.0\r\n"],
  ])("has no enhanced code: %s", (_, text) => {
    expect(only(text)).not.toHaveProperty("reply.enhanced");
  });

  it.each([
    ["two digits", "25 OK\r\n"],
    ["a space within", "2 50 OK\r\n"],
    ["four digits", "2500 OK\r\n"],
    ["a code over 5yz", "999 x\r\n"],
    ["a code under 2yz", "150 x\r\n"],
    ["an empty line", "\r\n"],
    ["letters", "OK\r\n"],
    ["another separator", "250_OK\r\n"],
    ["another code within", "250-a\r\n550 b\r\n"],
    ["a line without end", "2".repeat(17_000)],
    ["a long line", `250 ${"x".repeat(16 * 1024)}\r\n`],
    ["many lines", "250-x\r\n".repeat(200)],
    ["many octets", `250-${"x".repeat(9000)}\r\n`.repeat(8)],
  ])("is refused: %s", (_, text) => {
    expect(only(text)?.type).toBe("fault");
  });

  it.each([
    ["2 000 octets in a line", `250 ${"x".repeat(1994)}\r\n`],
    ["a challenge of 12 288 octets", `334 ${"x".repeat(12_282)}\r\n`],
    ["199 lines before the last", `${"250-x\r\n".repeat(199)}250 x\r\n`],
  ])("is taken: %s", (_, text) => {
    expect(only(text)?.type).toBe("reply");
  });

  it("keeps lines apart where octets and characters differ in number", () => {
    const rude = Uint8Array.of(0x32, 0x35, 0x30, 0x20, 0xe2, 0x82, 0x0d, 0x0a);
    const chunk = new Uint8Array([...encode("250-caf\u00e9\r\n250 \u{1f4e7}\r\n"), ...rude]);
    expect(decodeAll([chunk, encode("220 z\r\n")])).toStrictEqual([
      { type: "reply", reply: { code: 250, lines: ["caf\u00e9", "\u{1f4e7}"] } },
      { type: "reply", reply: { code: 250, lines: ["\ufffd"] } },
      { type: "reply", reply: { code: 220, lines: ["z"] } },
    ]);
  });

  it("does not throw for octets that are no UTF-8", () => {
    const octets = Uint8Array.of(0x32, 0x35, 0x30, 0x20, 0xff, 0xfe, 0x0d, 0x0a);
    expect(decodeAll([octets])).toStrictEqual([
      { type: "reply", reply: { code: 250, lines: ["\ufffd\ufffd"] } },
    ]);
  });

  it("stays a fault after a fault", () => {
    const decoder = new ReplyDecoder();
    decoder.push(encode("nonsense\r\n250 OK\r\n"));
    expect([decoder.next()?.type, decoder.next()?.type]).toStrictEqual(["fault", "fault"]);
    decoder.push(encode("250 OK\r\n"));
    expect(decoder.next()?.type).toBe("fault");
  });

  it("counts what is left over, a partial line and a partial reply too", () => {
    const decoder = new ReplyDecoder();
    decoder.push(encode("250 a\r\n250-b\r\n25"));
    expect(decoder.pendingBytes).toBe(16);
    decoder.next();
    expect(decoder.pendingBytes).toBe(9);
    expect(decoder.next()).toBeUndefined();
    expect(decoder.pendingBytes).toBe(9);
    decoder.push(encode("0 c\r\n"));
    decoder.next();
    expect(decoder.pendingBytes).toBe(0);
  });

  it("is the same however it is split", () => {
    const line = fc.oneof(
      fc.constantFrom(
        "250 OK",
        "250-more",
        "550 5.1.1 no",
        "354",
        "é250",
        "250-\u{1f600}",
        "",
        "9",
      ),
      fc.string({ maxLength: 20 }),
    );
    const end = fc.constantFrom("\r\n", "\n", "\r");
    const text = fc.array(fc.tuple(line, end), { maxLength: 8 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(400), { maxLength: 20 }), (lines, cuts) => {
        const octets = encode(lines.map((pair) => pair.join("")).join(""));
        const at = [0, ...cuts.map((cut) => Math.min(cut, octets.length)), octets.length];
        const borders = at.toSorted((a, b) => a - b);
        const chunks = borders.slice(1).map((to, index) => octets.subarray(borders[index], to));
        expect(decodeAll(chunks)).toStrictEqual(decodeAll([octets]));
      }),
    );
  });

  it("takes a slow drip in linear time", () => {
    const decoder = new ReplyDecoder();
    const octet = encode("2");
    decoder.push(encode("250-"));
    for (let count = 0; count < 16_000; count += 1) {
      decoder.push(octet);
      expect(decoder.next()).toBeUndefined();
    }
  });
});
