/** A deployment with a journal: its vars, and a look into what was written down. */
import type { Env } from "../../src/env.ts";
import type { JournalMail } from "../../src/store/journal.ts";
import { db, store } from "./store/samples.ts";
import { vars } from "./worker-calls.ts";

export { store };

/** As `vars`, with JOURNAL bound. */
export function journalled(more: Env = {}): Env {
  return vars({ JOURNAL: db, ...more });
}

/** The mail and its events, by the id that an answer told. */
export async function lifeOf(
  id: unknown,
): Promise<{ readonly mail: JournalMail | undefined; readonly steps: readonly string[] }> {
  const events = await store.journal.events(String(id));
  return {
    mail: await store.journal.mail(String(id)),
    steps: events.map(({ type }) => type),
  };
}
