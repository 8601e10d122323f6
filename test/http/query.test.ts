/** `?dryRun=`: what says yes, what says no, and what must not be overheard. */
import { expect, it } from "vitest";

import { readDryRun } from "../../src/http/query.ts";

function read(query: string) {
  return readDryRun(new Request(`http://localhost/emails${query}`));
}

it.each([
  ["", false],
  ["?", false],
  ["?x=1", false],
  ["?dryRun=true", true],
  ["?dry_run=true", true],
  ["?dryRun=false", false],
  ["?dryRun=true&dry_run=true&dryRun=true", true],
  ["?to=a@example.org&dry%52un=true", true],
])("%s is %s", (query, value) => {
  expect(read(query)).toStrictEqual({ ok: true, value });
});

it.each([
  ["?dryRun", "`dryRun` must be `true` or `false`, not ``."],
  ["?dryRun=", "`dryRun` must be"],
  ["?dryRun=1", "not `1`"],
  ["?dryRun=TRUE", "not `TRUE`"],
  ["?dry_run=yes%0A%E2%80%AE", "`dry_run` must be `true` or `false`, not `yes??`."],
  ["?dryRun=true&dryRun=false", "both"],
  ["?dryRun=true&dry_run=", "`dry_run`"],
  ["?dryrun=true", "no parameter `dryrun`; it is spelled `dryRun`"],
  ["?dry-run=true", "`dry-run`"],
  ["?DRY_RUN=true", "`DRY_RUN`"],
  ["?dryRun%5B%5D=true", "`dryRun[]`"],
])("%s is 400", (query, message) => {
  const result = read(query);
  expect(result.ok ? "" : result.problem.message).toContain(message);
  expect(result.ok ? 0 : result.problem.status).toBe(400);
});
