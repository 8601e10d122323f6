/** The store of the local database, and mails to put into it. */
import { env } from "cloudflare:test";

import type { Env } from "../../../src/env.ts";
import type { Journal, JournalEvent, NewMail } from "../../../src/store/journal.ts";
import { openStore } from "../../../src/store/d1/store.ts";

const { JOURNAL } = env as Env;
if (JOURNAL === undefined) throw new TypeError("wrangler.toml binds JOURNAL");

export const db = JOURNAL;
export const store = openStore(db);
export const journal: Journal = store.journal;

export const NOW = Date.UTC(2026, 10, 28);
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

export function event(type: JournalEvent["type"], atMs = NOW, data = {}): JournalEvent {
  return { atMs, type, data };
}

/** One that waits in the queue, unless told otherwise. */
export function newMail(more: Partial<NewMail> = {}): NewMail {
  const id = crypto.randomUUID();
  return {
    id,
    messageId: `<${id}@example.com>`,
    token: "app",
    createdAtMs: NOW,
    status: "queued",
    facts: { from: "ann@example.com", to: ["bob@example.org"], subject: "Hello" },
    body: '{"text":"x"}',
    checkAtMs: NOW + 10 * MINUTE,
    events: [event("queued")],
    ...more,
  };
}

export async function admitted(more: Partial<NewMail> = {}): Promise<NewMail> {
  const mail = newMail(more);
  await journal.admit([mail]);
  return mail;
}

/** What became of one wish to begin an attempt. */
export async function begin(id: string, { turn = 0, nowMs = NOW, leaseMs = MINUTE } = {}) {
  const [beginning] = await journal.begin([{ id, turn }], { nowMs, leaseMs });
  if (beginning === undefined) throw new Error("as many as were asked for");
  return beginning;
}

export async function bodyOf(id: string): Promise<string | null> {
  return db.prepare("SELECT body FROM bodies WHERE mail = ?1").bind(id).first<string>("body");
}

export async function eventTypes(id: string): Promise<readonly string[]> {
  return (await journal.events(id)).map(({ type }) => type);
}

/** For tests that look at the whole journal. */
export async function empty(): Promise<void> {
  await db.batch(
    ["mails", "bodies", "texts", "events", "claims", "suppressions"].map((table) =>
      db.prepare(`DELETE FROM ${table}`),
    ),
  );
}
