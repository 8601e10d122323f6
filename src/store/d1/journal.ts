/** The journal over D1: reading it, and changing a mail that is scheduled. */
import type { D1Database } from "@cloudflare/workers-types";

import type { Change, Journal, MailQuery } from "../journal.ts";
import { admission } from "./admission.ts";
import { attempts } from "./attempts.ts";
import { due } from "./due.ts";
import { jsonGroups } from "./groups.ts";
import { eventOf, MAIL_COLUMNS, mailOf } from "./row.ts";
import type { EventRow, MailRow } from "./row.ts";

/** The journal that the database holds. */
export function openJournal(db: D1Database): Journal {
  return {
    ...attempts(db),
    ...due(db),
    admit: async (mails) => {
      if (mails.length > 0) await db.batch([...admission(db, mails)]);
    },
    mail: async (id) => {
      const row = await db.prepare(FIND).bind(id).first<WholeRow>();
      if (row === null) return undefined;
      const { text, html } = row;
      const mail = mailOf(row);
      const texts = { ...(text === null ? {} : { text }), ...(html === null ? {} : { html }) };
      return { ...mail, facts: { ...mail.facts, ...texts } };
    },
    mails: async (ids) => {
      const groups = jsonGroups(ids);
      if (groups.length === 0) return [];
      const found = await db.batch<MailRow>(
        groups.map((group) => db.prepare(FIND_ALL).bind(group)),
      );
      return found.flatMap(({ results }) => results.map(mailOf));
    },
    events: async (id) => {
      const { results } = await db.prepare(EVENTS).bind(id).all<EventRow>();
      return results.map(eventOf);
    },
    list: async (query) => list(db, query),
    reschedule: async (id, { nowMs, scheduledAtMs, checkAtMs }) =>
      change(db, id, [
        db
          .prepare(ADD_EVENT)
          .bind(
            id,
            nowMs,
            "rescheduled",
            JSON.stringify({ scheduledAt: new Date(scheduledAtMs).toISOString() }),
          ),
        db.prepare(RESCHEDULE).bind(id, scheduledAtMs, checkAtMs),
      ]),
    cancel: async (id, nowMs) =>
      change(db, id, [
        db.prepare(ADD_EVENT).bind(id, nowMs, "canceled", "{}"),
        db.prepare(DROP_BODY).bind(id),
        db.prepare(CANCEL).bind(id, nowMs),
      ]),
  };
}

interface WholeRow extends MailRow {
  readonly text: string | null;
  readonly html: string | null;
}

const FIND_ALL = `
  SELECT ${MAIL_COLUMNS} FROM mails WHERE id IN (SELECT value FROM json_each(?1))`;

const FIND = `
  SELECT ${MAIL_COLUMNS}, texts.text, texts.html
  FROM mails LEFT JOIN texts ON texts.mail = mails.id WHERE mails.id = ?1`;

const EVENTS = "SELECT at, type, data FROM events WHERE mail = ?1 ORDER BY number";

async function list(db: D1Database, query: MailQuery): ReturnType<Journal["list"]> {
  const { limit, after, before, statuses, token } = query;
  const conditions: string[] = [];
  const values: unknown[] = [limit + 1];
  const where = (condition: string, value: unknown): void => {
    values.push(value);
    conditions.push(condition.replace("?", `?${values.length}`));
  };
  if (token !== undefined) where("token = ?", token);
  if (statuses !== undefined) {
    where("status IN (SELECT value FROM json_each(?))", JSON.stringify(statuses));
  }
  if (after !== undefined) where("position < (SELECT position FROM mails WHERE id = ?)", after);
  if (before !== undefined) where("position > (SELECT position FROM mails WHERE id = ?)", before);
  // The page right before a cursor is read from the cursor on, and turned around.
  const order = before === undefined ? "DESC" : "ASC";
  const page = `
    SELECT ${MAIL_COLUMNS} FROM mails
    ${conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`}
    ORDER BY position ${order} LIMIT ?1`;
  const cursors = [after, before].filter((cursor) => cursor !== undefined);
  const [rows, ...named] = await db.batch([
    db.prepare(page).bind(...values),
    ...cursors.map((cursor) => db.prepare(CURSOR).bind(cursor, token ?? null)),
  ]);
  if (named.some(({ results }) => results.length === 0)) return undefined;
  const mails = ((rows?.results ?? []) as readonly MailRow[]).map(mailOf);
  const shown = mails.slice(0, limit);
  return {
    mails: before === undefined ? shown : shown.toReversed(),
    hasMore: mails.length > limit,
  };
}

/** A mail of somebody else is no cursor: whether it is there is nobody else's business. */
const CURSOR = "SELECT 1 FROM mails WHERE id = ?1 AND (?2 IS NULL OR token = ?2)";

/** The last of the statements changes the mail, if it may be changed. */
async function change(
  db: D1Database,
  id: string,
  statements: readonly ReturnType<D1Database["prepare"]>[],
): Promise<Change> {
  const answers = await db.batch([
    ...statements,
    db.prepare("SELECT 1 FROM mails WHERE id = ?1").bind(id),
  ]);
  if (answers[statements.length - 1]?.meta.changes === 1) return "done";
  return answers.at(-1)?.results.length === 0 ? "missing" : "settled";
}

const WAITS = "id = ?1 AND status = 'scheduled'";

const ADD_EVENT = `
  INSERT INTO events (mail, number, at, type, data)
  SELECT id, coalesce((SELECT max(number) + 1 FROM events WHERE mail = ?1), 0), ?2, ?3, ?4
  FROM mails WHERE ${WAITS}`;

// The turn is another one, so that a message under way is of no more use.
const RESCHEDULE = `
  UPDATE mails SET scheduled_at = ?2, check_at = ?3, turn = turn + 1 WHERE ${WAITS}`;

const CANCEL = `
  UPDATE mails SET status = 'canceled', check_at = NULL, settled_at = ?2, owed = NULL, turn = turn + 1 WHERE ${WAITS}`;

const DROP_BODY = `DELETE FROM bodies WHERE mail = (SELECT id FROM mails WHERE ${WAITS})`;
