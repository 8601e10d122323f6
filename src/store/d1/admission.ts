/** How mails enter the journal: with their events, and with what a later attempt sends. */
import type { D1Database, D1PreparedStatement } from "@cloudflare/workers-types";

import { isFinal } from "../journal.ts";
import type { NewMail } from "../journal.ts";
import { jsonGroups } from "./groups.ts";

/** The statements that write the mails down; an id that is there already is left as it is. */
export function admission(
  db: D1Database,
  mails: readonly NewMail[],
): readonly D1PreparedStatement[] {
  const set = (sql: string, values: readonly unknown[]): readonly D1PreparedStatement[] =>
    jsonGroups(values).map((json) => db.prepare(sql).bind(json));
  // The mails come last: whatever goes with one is written only while it is not there yet.
  return [
    ...mails.flatMap((mail) => body(db, mail)),
    ...mails.flatMap((mail) => texts(db, mail)),
    ...set(
      ADD_EVENTS,
      mails.map(({ id, events }) => ({ id, events })),
    ),
    ...set(ADD_MAILS, mails.map(mailValue)),
  ];
}

function body(db: D1Database, mail: NewMail): readonly D1PreparedStatement[] {
  if (mail.body === undefined || isFinal(mail.status)) return [];
  return [
    db
      .prepare(`INSERT INTO bodies (mail, body) SELECT ?1, ?2 ${UNLESS_KNOWN}`)
      .bind(mail.id, mail.body),
  ];
}

function texts(db: D1Database, mail: NewMail): readonly D1PreparedStatement[] {
  const { text = null, html = null } = mail.facts;
  if (text === null && html === null) return [];
  if ((text?.length ?? 0) + (html?.length ?? 0) > MAX_TEXT_LENGTH) return [];
  return [
    db
      .prepare(`INSERT INTO texts (mail, text, html) SELECT ?1, ?2, ?3 ${UNLESS_KNOWN}`)
      .bind(mail.id, text, html),
  ];
}

/** A row holds 2 MB, and a UTF-16 unit takes up to three octets. */
const MAX_TEXT_LENGTH = 600_000;

const UNLESS_KNOWN = "WHERE NOT EXISTS (SELECT 1 FROM mails WHERE id = ?1) ON CONFLICT DO NOTHING";

function mailValue(mail: NewMail): Readonly<Record<string, unknown>> {
  const { text: _text, html: _html, ...facts } = mail.facts;
  return {
    id: mail.id,
    messageId: mail.messageId,
    token: mail.token,
    createdAtMs: mail.createdAtMs,
    scheduledAtMs: mail.scheduledAtMs,
    status: mail.status,
    // Its first attempt begins as it enters, without a `begin`.
    attempts: mail.status === "sending" ? 1 : 0,
    checkAtMs: isFinal(mail.status) ? undefined : mail.checkAtMs,
    settledAtMs: isFinal(mail.status) ? mail.createdAtMs : undefined,
    facts,
  };
}

const ADD_EVENTS = `
  INSERT INTO events (mail, number, at, type, data)
  SELECT mail.value ->> 'id', event.key, event.value ->> 'atMs', event.value ->> 'type',
    event.value -> 'data'
  FROM json_each(?1) AS mail, json_each(mail.value -> 'events') AS event
  WHERE NOT EXISTS (SELECT 1 FROM mails WHERE id = mail.value ->> 'id')
  ON CONFLICT DO NOTHING`;

const ADD_MAILS = `
  INSERT INTO mails
    (id, message_id, token, created_at, scheduled_at, status, attempts, check_at, settled_at,
      facts)
  SELECT value ->> 'id', value ->> 'messageId', value ->> 'token', value ->> 'createdAtMs',
    value ->> 'scheduledAtMs', value ->> 'status', value ->> 'attempts', value ->> 'checkAtMs',
    value ->> 'settledAtMs', value -> 'facts'
  FROM json_each(?1)
  WHERE true
  ORDER BY key
  ON CONFLICT (id) DO NOTHING`;
