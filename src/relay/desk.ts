/** One relay as the object that keeps its sessions sees it: the way there, and how fast mails may go. */
import type { Config } from "../config.ts";
import type { Env } from "../env.ts";
import { createLog } from "../log.ts";
import type { Connect } from "../net/connection.ts";
import type { RelayMemory } from "../relay-memory.ts";
import { labelOf } from "../relay-options.ts";
import { Route } from "../route.ts";
import { routeOptions } from "../route-options.ts";
import { sessionLog } from "../session-log.ts";
import type { SessionSettings } from "../session-config.ts";
import type { PaceLimit } from "./pace.ts";
import { Pool } from "./pool.ts";

export interface Desk {
  readonly label: string;
  readonly pool: Pool;
  readonly route: Route;
  readonly limits: readonly PaceLimit[];
  /** When its configuration was read. */
  readonly readAtMs: number;
}

/**
 * A relay that cannot be opened is left alone for so long. Here, where a person may wait for the answer,
 * that is less than in a batch.
 */
const AVOID_MS = 5_000;

/** The desk of this relay, or undefined where no such relay is configured. */
export function deskOf(
  config: Config,
  env: Env,
  relay: {
    readonly index: number;
    readonly label: string;
    readonly connect: Connect;
    readonly memory: RelayMemory;
  },
): Desk | undefined {
  const found = config.relays[relay.index];
  if (found === undefined || labelOf(found) !== relay.label) return undefined;
  const pool = new Pool(config.sessions);
  const route = new Route({
    ...routeOptions(config, env),
    relays: [found],
    connect: relay.connect,
    memory: relay.memory,
    onSession: sessionLog(createLog(config.logLevel)),
    sessions: pool,
    avoidMs: AVOID_MS,
  });
  const limits = limitsOf(config.sessions);
  return { label: relay.label, pool, route, limits, readAtMs: Date.now() };
}

/** Each shard has its share, so that together they keep the limit. */
function limitsOf({ mailsPerSecond, mailsPerMinute, shards }: SessionSettings): PaceLimit[] {
  const share = (mails: number | undefined, perMs: number): PaceLimit[] =>
    mails === undefined ? [] : [{ mails: Math.floor(mails / shards), perMs }];
  return [...share(mailsPerSecond, 1000), ...share(mailsPerMinute, 60_000)];
}
