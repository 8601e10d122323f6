/** What each relay offers, or what is wrong with it and how to mend that: POST /verify, and `verify()` by RPC. */
import type { Office } from "./dispatch/order.ts";
import { Route, type RelayReport } from "./route.ts";
import { routeOptions } from "./route-options.ts";
import { sessionLog } from "./session-log.ts";

export interface Verification {
  /** All of them can be used. */
  readonly ok: boolean;
  readonly relays: readonly RelayReport[];
}

/** Connects to each relay: EHLO, TLS, AUTH, and no mail. */
export async function verification(office: Office): Promise<Verification> {
  const { config, env, connect, log } = office;
  const route = new Route({ ...routeOptions(config, env), connect, onSession: sessionLog(log) });
  const asking = route.verify();
  office.outlive(closedAfter(asking, route));
  const relays = await asking;
  return { ok: relays.every((report) => report.ok), relays };
}

/** Settles when the work is done and its sessions are let go of. */
async function closedAfter(work: Promise<unknown>, route: Pick<Route, "close">): Promise<void> {
  try {
    await work;
  } finally {
    await route.close();
  }
}
