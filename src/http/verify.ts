/** `POST /verify`: what each relay offers, or what is wrong with it and how to mend that. */
import { Route } from "../route.ts";
import { routeOptions } from "../route-options.ts";
import { sessionLog } from "../session-log.ts";
import { drain } from "./body.ts";
import type { Surroundings } from "./surroundings.ts";

/** Connects, EHLO, TLS, AUTH, and no mail. */
export async function verify(request: Request, around: Surroundings): Promise<Response> {
  await drain(request);
  const { config, connect, log } = around;
  const route = new Route({
    ...routeOptions(config, around.env),
    connect,
    onSession: sessionLog(log),
  });
  const asking = route.verify();
  around.outlive(closedAfter(asking, route));
  const relays = await asking;
  const ok = relays.every((report) => report.ok);
  // 200 in either case: the question was answered, and the answer is in `ok`.
  return Response.json({ ok, relays }, { headers: { "cache-control": "no-store" } });
}

/** Settles when the work is done and its sessions are let go of. */
async function closedAfter(work: Promise<unknown>, route: Pick<Route, "close">): Promise<void> {
  try {
    await work;
  } finally {
    await route.close();
  }
}
