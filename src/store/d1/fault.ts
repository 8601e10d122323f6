/** Why the database did not answer. */

/**
 * `not migrated` where the tables are missing, or are those of an older version: `npm run migrate` mends
 * that. `unavailable` is everything else, and may pass by itself.
 */
export type StoreFault = "not migrated" | "unavailable";

/** What is behind an error that a method of a Store rejected with. */
export function storeFault(error: unknown): StoreFault {
  // D1 has no codes, only the text of SQLite; it comes as the message, the cause, or both.
  for (let each = error, depth = 0; each instanceof Error && depth < MAX_DEPTH; depth++) {
    if (OTHER_TABLES.test(each.message)) return "not migrated";
    each = each.cause;
  }
  return "unavailable";
}

const OTHER_TABLES = /no such (table|column)|has no column named/;
const MAX_DEPTH = 5;
