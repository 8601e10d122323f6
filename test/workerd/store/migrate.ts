/** Before each test file: the tables of the local database, as `npm run migrate:local` would make them. */
import { applyD1Migrations, env } from "cloudflare:test";
import type { D1Migration } from "cloudflare:test";
import type { D1Database } from "@cloudflare/workers-types";

const bound = env as unknown as {
  readonly JOURNAL: D1Database;
  readonly TEST_MIGRATIONS: D1Migration[];
};
await applyD1Migrations(bound.JOURNAL, bound.TEST_MIGRATIONS);
