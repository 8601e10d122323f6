import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import {
  hasBidiControl,
  hasControl,
  hasControlButTab,
  hasInvisible,
} from "../../src/mail/characters.ts";

describe("characters", () => {
  it.each([
    ["controls and separators", hasControl, /[\p{Cc}\u2028\u2029]/u],
    ["the same but TAB", hasControlButTab, /[^\P{Cc}\t]|[\u2028\u2029]/u],
    ["bidirectional controls", hasBidiControl, /\p{Bidi_Control}/u],
    ["invisible ones", hasInvisible, /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u],
  ])("finds %s as Unicode has them, at every code point", (_name, has, pattern) => {
    const differing: string[] = [];
    for (let code = 0; code <= 0x10_ff_ff; code += 1) {
      const text = String.fromCodePoint(code);
      if (has(text) !== pattern.test(text)) differing.push(code.toString(16));
    }
    expect(differing).toEqual([]);
  });

  it("keeps Unicode properties out of literals, whose tables V8 reads at every start", () => {
    const sources = new URL("../../src/", import.meta.url);
    const literals = readdirSync(sources, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .flatMap((path) => readFileSync(new URL(path, sources), "utf8").split("\n"))
      .filter((line) => /\\[pP]\{/.test(line) && !line.includes("String.raw`"));
    expect(literals).toEqual([]);
  });
});
