/** Attempts in the journal: who may begin one, and how it ended. */
import type { D1Database, D1PreparedStatement } from "@cloudflare/workers-types";

import type { Beginning, Journal, MailStatus, Settlement, Turn } from "../journal.ts";
import { IS_OPEN, isOpen } from "./condition.ts";
import { jsonGroups } from "./groups.ts";
import { listOf, MAIL_COLUMNS, mailOf } from "./row.ts";
import type { MailRow } from "./row.ts";

/** The methods of a Journal that belong to an attempt. */
export function attempts(db: D1Database): Pick<Journal, "begin" | "look" | "settle"> {
  return {
    begin: async (turns, { nowMs, leaseMs }) => {
      if (turns.length === 0) return [];
      const nonce = crypto.randomUUID();
      const groups = jsonGroups(turns);
      const begin = (): D1PreparedStatement[] => [
        ...groups.map((json) => db.prepare(BEGIN).bind(json, nowMs, nowMs + leaseMs, nonce)),
        ...groups.map((json) => db.prepare(BEGUN).bind(json, nonce)),
        ...groups.map((json) => db.prepare(LOOK).bind(json)),
      ];
      const answers = await persistently(async () => db.batch(begin()));
      const rows = answers.slice(groups.length).map(({ results }) => results);
      const begun = rows.slice(0, groups.length).flat() as readonly BegunRow[];
      const found = rows.slice(groups.length).flat() as readonly FoundRow[];
      return beginnings(turns, { nowMs, begun, found });
    },
    look: async (turns, nowMs) => {
      if (turns.length === 0) return [];
      const look: D1PreparedStatement[] = [];
      for (const json of jsonGroups(turns)) {
        look.push(db.prepare(LOOK_AT).bind(json, nowMs), db.prepare(LOOK).bind(json));
      }
      const rows = (await db.batch(look)).map(({ results }) => results);
      const begun = rows.filter((_, at) => at % 2 === 0).flat() as readonly BegunRow[];
      const found = rows.filter((_, at) => at % 2 === 1).flat() as readonly FoundRow[];
      return beginnings(turns, { nowMs, begun, found });
    },
    settle: async (settlements) => {
      if (settlements.length === 0) return new Set();
      const groups = jsonGroups(settlements.map(settlementValue));
      const answers = await db.batch<Pick<MailRow, "id">>(
        // The events first: afterwards nothing tells a settlement that counted from one that came late.
        [ADD_EVENTS, SETTLE, DROP_BODIES, COUNTED].flatMap((sql) =>
          groups.map((json) => db.prepare(sql).bind(json)),
        ),
      );
      const counted = answers.slice(-groups.length).flatMap(({ results }) => results);
      return new Set(counted.map(({ id }) => id));
    },
  };
}

/** Before the second try and the third. */
const PAUSES_MS = [50, 300];

/** The answer may be lost where the write is not: what is asked again must know itself again. */
async function persistently<T>(ask: () => Promise<T>): Promise<T> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await ask();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
  return ask();
}

interface BegunRow extends MailRow {
  readonly turn: number;
  readonly in_doubt: number;
  readonly may_be_sent: number;
  readonly owed: string | null;
  readonly body: string | null;
}

interface FoundRow {
  readonly id: string;
  readonly turn: number;
  readonly status: MailStatus;
  readonly check_at: number | null;
  readonly scheduled_at: number | null;
}

function beginnings(
  turns: readonly Turn[],
  rows: {
    readonly nowMs: number;
    readonly begun: readonly BegunRow[];
    readonly found: readonly FoundRow[];
  },
): readonly Beginning[] {
  const begun = new Map(rows.begun.map((row) => [row.id, row]));
  const found = new Map(rows.found.map((row) => [row.id, row]));
  return turns.map(({ id, turn }) => {
    const row = begun.get(id);
    if (row?.turn !== turn) return whyNot(found.get(id), { turn, nowMs: rows.nowMs });
    // A queue delivers a message twice now and then: the second of the same batch finds it busy.
    begun.delete(id);
    return {
      kind: "begun",
      mail: mailOf(row),
      ...(row.body === null ? {} : { body: row.body }),
      ...(row.owed === null ? {} : { owed: listOf(row.owed) }),
      isInDoubt: row.in_doubt === 1,
      mayBeSent: row.may_be_sent === 1,
    };
  });
}

function whyNot(
  row: FoundRow | undefined,
  { turn, nowMs }: { readonly turn: number; readonly nowMs: number },
): Beginning {
  if (row === undefined) return { kind: "missing" };
  if (row.turn !== turn) return { kind: "over" };
  if (row.status === "sending") return { kind: "busy", untilMs: row.check_at ?? nowMs };
  if (row.status === "scheduled") return { kind: "early", atMs: row.scheduled_at ?? nowMs };
  return { kind: "over" };
}

function settlementValue(settlement: Settlement): Readonly<Record<string, unknown>> {
  const { id, turn, attempt, status, isAsked, relay, reply, owed, checkAtMs, events } = settlement;
  const { mayBeSent, nonce = crypto.randomUUID() } = settlement;
  const told = { relay, reply, owed, checkAtMs, events };
  return { id, turn, attempt, status, isAsked, mayBeSent, nonce, ...told };
}

/** A message of a queue may come a little before its delay is over. */
const EARLY_MS = 1000;

const CAN_BEGIN = `mails.id = asked.value ->> 'id' AND mails.turn = asked.value ->> 'turn' AND (
    mails.status IN ('queued', 'deferred')
    OR mails.status = 'scheduled' AND coalesce(mails.scheduled_at, 0) <= ?2 + ${EARLY_MS}
    OR mails.status = 'sending' AND coalesce(mails.check_at, 0) <= ?2
  )`;

// An attempt whose lease is over never ended.
const IN_DOUBT = "(in_doubt = 1 OR status = 'sending')";
const MAY_BE_SENT = `(may_be_sent = 1 OR ${IN_DOUBT})`;

const BEGIN = `
  UPDATE mails SET status = 'sending', attempts = attempts + 1,
    in_doubt = ${IN_DOUBT}, may_be_sent = ${MAY_BE_SENT}, check_at = ?3, nonce = ?4
  FROM json_each(?1) AS asked
  WHERE ${CAN_BEGIN} AND mails.nonce IS NOT ?4`;

const BEGUN = `
  SELECT ${MAIL_COLUMNS}, turn, in_doubt, may_be_sent, owed,
    (SELECT body FROM bodies WHERE bodies.mail = mails.id) AS body
  FROM mails WHERE nonce = ?2 AND id IN (SELECT value ->> 'id' FROM json_each(?1))`;

const LOOK_AT = `
  SELECT ${MAIL_COLUMNS}, turn, ${IN_DOUBT} AS in_doubt, ${MAY_BE_SENT} AS may_be_sent, owed,
    (SELECT body FROM bodies WHERE bodies.mail = mails.id) AS body
  FROM mails JOIN (SELECT value FROM json_each(?1)) AS asked ON ${CAN_BEGIN}`;

const LOOK = `
  SELECT id, turn, status, check_at, scheduled_at FROM mails
  WHERE id IN (SELECT value ->> 'id' FROM json_each(?1))`;

/** The settlement is of the attempt that is under way, and nothing has ended the mail meanwhile. */
const COUNTS = `mails.id = settled.value ->> 'id' AND mails.turn = settled.value ->> 'turn'
    AND mails.attempts = settled.value ->> 'attempt' AND ${IS_OPEN}
    AND mails.nonce IS NOT settled.value ->> 'nonce'`;

const ADD_EVENTS = `
  INSERT INTO events (mail, number, at, type, data)
  SELECT mails.id,
    event.key + coalesce((SELECT max(number) + 1 FROM events WHERE mail = mails.id), 0),
    event.value ->> 'atMs', event.value ->> 'type', event.value -> 'data'
  FROM json_each(?1) AS settled
  JOIN mails ON ${COUNTS}
  JOIN json_each(settled.value -> 'events') AS event`;

// The reply goes with its relay: a relay that did not answer must not be shown with another's words.
const SETTLE = `
  UPDATE mails SET
    status = settled.value ->> 'status',
    check_at = settled.value ->> 'checkAtMs',
    nonce = settled.value ->> 'nonce',
    settled_at = CASE WHEN NOT ${isOpen("settled.value ->> 'status'")} THEN max(
      mails.created_at, coalesce(mails.scheduled_at, 0),
      coalesce((SELECT max(event.value ->> 'atMs')
        FROM json_each(settled.value -> 'events') AS event), 0)) END,
    in_doubt = CASE WHEN settled.value ->> 'isAsked' = 1 THEN 0 ELSE mails.in_doubt END,
    may_be_sent = max(mails.may_be_sent, coalesce(settled.value ->> 'mayBeSent', 0)),
    owed = CASE WHEN ${isOpen("settled.value ->> 'status'")}
      THEN coalesce(settled.value -> 'owed', mails.owed) END,
    relay = coalesce(settled.value ->> 'relay', mails.relay),
    reply = CASE WHEN settled.value -> 'relay' IS NULL AND settled.value -> 'reply' IS NULL
      THEN mails.reply ELSE settled.value -> 'reply' END
  FROM json_each(?1) AS settled
  WHERE ${COUNTS}`;

const DROP_BODIES = `
  DELETE FROM bodies WHERE mail IN (
    SELECT mails.id FROM json_each(?1) AS settled
    JOIN mails ON mails.id = settled.value ->> 'id' AND NOT ${IS_OPEN}
  )`;

/** With those that a call before has written, whose answer was lost. */
const COUNTED = `
  SELECT mails.id FROM json_each(?1) AS settled
  JOIN mails ON mails.id = settled.value ->> 'id' AND mails.nonce = settled.value ->> 'nonce'`;
