/** The tables of the local database, made before a Worker starts over it. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { makeTables } from "./tables.ts";
import { startWorker } from "./worker.ts";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "postrider-tables-"));
  writeFileSync(
    join(folder, "wrangler.toml"),
    `name = "tables"
main = "worker.js"
compatibility_date = "2026-10-30"
[[d1_databases]]
binding = "JOURNAL"
database_name = "postrider"
`,
  );
  writeFileSync(
    join(folder, "worker.js"),
    `export default { fetch: async (_, { JOURNAL }) => {
      await JOURNAL.prepare("INSERT INTO suppressions VALUES (?1, 'manual', '', 0)")
        .bind(crypto.randomUUID()).run();
      return Response.json(await JOURNAL.prepare("SELECT count(*) AS kept FROM suppressions").first());
    } };`,
  );
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** How many rows there are, each start and each question adding one. */
async function keptIn(state: string): Promise<number> {
  const worker = await startWorker({ folder, persistTo: state, vars: {} });
  try {
    const { kept } = (await (await fetch(worker.url)).json()) as { readonly kept: number };
    return kept;
  } finally {
    await worker.stop();
  }
}

it("makes them once, and leaves what is in them", async () => {
  const state = join(folder, "state");
  await makeTables(state);
  const kept = await keptIn(state);
  await makeTables(state);
  // As if the migrations had changed: they run over the database that is there.
  for (const mark of readdirSync(state).filter((name) => name.startsWith("migrated-"))) {
    rmSync(join(state, mark));
  }
  await makeTables(state);
  expect(await keptIn(state)).toBeGreaterThan(kept);
}, 60_000);
