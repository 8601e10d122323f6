/** Flowed text (RFC 3676 §4), read back by a reader that shares nothing with what wrote it. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { flow } from "../../src/mail/format-flowed.ts";

const WORDS = "The quick brown fox jumps over the lazy dog. ";
const lines = (...all: string[]) => all.join("\r\n");

/** RFC 3676 §4.1 with DelSp=no: marks, stuffing, then whether the next line belongs to this one. */
function unflow(text: string): string {
  const paragraphs: string[] = [];
  let open: { depth: number; text: string } | undefined;
  for (const line of text.split("\r\n")) {
    let depth = 0;
    while (line.charAt(depth) === ">") depth += 1;
    const unquoted = line.slice(depth);
    const content = unquoted.startsWith(" ") ? unquoted.slice(1) : unquoted;
    if (open !== undefined) expect(depth).toBe(open.depth);
    open = { depth, text: (open?.text ?? "") + content };
    if (content !== "-- " && content.endsWith(" ")) continue;
    paragraphs.push(shown(depth, open.text));
    open = undefined;
  }
  expect(open).toBeUndefined();
  return paragraphs.join("\r\n");
}

function shown(depth: number, text: string): string {
  return ">".repeat(depth) + (depth > 0 && text !== "" ? " " : "") + text;
}

/** The text less what is lost: spaces at the ends of lines, and the lack of one after quote marks. */
function wanted(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => {
      const [, marks = "", rest = ""] = /^(>*)(.*)$/s.exec(line) ?? [];
      const content = marks === "" ? rest : rest.replace(/^ /, "");
      return shown(marks.length, content === "-- " ? content : content.replace(/ *$/, ""));
    })
    .join("\r\n");
}

const piece = fc.oneof(
  fc.constantFrom(" ", "  ", "a ", "word ", "\n", "\r\n", "\r", ">", "> ", "-- ", "--", "\t"),
  fc.constantFrom("From ", "\nFrom ", "\n>From ", "\n-- \n", "\n> -- \n", "\n>-- \n", "\n -- \n"),
  fc.constantFrom("x".repeat(70), `-- ${"y".repeat(80)} `, WORDS, "\u00a0", " \u0301", " \u200d"),
  fc.constantFrom(" 🏽", "👩🏽‍🚀 ", "é ", " \u0e33", "日本 ", " \ufe0f", ">".repeat(40)),
  fc.string({ unit: "grapheme", maxLength: 30 }),
);
const anyText = fc.oneof(
  fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join("")),
  fc.string({ unit: "binary", maxLength: 300 }),
);

describe("flowed text", () => {
  it("is read back as it was", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(unflow(flow(text))).toBe(wanted(text));
      }),
      { numRuns: 3000 },
    );
  });

  it("is that of its own reading", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(flow(unflow(flow(text)))).toBe(flow(text));
      }),
    );
  });

  it("has lines of 72 where words allow, and no mbox mark", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const line of flow(text).split("\r\n")) {
          expect(line).not.toMatch(/^From |[\r\n]/);
          const content = line.replace(/^>*/, "");
          if (line.length <= 72 || line.length - content.length > 34) continue;
          // One word, or what would be taken for the signature, or for two characters.
          expect(content).toMatch(
            /^ *(?:-- )?[^ ]*(?: +[\p{M}\p{Emoji_Modifier}\u200d\u0e33][^ ]*)* *$/u,
          );
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("breaks no character in two", () => {
    const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join("").replaceAll(/[\r\n>]|^ +|(?<= ) +/g, "");
        fc.pre(!text.includes("-- ") && !text.includes("From "));
        const starts = new Set(Array.from(segmenter.segment(text), ({ index }) => index));
        let at = 0;
        for (const line of flow(text).split("\r\n")) {
          expect(at === 0 || starts.has(at)).toBe(true);
          at += line.replace(/^ /, "").length;
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["nothing", "", ""],
    ["a short line", "Hello", "Hello"],
    ["line ends of any kind", "a\nb\rc\r\nd\n\re", lines("a", "b", "c", "d", "", "e")],
    ["spaces at line ends", "a  \nb \n", lines("a", "b", "")],
    ["a line of spaces", `a\n${" ".repeat(99)}\nb`, lines("a", "", "b")],
    ["72 columns", "a ".repeat(35) + "b", "a ".repeat(35) + "b"],
    ["74 columns", "aaaa ".repeat(14) + "bbbb", lines("aaaa ".repeat(14), "bbbb")],
    ["a word of 200", `a ${"b".repeat(200)} c`, lines("a ", `${"b".repeat(200)} `, "c")],
    ["a signature", "a\n-- \nAnn", lines("a", "-- ", "Ann")],
    ["a signature in a quote", "> -- \n>-- ", lines("> -- ", "> -- ")],
    ["dashes that are no signature", "--  \n -- ", lines("--", "  --")],
    ["dashes before a long word", `-- ${"b".repeat(99)}`, `-- ${"b".repeat(99)}`],
    ["a line that begins with a space", " a\n  b", lines("  a", "   b")],
    ["From", "From me\nFromage\n From", lines(" From me", "Fromage", "  From")],
    ["From in a quote", ">From me", "> From me"],
    ["a quote", "> a\n>> b\n>c\n>\n> \nd", lines("> a", ">> b", "> c", ">", ">", "d")],
    ["a quote that is indented", ">  a", ">  a"],
    ["quote marks put apart", "> > a", "> > a"],
    [
      "a long quote",
      `>> ${WORDS.repeat(2)}`,
      lines(
        ">> The quick brown fox jumps over the lazy dog. The quick brown fox ",
        ">> jumps over the lazy dog.",
      ),
    ],
    [
      "more quote marks than text",
      `${">".repeat(40)} ${WORDS}`,
      `${">".repeat(40)} ${WORDS.trim()}`,
    ],
    [
      "a word that would be a quote",
      `${"a".repeat(60)} ${"b".repeat(8)} > c`,
      lines(`${"a".repeat(60)} ${"b".repeat(8)} `, " > c"),
    ],
    [
      "a word that would be From",
      `${"a".repeat(70)} From b`,
      lines(`${"a".repeat(70)} `, " From b"),
    ],
    [
      "an accent on a space",
      `${"a".repeat(70)} \u0301b c`,
      lines(`${"a".repeat(70)} \u0301b `, "c"),
    ],
  ])("is made of %s", (_, text, expected) => {
    expect(flow(text)).toBe(expected);
  });

  it.each([
    ["words", "a ".repeat(500_000)],
    ["spaces", `a${" ".repeat(1_000_000)}b`],
    ["quote marks", ">".repeat(500_000) + " a".repeat(250_000)],
    ["quoted words", `${">".repeat(30)}${" a".repeat(500_000)}`],
    ["one word", "a".repeat(1_000_000)],
    ["signatures", `${"-- ".repeat(300_000)}b`],
    ["accents", " \u0301".repeat(500_000)],
    ["line ends", "\n".repeat(500_000)],
  ])("is made of a megabyte of %s in linear time", (_, text) => {
    const before = performance.now();
    expect(flow(text).length).toBeLessThan(text.length * 4);
    expect(performance.now() - before).toBeLessThan(3_000);
  });
});
