/** Where a reply ends to be one: limits on both sides, and what a person reads of each fault. */
import { describe, expect, it } from "vitest";

import { describeReply, ReplyDecoder, type Decoded } from "../../src/smtp/reply.ts";
import { encode } from "./transcript.ts";

const KIB = 1024;
const TLS = "what answers speaks TLS from the first octet: use security `tls`, as on port 465";

/** What becomes of these octets, given at once. */
function first(octets: string | Uint8Array): Decoded | undefined {
  const decoder = new ReplyDecoder();
  decoder.push(typeof octets === "string" ? encode(octets) : octets);
  return decoder.next();
}

/** A line of exactly so many octets, CRLF included. */
function line(start: string, octets: number): string {
  return `${start}${"x".repeat(octets - start.length - 2)}\r\n`;
}

/** A reply of four lines and exactly so many octets. */
function reply(octets: number): string {
  const whole = line("250-", 16 * KIB);
  return `${whole.repeat(3)}${line("250-", octets - 48 * KIB - 6)}250 \r\n`;
}

describe("a fault", () => {
  it.each([
    ["a TLS handshake", "\u0016\u0003", TLS],
    ["a TLS alert", "\u0015\u0003\u0001", TLS],
    ["another record", "\u0017\u0003\r\n", 'this is not a reply: ""'],
    ["a handshake of another version", "\u0016\u0002\r\n", 'this is not a reply: ""'],
    ["a control octet", "\u0003\u0003\r\n", 'this is not a reply: ""'],
    [
      "a web server",
      "HTTP/1.1 400 Bad Request\r\n",
      'a web server answers, not a relay: "HTTP/1.1 400 Bad Request"',
    ],
    ["another protocol", "+OK HTTP/\r\n", 'this is not a reply: "+OK HTTP/"'],
    ["controls and a tab", "SSH\u0007-2.0\tx\r\n", 'this is not a reply: "SSH-2.0 x"'],
    ["a long line, whole", `${"x".repeat(999)}\r\n`, `this is not a reply: "${"x".repeat(999)}"`],
    ["a change of code", "250-a\r\n251 b\r\n", "the code changes within a reply, from 250 to 251"],
    ["200 lines and no last", "250-x\r\n".repeat(200), "a reply has more than 200 lines"],
    ["a line too long", line("250 ", 16 * KIB + 1), "a reply line is longer than 16384 octets"],
    [
      "a line too long, without its end",
      "2".repeat(16 * KIB + 1),
      "a reply line is longer than 16384 octets",
    ],
    ["a reply too long", reply(64 * KIB + 1), "a reply is longer than 65536 octets"],
    [
      "a reply too long, without its end",
      `${line("250-", 16 * KIB).repeat(4)}2`,
      "a reply is longer than 65536 octets",
    ],
  ])("says what came: %s", (_, text, detail) => {
    expect(first(text)).toStrictEqual({ type: "fault", detail });
  });

  it("keeps nothing of what comes after it", () => {
    const decoder = new ReplyDecoder();
    decoder.push(encode("nonsense\r\n"));
    decoder.next();
    const before = decoder.pendingBytes;
    decoder.push(encode("250 OK\r\n"));
    expect(decoder.pendingBytes).toBe(before);
  });
});

describe("at its limit", () => {
  it("a line has 16 KiB, its end included", () => {
    const lines = ["x".repeat(16 * KIB - 6)];
    expect(first(line("250 ", 16 * KIB))).toStrictEqual({
      type: "reply",
      reply: { code: 250, lines },
    });
  });

  it("a reply has 64 KiB, and the next one has as many again", () => {
    const decoder = new ReplyDecoder();
    for (let count = 0; count < 2; count += 1) {
      decoder.push(encode(reply(64 * KIB)));
      expect(decoder.next()?.type).toBe("reply");
      expect(decoder.pendingBytes).toBe(0);
    }
  });

  it.each([
    ["16 KiB of a line", "2".repeat(16 * KIB)],
    ["the first octet of a TLS record", "\u0016"],
  ])("more is waited for: %s", (_, text) => {
    expect(first(text)).toBeUndefined();
  });

  it.each(["200", "209", "290", "599"])("%s is a code", (code) => {
    const lines = ["x"];
    expect(first(`${code} x\r\n`)).toStrictEqual({
      type: "reply",
      reply: { code: Number(code), lines },
    });
  });

  // `/` and `:` stand before 0 and after 9 in ASCII.
  it.each(["199", "600", "2/0", "2:0", "20/", "20:"])("%s is no code", (code) => {
    expect(first(`${code} x\r\n`)).toStrictEqual({
      type: "fault",
      detail: `this is not a reply: "${code} x"`,
    });
  });

  it.each([
    ["three digits of a subject", "5.123.1 No"],
    ["three digits of a detail", "5.1.123 No"],
  ])("an enhanced code has %s", (_, text) => {
    expect(first(`550 ${text}\r\n`)).toStrictEqual({
      type: "reply",
      reply: { code: 550, enhanced: text.slice(0, 7), lines: [text] },
    });
  });

  it("an enhanced code has nothing before it, not even a byte order mark", () => {
    expect(first("550 \ufeff5.1.1 No\r\n")).toStrictEqual({
      type: "reply",
      reply: { code: 550, lines: ["\ufeff5.1.1 No"] },
    });
  });
});

describe("a reply in one line", () => {
  it.each([
    ["its code and text", { code: 550, lines: ["5.1.1 No such user"] }, "550 5.1.1 No such user"],
    ["all of its lines", { code: 554, lines: ["one", "two", ""] }, "554 one two"],
    ["a code alone", { code: 250, lines: [""] }, "250"],
  ])("is %s", (_, value, text) => {
    expect(describeReply(value)).toBe(text);
  });
});
