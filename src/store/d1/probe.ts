/** Whether the database is there, with the tables that this version needs. */
import type { D1Database } from "@cloudflare/workers-types";

import { storeFault, type StoreFault } from "./fault.ts";

/** What is wrong with the database, if anything; no answer within the time is `unavailable`. Never rejects. */
export async function probeStore(
  db: D1Database,
  timeoutMs: number,
): Promise<StoreFault | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<StoreFault>();
  const timer = setTimeout(() => resolve("unavailable"), timeoutMs);
  const asked = db
    .prepare(PROBE)
    .all()
    .then(() => undefined, storeFault);
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}

// The newest column of each table. SQLite looks for them all, and reads nothing.
const PROBE = `
  SELECT mails.settled_at, mails.may_be_sent, mails.nonce, bodies.body, texts.html, events.data, claims.answer_body, suppressions.at
  FROM mails, bodies, texts, events, claims, suppressions LIMIT 0`;
