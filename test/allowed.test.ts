/** Lists of addresses and domains. */
import { describe, expect, it } from "vitest";

import { allows, parseAllowed, type Allowed } from "../src/allowed.ts";

function parsed(...words: readonly string[]): Allowed {
  const allowed = parseAllowed(words);
  if (!allowed.ok) throw new Error(allowed.problems.join("\n"));
  return allowed.value;
}

describe("parseAllowed", () => {
  it.each([
    ["a domain", "example.com", "ann@example.com"],
    ["a domain with an @", "@example.com", "ann@example.com"],
    ["a domain with a star", "*@example.com", "ann@example.com"],
    ["capitals in a domain", "EXAMPLE.com", "ann@example.com"],
    ["an international domain", "bücher.example", "ann@xn--bcher-kva.example"],
    ["an address", "ann@EXAMPLE.com", "ann@example.com"],
  ])("takes %s", (_, word, address) => {
    expect(allows(parsed(word), address)).toBe(true);
  });

  it.each([
    "",
    "a b",
    "@",
    "*@",
    "a@",
    "a@b@c",
    "*",
    "*.example.com",
    "exa mple.com",
    "a@@b.example",
  ])("refuses %j by its number", (word) => {
    const allowed = parseAllowed(["example.com", word]);
    expect(allowed).toMatchObject({ ok: false, problems: [expect.stringMatching(/^Entry 2 /)] });
  });

  it("allows nobody where it is empty", () => {
    expect(allows(parsed(), "ann@example.com")).toBe(false);
  });
});

describe("allows", () => {
  const allowed = parsed("example.com", "Bob@example.org");

  it.each([
    ["ann@example.com", true],
    ["ann@sub.example.com", false],
    ["ann@notexample.com", false],
    ["ann@example.com.example.net", false],
    ["Bob@example.org", true],
    // A local part is to the letter.
    ["bob@example.org", false],
    ["carol@example.org", false],
    ["", false],
    ["@example.net", false],
    ["constructor", false],
  ])("%s: %s", (address, expected) => {
    expect(allows(allowed, address)).toBe(expected);
  });
});
