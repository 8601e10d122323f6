/**
 * The tables of the local database, made before `wrangler dev` starts over it. The migrations run through
 * wrangler, which takes seconds: so once, into a folder that is copied from then on.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Brings the database in a folder of `wrangler dev --persist-to` up to the migrations as they are. */
export async function makeTables(state: string): Promise<void> {
  const version = migrationsVersion();
  const mark = join(state, `migrated-${version}`);
  if (existsSync(mark)) return;
  await mkdir(state, { recursive: true });
  if (existsSync(join(state, "v3", "d1"))) await migrate(state);
  else await cp(await migrated(version), state, { recursive: true });
  await writeFile(mark, "");
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MIGRATIONS = join(ROOT, "src/store/migrations");
const CACHE = join(ROOT, "node_modules/.cache/postrider");
const PACKAGE = fileURLToPath(import.meta.resolve("wrangler/package.json"));
const WRANGLER = join(dirname(PACKAGE), "bin/wrangler.js");

/** Changes with the migrations, the wrangler that lays the folder out, and the name of the database. */
function migrationsVersion(): string {
  const hash = createHash("sha256");
  for (const file of [PACKAGE, join(ROOT, "wrangler.toml")]) hash.update(readFileSync(file));
  for (const name of readdirSync(MIGRATIONS).toSorted()) {
    hash.update(name).update(readFileSync(join(MIGRATIONS, name)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** A folder with a database that has the tables and nothing else. */
async function migrated(version: string): Promise<string> {
  const folder = join(CACHE, version);
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const fresh = await mkdtemp(join(CACHE, "new-"));
  try {
    await migrate(fresh);
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    // Somebody else who started at the same time was first.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

async function migrate(state: string): Promise<void> {
  await promisify(execFile)(
    process.execPath,
    [WRANGLER, "d1", "migrations", "apply", "JOURNAL", "--local", `--persist-to=${state}`],
    {
      cwd: ROOT,
      env: {
        ...process.env,
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_SEND_ERROR_REPORTS: "false",
        WRANGLER_HIDE_BANNER: "true",
        WRANGLER_LOG_PATH: join(state, "logs"),
        // Without it wrangler asks whether to go on, where there is a terminal.
        CI: "true",
      },
    },
  );
  await rm(join(state, "logs"), { recursive: true, force: true });
}
