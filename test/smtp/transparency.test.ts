/** Dot-stuffing and line ends across chunk borders (RFC 5321 §4.5.2, §2.3.8). */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { Transparency } from "../../src/smtp/transparency.ts";
import { encode } from "./transcript.ts";

function through(chunks: readonly Uint8Array[]): string {
  const transparency = new Transparency();
  const octets = [...chunks.map((chunk) => transparency.push(chunk)), transparency.end()];
  return octets.map((piece) => new TextDecoder("latin1").decode(piece)).join("");
}

const whole = (text: string): string => through([encode(text)]);
const byOctet = (text: string): string => through(text.split("").map(encode));

describe("transparency", () => {
  it.each([
    ["nothing", "", ""],
    ["a line", "a\r\n", "a\r\n"],
    ["a missing last line end", "a", "a\r\n"],
    ["a dot first", ".", "..\r\n"],
    ["a dot in a line", "a.b\r\n", "a.b\r\n"],
    ["a dot after CRLF", "a\r\n.b\r\n", "a\r\n..b\r\n"],
    ["lines of dots", ".\r\n..\r\n", "..\r\n...\r\n"],
    ["a bare LF", "a\nb", "a\r\nb\r\n"],
    ["a bare CR", "a\rb", "a\r\nb\r\n"],
    ["a CR last", "a\r", "a\r\n"],
    ["smuggling by LF", "a\n.\r\nMAIL FROM:<x>\r\n", "a\r\n..\r\nMAIL FROM:<x>\r\n"],
    ["smuggling by CR", "a\r.\rMAIL\r", "a\r\n..\r\nMAIL\r\n"],
    ["smuggling by LF and LF", "a\r\n.\nMAIL\n", "a\r\n..\r\nMAIL\r\n"],
    ["two CRs", "a\r\r\n.b", "a\r\n\r\n..b\r\n"],
  ])("%s", (_, content, expected) => {
    expect(whole(content)).toBe(expected);
    expect(byOctet(content)).toBe(expected);
  });

  it("is undone by un-stuffing, and never ends the content early", () => {
    const content = fc.array(fc.constantFrom("\r", "\n", "\r\n", ".", "..", "a", "\0"), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(content, (pieces) => {
        const text = pieces.join("");
        const wire = through(pieces.map(encode));
        expect(wire).toBe(whole(text));
        expect(wire).not.toMatch(/\r(?!\n)|(?<!\r)\n|(?:^|\r\n)\.\r\n/);
        const lines = text.replaceAll(/\r\n|\r|\n/g, "\r\n");
        const ended = lines === "" || lines.endsWith("\r\n") ? lines : `${lines}\r\n`;
        expect(wire.replaceAll(/^\./gm, "")).toBe(ended);
      }),
    );
  });

  it("gives a chunk back as it is where nothing changes", () => {
    const chunk = encode("a\r\nb\r\n");
    expect(new Transparency().push(chunk)).toBe(chunk);
  });
});
