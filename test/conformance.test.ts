/**
 * conformance.md against the source and the tests, in both directions: no requirement without a file and
 * a test, no transcript and no file of the dialogue without a requirement, no clause cited that is not
 * listed, none listed that is not cited.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TEXT = readFileSync(new URL("conformance.md", import.meta.url), "utf8");

interface Requirement {
  readonly id: string;
  readonly files: readonly string[];
  readonly transcripts: readonly string[];
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

interface Citation {
  readonly file: string;
  /** `RFC 5321 §4.2`. */
  readonly clause: string;
}

/** The cells of every row of the table under a heading. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  const section = TEXT.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What stands in backquotes. */
function namesIn(cell: string): readonly string[] {
  return Array.from(cell.matchAll(/`([^`]+)`/g), ([, name = ""]) => name);
}

function testsIn(cell: string): Requirement["tests"] {
  return cell.split("; ").flatMap((entry) => {
    const file = namesIn(entry)[0] ?? "";
    return Array.from(entry.matchAll(/"([^"]+)"/g), ([, title = ""]) => ({ file, title }));
  });
}

const REQUIREMENTS: readonly Requirement[] = rowsUnder("Requirements").map(
  ([id = "", , files = "", tests = ""]) => ({
    id,
    files: namesIn(files),
    transcripts: namesIn(tests).filter((name) => name.endsWith(".txt")),
    tests: testsIn(tests),
  }),
);
const CLAUSES = rowsUnder("Clauses").map(([clause = "", about = "", files = ""]) => ({
  clause,
  about,
  files: namesIn(files),
}));

function filesUnder(folder: string, ending: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${folder}/${file}`)
    .toSorted();
}

const SOURCES = filesUnder("src", ".ts");
const TRANSCRIPTS = filesUnder("test/transcripts", ".txt");

/** The file with its comments unwrapped: a citation may go over a line end. */
function unwrapped(file: string): string {
  return readFileSync(join(ROOT, file), "utf8").replaceAll(
    /\n[ \t]*(?:\*(?!\/)|\/\/)?[ \t]*/g,
    " ",
  );
}

const CLAUSE = String.raw`§[0-9A-Z](?:\.?[0-9]+)*`;
/** `RFC 5321 §4.2`, or `RFC 9422 §4.2, §4.3`, which cites two. */
const CITATION = new RegExp(String.raw`RFC (\d+) (${CLAUSE}(?:(?:, | and )${CLAUSE})*)`, "g");

function citationsIn(file: string): readonly Citation[] {
  return Array.from(unwrapped(file).matchAll(CITATION), ([, number = "", clauses = ""]) =>
    clauses.split(/, | and /).map((clause) => ({ file, clause: `RFC ${number} ${clause}` })),
  ).flat();
}

/** What looks like a citation and is not written as one. */
const MALFORMED: readonly RegExp[] = [
  /\bRFC(?:[-_]?\d|\s{2,}\d).{0,20}/g,
  /\b(?:rfc|Rfc)[ -]\d{3,}.{0,20}/g,
  /\bRFC \d+,? (?:section|sec\.|chapter|clause|s\.|#|§ |\d).{0,20}/gi,
  /\bRFC \d+[§#].{0,20}/g,
  /\b(?:section|clause) \d+(?:\.\d+)* of RFC.{0,20}/gi,
  /.{0,20}(?:§§|§(?![0-9A-Z]))/g,
];

function malformedIn(file: string): readonly string[] {
  const text = unwrapped(file);
  const found = MALFORMED.flatMap((pattern) => text.match(pattern) ?? []);
  // A clause without its RFC is of the one named shortly before it.
  const lone = Array.from(text.matchAll(/§/g), ({ index }) =>
    text.slice(Math.max(0, index - 200), index),
  );
  return [...found, ...lone.filter((before) => !/RFC \d+ /.test(before))];
}

const CITATIONS = SOURCES.flatMap(citationsIn);

describe("the requirements", () => {
  it("are there, each once", () => {
    const ids = REQUIREMENTS.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(80);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[A-J][1-9]\d?$/);
  });

  it("of A to G are all here, or listed as not met yet or by others", () => {
    const last = { A: 15, B: 12, C: 6, D: 11, E: 15, F: 12, G: 4 };
    const ids = new Set([
      ...REQUIREMENTS.map(({ id }) => id),
      ...Array.from(TEXT.matchAll(/^- ([A-J]\d+)/gm), ([, id]) => id),
    ]);
    for (const [letter, count] of Object.entries(last)) {
      for (let number = 1; number <= count; number += 1)
        expect(ids).toContain(`${letter}${number}`);
    }
  });

  it.each(REQUIREMENTS)("$id names files that exist, and a test that does", (requirement) => {
    const { files, transcripts, tests } = requirement;
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(SOURCES).toContain(file);
    expect(transcripts.length + tests.length).toBeGreaterThan(0);
    for (const name of transcripts) expect(TRANSCRIPTS).toContain(`test/transcripts/${name}`);
    for (const { file, title } of tests) {
      expect(existsSync(join(ROOT, file)), file).toBe(true);
      expect(titlesOf(file), file).toContain(title);
    }
  });

  it.each(SOURCES.filter((file) => /^src\/smtp\/.*(?<!\.d)\.ts$/.test(file)))("need %s", (file) => {
    expect(REQUIREMENTS.some(({ files }) => files.includes(file))).toBe(true);
  });

  it.each(TRANSCRIPTS)("need %s", (file) => {
    const name = file.slice("test/transcripts/".length);
    expect(REQUIREMENTS.some(({ transcripts }) => transcripts.includes(name))).toBe(true);
  });
});

/** Every string that is passed to `it` or to what `it.each` gives. */
function titlesOf(file: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const calls = text.matchAll(/(?:\bit|[)\]}])\(\s*"((?:[^"\\]|\\.)*)"/g);
  return Array.from(calls, ([, title = ""]) => title.replaceAll(/\\(.)/g, "$1"));
}

describe("the clauses", () => {
  it("are all of those that the source cites, and no others", () => {
    const cited = new Set(CITATIONS.map(({ clause }) => clause));
    expect(CLAUSES.map(({ clause }) => clause).toSorted()).toStrictEqual([...cited].toSorted());
  });

  it.each(CLAUSES)("$clause is cited in the files that are named", ({ clause, about, files }) => {
    const citing = CITATIONS.filter((citation) => citation.clause === clause);
    expect(files).toStrictEqual([...new Set(citing.map(({ file }) => file))]);
    expect(about).not.toBe("");
  });

  it.each(SOURCES)("are cited in the one form: %s", (file) => {
    expect(malformedIn(file)).toStrictEqual([]);
  });
});
