/** Idempotency keys over D1. */
import type { D1Database } from "@cloudflare/workers-types";

import type { Claim, ClaimHolder, Claims } from "../claims.ts";
import { listOf } from "./row.ts";

/** The claims that the database holds. */
export function openClaims(db: D1Database): Claims {
  return {
    claim: async (request) => {
      const { scope, fingerprint, nowMs, leaseMs, expiresAtMs } = request;
      const holder = holderOf(request);
      const leaseUntilMs = nowMs + leaseMs;
      // One transaction: nobody comes between these.
      const [, taken, takenOver, found] = await db.batch([
        db.prepare(DROP_EXPIRED).bind(scope, nowMs),
        db.prepare(TAKE).bind(scope, fingerprint, holder, leaseUntilMs, expiresAtMs),
        db.prepare(TAKE_OVER).bind(scope, fingerprint, holder, leaseUntilMs, expiresAtMs, nowMs),
        db.prepare(FIND).bind(scope),
      ]);
      if (taken?.meta.changes === 1) return { kind: "claimed" };
      const row = found?.results[0] as ClaimRow | undefined;
      // The row is there, since it could not be inserted.
      if (row === undefined) return { kind: "busy" };
      // Its own also where the answer to the same call was lost.
      const isOwn = row.holder === holder && row.answer_status === null;
      if (isOwn && row.ids === holder) return { kind: "claimed" };
      if (isOwn || takenOver?.meta.changes === 1) {
        return { kind: "abandoned", ids: listOf(row.ids) };
      }
      return claimOf(row, fingerprint);
    },
    answer: async (claim, { status, body }) => {
      await db
        .prepare(ANSWER)
        .bind(claim.scope, holderOf(claim), status, JSON.stringify(body))
        .run();
    },
    renumber: async (claim, ids) => {
      await db.prepare(RENUMBER).bind(claim.scope, holderOf(claim), JSON.stringify(ids)).run();
    },
    leave: async (claim) => {
      await db.prepare(LEAVE).bind(claim.scope, holderOf(claim)).run();
    },
    release: async (claim) => {
      await db.prepare(RELEASE).bind(claim.scope, holderOf(claim)).run();
    },
    forget: async (nowMs) => {
      let forgotten = 0;
      for (let step = 0; step < FORGET_STEPS; step++) {
        const { meta } = await db.prepare(FORGET).bind(nowMs, FORGET_AT_ONCE).run();
        forgotten += meta.changes;
        if (meta.changes < FORGET_AT_ONCE) break;
      }
      return forgotten;
    },
  };
}

interface ClaimRow {
  readonly holder: string;
  readonly fingerprint: string;
  readonly ids: string;
  readonly answer_status: number | null;
  readonly answer_body: string | null;
}

function claimOf(row: ClaimRow, fingerprint: string): Claim {
  const { answer_status: status, answer_body: body } = row;
  if (row.fingerprint !== fingerprint) return { kind: "other" };
  if (status === null || body === null) return { kind: "busy" };
  return { kind: "answered", answer: { status, body: JSON.parse(body) as unknown } };
}

function holderOf({ ids }: ClaimHolder): string {
  return JSON.stringify(ids);
}

const DROP_EXPIRED = "DELETE FROM claims WHERE scope = ?1 AND expires_at <= ?2";

const TAKE = `
  INSERT INTO claims (scope, fingerprint, ids, holder, lease_until, expires_at)
  VALUES (?1, ?2, ?3, ?3, ?4, ?5)
  ON CONFLICT (scope) DO NOTHING`;

// The row that has just been inserted is not met: its lease is not over.
const TAKE_OVER = `
  UPDATE claims SET holder = ?3, lease_until = ?4, expires_at = max(expires_at, ?5)
  WHERE scope = ?1 AND fingerprint = ?2 AND answer_status IS NULL AND lease_until <= ?6`;

const FIND =
  "SELECT fingerprint, ids, holder, answer_status, answer_body FROM claims WHERE scope = ?1";

const MINE = "scope = ?1 AND holder = ?2 AND answer_status IS NULL";

const ANSWER = `UPDATE claims SET answer_status = ?3, answer_body = ?4 WHERE ${MINE}`;

const RENUMBER = `UPDATE claims SET ids = ?3 WHERE ${MINE}`;

const LEAVE = `UPDATE claims SET lease_until = 0 WHERE ${MINE}`;

const RELEASE = `DELETE FROM claims WHERE ${MINE}`;

/** Each step is one transaction, and others wait for it. */
const FORGET_AT_ONCE = 1000;
const FORGET_STEPS = 20;

const FORGET = `
  DELETE FROM claims WHERE scope IN (
    SELECT scope FROM claims WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2
  )`;
