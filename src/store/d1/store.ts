/** The store over D1: the tables are those of `migrations/`. */
import type { D1Database } from "@cloudflare/workers-types";

import type { Store } from "../store.ts";
import { openClaims } from "./claims.ts";
import { openJournal } from "./journal.ts";
import { openSuppressions } from "./suppressions.ts";

/** What the database keeps. A method rejects where D1 does; `storeFault` tells why. */
export function openStore(db: D1Database): Store {
  return {
    journal: openJournal(db),
    claims: openClaims(db),
    suppressions: openSuppressions(db),
  };
}
