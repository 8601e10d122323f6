/** What a clock does with the journal: mails that are due, attempts that never ended, and old mails. */
import type { D1Database } from "@cloudflare/workers-types";

import type { Journal, MailStatus } from "../journal.ts";
import { jsonGroups } from "./groups.ts";
import { MAIL_COLUMNS, mailOf } from "./row.ts";
import type { MailRow } from "./row.ts";

/** The methods of a Journal that a clock calls. */
export function due(
  db: D1Database,
): Pick<Journal, "takeDue" | "hasten" | "endInterrupted" | "forget"> {
  return {
    takeDue: async ({ nowMs, untilMs, checkAtMs, limit }) => {
      const taken = db.prepare(TAKE).bind(nowMs, Math.max(nowMs, untilMs), checkAtMs, limit);
      const { results } = await taken.run<TakenRow>();
      return results
        .map(({ id, turn, status, scheduled_at }) => ({
          id,
          turn,
          atMs: status === "scheduled" ? (scheduled_at ?? nowMs) : nowMs,
        }))
        .toSorted((one, other) => one.atMs - other.atMs);
    },
    hasten: async (turns, checkAtMs) => {
      if (turns.length === 0) return;
      await db.batch(jsonGroups(turns).map((json) => db.prepare(HASTEN).bind(json, checkAtMs)));
    },
    endInterrupted: async ({ nowMs, limit }) => {
      const [, ended] = await db.batch<MailRow>([
        db.prepare(TELL_INTERRUPTED).bind(nowMs, limit),
        db.prepare(END_INTERRUPTED).bind(nowMs, limit),
      ]);
      return (ended?.results ?? []).map(mailOf);
    },
    forget: async (beforeMs) => {
      let forgotten = 0;
      for (let step = 0; step < FORGET_STEPS; step++) {
        const answers = await db.batch(
          FORGET.map((sql) => db.prepare(sql).bind(beforeMs, FORGET_AT_ONCE)),
        );
        const count = answers.at(-1)?.meta.changes ?? 0;
        forgotten += count;
        if (count < FORGET_AT_ONCE) break;
      }
      return forgotten;
    },
  };
}

interface TakenRow {
  readonly id: string;
  readonly turn: number;
  readonly status: MailStatus;
  readonly scheduled_at: number | null;
}

// An attempt that is over time becomes a mail that waits, in doubt: a `begin` of its new turn must not
// find it busy until the time at which it is looked after again.
const TAKE = `
  UPDATE mails SET turn = turn + 1, check_at = ?3,
    in_doubt = (in_doubt = 1 OR status = 'sending'),
    status = CASE status WHEN 'sending' THEN 'queued' ELSE status END
  WHERE position IN (
    SELECT position FROM mails
    WHERE check_at <= ?2 AND (
      status = 'scheduled'
      OR status IN ('queued', 'deferred') AND check_at <= ?1
      OR status = 'sending' AND check_at <= ?1
        AND EXISTS (SELECT 1 FROM bodies WHERE bodies.mail = mails.id)
    )
    ORDER BY check_at, position LIMIT ?4
  )
  RETURNING id, turn, status, scheduled_at`;

const HASTEN = `
  UPDATE mails SET check_at = ?2 FROM json_each(?1) AS asked
  WHERE mails.id = asked.value ->> 'id' AND mails.turn = asked.value ->> 'turn'
    AND mails.status IN ('scheduled', 'queued', 'deferred')`;

const INTERRUPTED = `
  SELECT position FROM mails
  WHERE status = 'sending' AND check_at <= ?1
    AND NOT EXISTS (SELECT 1 FROM bodies WHERE bodies.mail = mails.id)
  ORDER BY check_at, position LIMIT ?2`;

const TELL_INTERRUPTED = `
  INSERT INTO events (mail, number, at, type, data)
  SELECT mails.id, step.key + coalesce((SELECT max(number) + 1 FROM events WHERE mail = mails.id), 0),
    ?1, step.value, '{}'
  FROM mails, json_each('["interrupted", "unknown"]') AS step
  WHERE position IN (${INTERRUPTED})`;

const END_INTERRUPTED = `
  UPDATE mails SET status = 'unknown', check_at = NULL, settled_at = ?1, in_doubt = 0, owed = NULL
  WHERE position IN (${INTERRUPTED})
  RETURNING ${MAIL_COLUMNS}`;

/** Each step is one transaction, and others wait for it. */
const FORGET_AT_ONCE = 500;
const FORGET_STEPS = 20;

const OLD = `FROM mails WHERE settled_at < ?1 ORDER BY settled_at, position LIMIT ?2`;

/** The mails last, because the others are found by them. */
const FORGET = [
  `DELETE FROM events WHERE mail IN (SELECT id ${OLD})`,
  `DELETE FROM texts WHERE mail IN (SELECT id ${OLD})`,
  `DELETE FROM bodies WHERE mail IN (SELECT id ${OLD})`,
  `DELETE FROM mails WHERE position IN (SELECT position ${OLD})`,
] as const;
