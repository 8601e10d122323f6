/** What is done in a faster way for nearly every mail comes to the same as what is done for the others. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { encodeBase64, wrappedBase64Length, writeBase64 } from "../../src/mail/base64.ts";
import { assertComposed } from "../../src/mail/composed.ts";
import type { Segment } from "../../src/mail/content.ts";
import { parseDomain } from "../../src/mail/domain.ts";
import { foldValue, formatUnstructured } from "../../src/mail/header-field.ts";
import { parseAddress } from "../../src/mail/mailbox.ts";
import { encodeText } from "../../src/mail/transfer-encoding.ts";
import { utf8Length } from "../../src/mail/utf8.ts";

const RUNS = { numRuns: 2_000 };

/** The octets on a platform that has, or has not, its own base64. */
function onPlatform(octets: Uint8Array, hasBase64: boolean): Uint8Array {
  const toBase64 = hasBase64 ? () => Buffer.from(octets).toString("base64") : undefined;
  return Object.defineProperty(octets.slice(), "toBase64", { value: toBase64 });
}

describe("base64 of the platform", () => {
  it("makes the lines that ours makes, at any offset, and touches nothing beside them", () => {
    const lengths = fc.oneof(
      fc.integer({ min: 0, max: 400 }),
      fc.constantFrom(57, 114, 210 * 57 - 1, 210 * 57, 210 * 57 + 1),
    );
    fc.assert(
      fc.property(lengths, fc.integer({ min: 0, max: 5 }), fc.nat(255), (length, offset, seed) => {
        const octets = Uint8Array.from({ length }, (_, at) => (at * 31 + seed) >> 2);
        const [own, platforms] = [false, true].map((hasBase64) => {
          const target = new Uint8Array(offset + wrappedBase64Length(length) + 3).fill(0xff);
          const end = writeBase64(onPlatform(octets, hasBase64), target, offset);
          return { target: Buffer.from(target).toString("latin1"), end };
        });
        expect(platforms).toEqual(own);
        expect(encodeBase64(onPlatform(octets, true))).toBe(
          encodeBase64(onPlatform(octets, false)),
        );
      }),
    );
  });
});

describe("an ordinary domain", () => {
  const label = fc.oneof(
    fc.stringMatching(/^[a-z0-9-]{0,4}$/),
    fc.constantFrom("example", "xn--bcher-kva", "0x1", "123", "a".repeat(63), "b".repeat(64)),
  );
  const domain = fc.array(label, { minLength: 1, maxLength: 7 }).map((labels) => labels.join("."));

  // Upper case takes the long way.
  it("is what it is in upper case, or refused for the same reason", () => {
    fc.assert(
      fc.property(domain, (text) => {
        expect(parseDomain(text)).toEqual(parseDomain(text.toUpperCase()));
      }),
      RUNS,
    );
  });

  it.each([253, 254, 255, 256])("of %i octets as well", (length) => {
    const text = `${"a.".repeat(length).slice(0, length - 1)}b`.replace("..", ".a");
    expect(parseDomain(text)).toEqual(parseDomain(text.toUpperCase()));
    expect(parseAddress(`a@${text}`).ok).toBe(parseAddress(`a@${text.toUpperCase()}`).ok);
  });

  it.each(["example.com\n", "\nexample.com", "a.example.com\r\n.b", "a_b.example", "a.b."])(
    "is not %j",
    (text) => {
      expect(parseDomain(text).ok).toBe(false);
    },
  );
});

describe("the length in UTF-8", () => {
  it("is that of what is encoded, halves of surrogate pairs included", () => {
    const unit = fc.oneof(fc.nat(0x7f), fc.nat(0x7ff), fc.nat(0xffff));
    const text = fc.array(unit).map((units) => String.fromCharCode(...units));
    fc.assert(
      fc.property(text, (one) => {
        expect(utf8Length(one)).toBe(new TextEncoder().encode(one).length);
      }),
      RUNS,
    );
  });
});

describe("a header value that fits", () => {
  const words = fc.array(fc.constantFrom("a", " ", "\t", "=?", "word", "x".repeat(30)));

  it("stays as it is, and a longer one unfolds to what it was", () => {
    fc.assert(
      fc.property(fc.constantFrom("To", "Subject", "X-".padEnd(40, "a")), words, (name, parts) => {
        const value = parts.join("");
        const folded = foldValue(name, value);
        expect(folded.replaceAll(/\r\n(?=[ \t])/g, "").trimStart()).toBe(value.trimStart());
        const limit = value.includes("=?") ? 76 : 78;
        if (name.length + 2 + value.length <= limit) expect(folded).toBe(value);
      }),
      RUNS,
    );
  });

  it.each([996, 997, 998])("is encoded only where a word of %i is too long", (length) => {
    const text = "a".repeat(length);
    expect(formatUnstructured("Subject", text).includes("=?")).toBe(length > 997);
  });
});

describe("a text", () => {
  it.each([
    ["From the start", "quoted-printable"],
    ["a\nFrom the second line", "quoted-printable"],
    ["a\rFrom a lone CR", "quoted-printable"],
    ["Far From a start", "7bit"],
    ["from below", "7bit"],
    [`${"a".repeat(998)}\nb`, "7bit"],
    [`${"a".repeat(999)}\nb`, "quoted-printable"],
    ["a\u007f", "quoted-printable"],
    ["a\u0001", "quoted-printable"],
    ["a\tb", "7bit"],
  ])("%j travels as %s", (text, encoding) => {
    expect(encodeText(text).encoding).toBe(encoding);
  });
});

describe("the last look", () => {
  const LINE = "x".repeat(997);
  const octets = fc.constantFrom("\r\n", "\r\n", "a", " ", LINE, "\r", "\n", "\0", "\x7f", "\xfc");
  const rare = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom("\r\n", "a", LINE, ".", "\t", "\x01") },
    { weight: 1, arbitrary: octets },
  );

  /** The rules one by one, over all of the message as one text. */
  function isComposed(text: string, allowed: { header: boolean; body: boolean }): boolean {
    const lines = text.split("\r\n");
    const end = lines.indexOf("");
    const header = lines.slice(0, end).join("");
    const body = lines.slice(end).join("");
    return (
      end !== -1 &&
      end < lines.length - 1 &&
      lines.at(-1) === "" &&
      lines.every((line) => line.length <= 998 && !/[\r\n\0]/.test(line)) &&
      !(allowed.header ? /\x7f/ : /[\x7f-\xff]/).test(header) &&
      (allowed.body || !/[\x80-\xff]/.test(body))
    );
  }

  it("sees what the rules say, wherever the message is cut into segments", () => {
    const pieces = fc.array(fc.array(rare, { maxLength: 8 }), { maxLength: 5 });
    const allowed = fc.record({ header: fc.boolean(), body: fc.boolean() });
    fc.assert(
      fc.property(pieces, fc.boolean(), allowed, (parts, isWhole, eightBit) => {
        const texts = [...parts.map((part) => part.join("")), isWhole ? "\r\n\r\n" : ""];
        const segments = texts.map((text): Segment => {
          return { type: "octets", octets: new Uint8Array(Buffer.from(text, "latin1")) };
        });
        const look = (): void => assertComposed(segments, eightBit);
        if (isComposed(texts.join(""), eightBit)) expect(look).not.toThrow();
        else expect(look).toThrow(TypeError);
      }),
      { numRuns: 5_000 },
    );
  });
});
