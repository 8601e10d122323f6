/** Every title of an error is a heading of README.md, since the `type` of the error is a link to it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

import { PROBLEMS } from "../../src/http/api/problems.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const HEADINGS = Array.from(
  readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/^#{2,4} (.+)$/gm),
  ([, heading = ""]) => heading,
);

it.each(Object.keys(PROBLEMS))("README.md has a section: %s", (title) => {
  expect(HEADINGS).toContain(title);
});
