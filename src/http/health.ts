/** `GET /health`: whether mail can be sent, for whoever asks. Names and remedies, and never a value. */
import { readConfig, readTokens, type ConfigProblem } from "../config.ts";
import type { Env } from "../env.ts";
import { probeStore } from "../store/d1/probe.ts";

/** 200 where all is well; 503 with what is not. */
export async function health(env: Env): Promise<Response> {
  const [tokens, config, database] = await Promise.all([
    readTokens(env),
    readConfig(env),
    env.JOURNAL === undefined ? undefined : probeStore(env.JOURNAL, PATIENCE_MS),
  ]);
  const problems: ConfigProblem[] = [];
  for (const result of [tokens, config]) if (!result.ok) problems.push(...result.problems);
  if (database === "not migrated") problems.push({ name: "JOURNAL", detail: MIGRATE });
  const isSetUp = problems.length === 0;
  if (database === "unavailable") problems.push({ name: "JOURNAL", detail: SILENT });
  const isWell = problems.length === 0;
  const body = {
    status: isWell ? "ok" : isSetUp ? "unavailable" : "misconfigured",
    ...(isWell ? {} : { problems }),
    bindings: Object.fromEntries(BINDINGS.map((name) => [name, env[name] !== undefined])),
  };
  return Response.json(body, {
    status: isWell ? 200 : 503,
    headers: { "cache-control": "no-store" },
  });
}

/** Whoever looks after a deployment asks often, and does not wait for long. */
const PATIENCE_MS = 2000;
const MIGRATE =
  "The database has no tables yet, or those of an older version. Make them with `npm run migrate`.";
const SILENT = "The database does not answer.";

/** All that a deployment can do without. */
const BINDINGS = [
  "MAIL_QUEUE",
  "EVENT_QUEUE",
  "JOURNAL",
  "SPOOL",
  "RELAY_SESSIONS",
  "RATE_LIMITER",
  "METRICS",
] as const satisfies readonly (keyof Env)[];
