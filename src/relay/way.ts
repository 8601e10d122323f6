/** Which way a deployment's mails go: by the objects that keep sessions where they are bound, else directly. */
import type { Config } from "../config.ts";
import type { Env } from "../env.ts";
import { Route, type RouteOptions } from "../route.ts";
import { routeOptions } from "../route-options.ts";
import { RemoteRoute } from "./remote-route.ts";

/** What entry points need of a Route. */
export type Way = Pick<Route, "deliver" | "close"> | RemoteRoute;

/** The way to the configured relays. */
export function wayOf(
  config: Config,
  env: Env,
  options: Pick<RouteOptions, "connect" | "memory" | "onSession">,
): Way {
  const binding = env.RELAY_SESSIONS;
  if (binding === undefined) return new Route({ ...routeOptions(config, env), ...options });
  const { relays, sessions } = config;
  return new RemoteRoute({ relays, shards: sessions.shards, binding });
}
