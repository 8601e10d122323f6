/** SASLprep (RFC 4013), with the RFC's own examples. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { saslprep } from "../../../src/smtp/sasl/saslprep.ts";

const CLEAN: readonly [string, string, string][] = [
  ["RFC 4013 §3: soft hyphen to nothing", "I\u00adX", "IX"],
  ["RFC 4013 §3: no change", "user", "user"],
  ["RFC 4013 §3: case kept", "USER", "USER"],
  ["RFC 4013 §3: NFKC", "\u00aa", "a"],
  ["RFC 4013 §3: NFKC, and case kept", "\u2168", "IX"],
  ["every printable ASCII character", asciiPrintable(), asciiPrintable()],
  ["a no-break space", "a\u00a0b", "a b"],
  ["an ideographic space", "a\u3000b", "a b"],
  ["a zero width space, which is both space and nothing", "a\u200bb", "a b"],
  ["an Ogham space", "a\u1680b", "a b"],
  ["a joiner and a non-joiner", "a\u200c\u200db", "ab"],
  ["a variation selector", "a\ufe0fb", "ab"],
  ["a byte order mark", "\ufeffab", "ab"],
  ["a combining accent", "e\u0301", "\u00e9"],
  ["an emoji", "🙂", "🙂"],
  ["one space of two kinds", " \u2003", "  "],
  ["Hebrew", "\u05d0\u05d1", "\u05d0\u05d1"],
  ["a single Hebrew letter", "\u05d0", "\u05d0"],
  ["Hebrew around digits", "\u05d01\u05d1", "\u05d01\u05d1"],
  ["RFC 3454 §6: Arabic around a digit", "\u06271\u0628", "\u06271\u0628"],
];

const REFUSED: readonly [string, string, RegExp][] = [
  ["RFC 4013 §3: a control character", "\u0007", /prohibited/],
  ["RFC 4013 §3: RFC 3454 §6: Arabic that ends in a digit", "\u06271", /mixes/],
  ["Arabic that begins with a digit", "1\u0627", /mixes/],
  ["Hebrew with Latin inside", "\u05d0a\u05d1", /mixes/],
  ["Hebrew after Latin", "a\u05d1", /mixes/],
  ["nothing", "", /no characters/],
  ["what is mapped to nothing", "\u00ad\u2060", /no characters/],
  ["a line end", "a\nb", /prohibited/],
  ["DEL", "a\x7f", /prohibited/],
  ["NEL", "a\u0085", /prohibited/],
  ["a line separator", "a\u2028", /prohibited/],
  ["private use", "a\ue000", /prohibited/],
  ["private use of plane 16", "a\u{10fffd}", /prohibited/],
  ["a noncharacter", "a\ufdd0", /prohibited/],
  ["a noncharacter of plane 1", "a\u{1ffff}", /prohibited/],
  ["half a surrogate pair", "a\ud800b", /prohibited/],
  ["the replacement character", "a\ufffd", /prohibited/],
  ["an override of direction", "a\u202e", /prohibited/],
  ["a mark of direction", "a\u200f", /prohibited/],
  ["a tag", "a\u{e0041}", /prohibited/],
  ["ideographic description", "\u2ff0", /prohibited/],
  ["an end of ayah", "\u0627\u06dd\u0628", /prohibited/],
];

describe.each(["query", "stored"] as const)("a %s", (preparation) => {
  it.each(CLEAN)("prepares %s", (_, input, output) => {
    expect(saslprep(input, preparation)).toEqual({ text: output });
  });

  it.each(REFUSED)("refuses %s", (_, input, fault) => {
    expect(saslprep(input, preparation)).toEqual({ fault: expect.stringMatching(fault) });
  });

  it("comes out as it is when it is prepared again, or is refused", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (input) => {
        const once = saslprep(input, preparation);
        if ("text" in once) expect(saslprep(once.text, preparation)).toEqual(once);
      }),
      { numRuns: 1000 },
    );
  });
});

it("lets a query, and nothing stored, hold what Unicode has not assigned (RFC 3454 §7)", () => {
  expect(saslprep("a\u0378", "query")).toEqual({ text: "a\u0378" });
  expect(saslprep("a\u0378", "stored")).toEqual({ fault: expect.stringMatching(/unknown/) });
});

function asciiPrintable(): string {
  return String.fromCodePoint(...Array.from({ length: 95 }, (_, i) => 32 + i));
}
