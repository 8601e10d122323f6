/** The README's copy of the table, between two comments that say whose it is. */
import { readFileSync, writeFileSync } from "node:fs";

const README = new URL("../../README.md", import.meta.url);
const BEGIN = "<!-- bench: begin -->";
const END = "<!-- bench: end -->";

/** Leaves a README without the two comments alone. */
export function writeReadme(table: string): void {
  const text = readFileSync(README, "utf8");
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END, begin);
  if (begin === -1 || end === -1) return;
  const before = text.slice(0, begin + BEGIN.length);
  writeFileSync(README, `${before}\n\n${table}\n\n${text.slice(end)}`);
}
