/** `relaxed` canonicalisation: headers and bodies by table, bodies cut into blocks in every way. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { CanonicalBody } from "../../../src/mail/dkim/canonical-body.ts";
import { canonicalField, splitHeader } from "../../../src/mail/dkim/canonical-header.ts";

function canonicalHeader(header: string): readonly string[] {
  return splitHeader(header).map(canonicalField);
}

/** Each character is an octet. */
function canonicalBody(blocks: readonly string[]): string {
  const body = new CanonicalBody();
  const pieces = blocks.flatMap((block) =>
    body.add(Buffer.from(block, "latin1")).map((piece) => Buffer.from(piece)),
  );
  return Buffer.concat([...pieces, ...body.end()]).toString("latin1");
}

/** The same as RFC 6376 puts it, line by line. */
function asTheRuleSays(body: string): string {
  const lines = body.split("\r\n").map((line) => line.replaceAll(/[ \t]+/g, " "));
  const text = lines.map((line) => line.replace(/ $/, "")).join("\r\n");
  const kept = text.replace(/(?:\r\n)+$/, "");
  return kept === "" ? "" : `${kept}\r\n`;
}

describe("a header", () => {
  it.each<[string, string, readonly string[]]>([
    ["of RFC 6376 §3.4.5", "A: X\r\nB : Y\t\r\n\tZ  \r\n", ["a:X", "b:Y Z"]],
    ["without its last CRLF", "A: X\r\nB: Y", ["a:X", "b:Y"]],
    ["of nothing", "", []],
    ["with an empty value", "Subject:\r\nTo: \t\r\n", ["subject:", "to:"]],
    ["with a value on the next line", "Subject:\r\n a\r\n\tb", ["subject:a b"]],
    ["with a line of white space", "Subject: a\r\n \t\r\n b\r\n", ["subject:a b"]],
    ["with colons in a value", "Subject: a : b:c ", ["subject:a : b:c"]],
    [
      "with spaces of Unicode",
      "Subject:\u00a0a\u2003 \u3000\r\n",
      ["subject:\u00a0a\u2003 \u3000"],
    ],
    ["in UTF-8", "Subject: Grüße  aus\r\n Köln 🚂", ["subject:Grüße aus Köln 🚂"]],
    ["with VT, FF and NUL", "Subject: a\v \f\0b", ["subject:a\v \f\0b"]],
    ["with a name in capitals", "MIME-VERSION: 1.0", ["mime-version:1.0"]],
  ])("%s", (_, header, canonical) => {
    expect(canonicalHeader(header)).toStrictEqual(canonical);
  });

  it.each([
    ["a line without a colon", "Subject: a\r\nb\r\n"],
    ["a space in a name", "Sub ject: a"],
    ["no name", ": a"],
    ["a name in UTF-8", "Ünder: a"],
    ["a folded first line", " a: b"],
    ["an empty line", "A: b\r\n\r\nC: d"],
    ["an empty line at its end", "A: b\r\n\r\n"],
    ["LF for CRLF", "A: b\nC: d"],
    ["a lone CR", "A: b\rC: d\r\n"],
  ])("is refused with %s", (_, header) => {
    expect(() => splitHeader(header)).toThrow(TypeError);
  });
});

describe("a body", () => {
  it.each<[string, string, string]>([
    ["of RFC 6376 §3.4.5", " C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"],
    ["that is empty", "", ""],
    ["of one empty line", "\r\n", ""],
    ["of empty lines", "\r\n\r\n\r\n", ""],
    ["of white space", " \t\r\n\t\r\n ", ""],
    ["without a last CRLF", "a", "a\r\n"],
    ["with white space at its end and no CRLF", "a \t", "a\r\n"],
    ["that begins with empty lines", "\r\n \r\na\r\n", "\r\n\r\na\r\n"],
    ["with empty lines within", "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n"],
    ["with lines of white space at its end", "a\r\n \r\n\t\r\n", "a\r\n"],
    ["with dots", ".\r\n..\r\n. \r\n", ".\r\n..\r\n.\r\n"],
    ["of 8 bits", "\xa0\xff \x85\r\n", "\xa0\xff \x85\r\n"],
    ["with VT and FF", "a\v \f\r\n", "a\v \f\r\n"],
    ["with a lone LF", "a \nb\n", "a \nb\n\r\n"],
    ["with a lone CR", "a\r \rb\r", "a\r \rb\r\r\n"],
    ["of a lone CR", "\r", "\r\r\n"],
    ["of CR CR LF", " \r\r\n", " \r\r\n"],
  ])("%s", (_, body, canonical) => {
    expect(canonicalBody([body])).toBe(canonical);
    expect(canonicalBody(body.split(""))).toBe(canonical);
    expect(canonicalBody(body.split(/(?=[\n ])/))).toBe(canonical);
  });

  it("is the same however it is cut into blocks, and what the rule says", () => {
    const text = fc.string({
      unit: fc.constantFrom("\r\n", "\r\n", " ", "\t", "\r", "\n", "a", ".", "\xe9"),
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, fc.array(fc.nat({ max: 60 })), (body, cuts) => {
        const places = [0, ...cuts.map((cut) => Math.min(cut, body.length)), body.length].sort(
          (one, other) => one - other,
        );
        const blocks = places.slice(1).map((place, index) => body.slice(places[index], place));
        expect(canonicalBody(blocks)).toBe(asTheRuleSays(body));
      }),
      { numRuns: 5000 },
    );
  });

  it("keeps back any number of empty lines", () => {
    const many = "\r\n".repeat(100_000);
    expect(canonicalBody(["a", many, many, "\r"])).toBe(`a${many}${many}\r\r\n`);
    expect(canonicalBody(["a", many, many])).toBe("a\r\n");
    expect(canonicalBody(["a", many, ` b${many}`])).toBe(`a${many} b\r\n`);
  });

  it("of base64 passes as views of its blocks", () => {
    const block = Buffer.from(`${"QUJD".repeat(19)}\r\n`.repeat(800));
    const [piece, ...others] = new CanonicalBody().add(block);
    expect(others).toStrictEqual([]);
    expect(piece?.buffer).toBe(block.buffer);
    expect(piece?.length).toBe(block.length - 2);
  });
});
