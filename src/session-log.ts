/** One log line per session to a relay: how long it took, what it did, and where it stopped. */
import type { Log } from "./log.ts";
import type { RouteOptions } from "./route.ts";

/** Logs sessions as they end: stage, code and timing, never an address, a credential or content. */
export function sessionLog(log: Log): NonNullable<RouteOptions["onSession"]> {
  return (relay, { openMs, totalMs, mails, failure }) => {
    log(failure === undefined ? "info" : "warn", "session.ended", {
      relay,
      mails,
      openMs,
      totalMs,
      cause: failure?.cause,
      stage: failure?.stage,
      code: failure?.reply?.code,
      enhanced: failure?.reply?.enhanced,
    });
  };
}
