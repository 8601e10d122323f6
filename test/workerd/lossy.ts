/** A database that does what it is asked, and whose answer is lost. */
import type { D1Database, D1PreparedStatement } from "@cloudflare/workers-types";

import { db } from "./store/samples.ts";

/** The first so many batches with SQL like this are carried out, and answered by an error. */
export function lossy(like: RegExp, times = Number.POSITIVE_INFINITY): D1Database {
  let left = times;
  const texts = new WeakMap<object, string>();
  const prepare = (sql: string): D1PreparedStatement => {
    const statement = db.prepare(sql);
    const bind = statement.bind.bind(statement);
    statement.bind = (...values: unknown[]) => {
      const bound = bind(...values);
      texts.set(bound, sql);
      return bound;
    };
    return statement;
  };
  const batch: D1Database["batch"] = async (statements) => {
    const answers = await db.batch<never>(statements);
    if (left === 0 || !statements.some((one) => like.test(texts.get(one) ?? ""))) return answers;
    left -= 1;
    throw new Error("D1_ERROR: Network connection lost.");
  };
  return new Proxy(db, {
    get: (target, name) => {
      if (name === "prepare") return prepare;
      if (name === "batch") return batch;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
}
