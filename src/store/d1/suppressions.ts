/** The suppression list over D1. */
import type { D1Database } from "@cloudflare/workers-types";

import type { Suppression, Suppressions } from "../suppressions.ts";
import { jsonGroups } from "./groups.ts";

/** The suppression list that the database holds. */
export function openSuppressions(db: D1Database): Suppressions {
  return {
    among: async (addresses) => {
      if (addresses.length === 0) return new Set();
      const answers = await db.batch<{ readonly address: string }>(
        jsonGroups(addresses).map((json) => db.prepare(AMONG).bind(json)),
      );
      return new Set(answers.flatMap(({ results }) => results.map(({ address }) => address)));
    },
    find: async (address) => {
      const row = await db.prepare(FIND).bind(address).first<SuppressionRow>();
      return row === null ? undefined : suppressionOf(row);
    },
    add: async (entries) => {
      if (entries.length === 0) return;
      await db.batch(jsonGroups(entries).map((json) => db.prepare(ADD).bind(json)));
    },
    remove: async (address) => {
      const { meta } = await db.prepare(REMOVE).bind(address).run();
      return meta.changes === 1;
    },
    list: async ({ limit, after = "" }) => {
      const { results } = await db.prepare(LIST).bind(after, limit).all<SuppressionRow>();
      return results.map(suppressionOf);
    },
  };
}

type SuppressionRow = Omit<Suppression, "atMs"> & { readonly at: number };

function suppressionOf({ at, ...entry }: SuppressionRow): Suppression {
  return { ...entry, atMs: at };
}

const AMONG = `
  SELECT address FROM suppressions WHERE address IN (SELECT value FROM json_each(?1))`;

const ADD = `
  INSERT INTO suppressions (address, reason, note, at)
  SELECT value ->> 'address', value ->> 'reason', value ->> 'note', value ->> 'atMs'
  FROM json_each(?1) WHERE true
  ON CONFLICT (address) DO NOTHING`;

const FIND = "SELECT address, reason, note, at FROM suppressions WHERE address = ?1";

const REMOVE = "DELETE FROM suppressions WHERE address = ?1";

const LIST = `
  SELECT address, reason, note, at FROM suppressions
  WHERE address > ?1 ORDER BY address LIMIT ?2`;
