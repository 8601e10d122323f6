/** What a Worker's configuration and bindings say about the way to a relay. */
import type { Config } from "./config.ts";
import type { Env } from "./env.ts";
import type { RouteOptions } from "./route.ts";
import { bucketStore } from "./store/bucket.ts";

/** The relays, the keys that sign, and the bucket of the attachments where one is bound. */
export function routeOptions(
  config: Config,
  env: Env,
): Pick<RouteOptions, "relays" | "dkim" | "store"> {
  return {
    relays: config.relays,
    dkim: config.dkim,
    ...(env.SPOOL === undefined ? {} : { store: bucketStore(env.SPOOL) }),
  };
}
