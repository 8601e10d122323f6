/** Every title of an error is a heading of README.md, since the `type` of the error is a link to it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const HEADINGS = Array.from(
  readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/^#{2,4} (.+)$/gm),
  ([, heading = ""]) => heading,
);
const SOURCE = readdirSync(join(ROOT, "src/http"))
  .map((file) => readFileSync(join(ROOT, "src/http", file), "utf8"))
  .join("\n");
const TITLES = [
  ...new Set(Array.from(SOURCE.matchAll(/\btitle: "([A-Z][^"]+)"/g), ([, one]) => one)),
];

it.each(TITLES)("README.md has a section: %s", (title) => {
  expect(HEADINGS).toContain(title);
});

it("there are titles", () => {
  expect(TITLES.length).toBeGreaterThan(20);
});
