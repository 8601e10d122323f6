/**
 * METRICS: one data point for each attempt, in Analytics Engine, for questions that a log does not answer.
 * It holds no address and nothing of a mail's content; README.md, "Metrics", has the columns.
 */
import type { Env } from "./env.ts";
import { contentOctets } from "./mail/load-mail.ts";
import type { ParsedMail } from "./mail/mail.ts";
import type { Outcome } from "./smtp/outcome.ts";
import type { Verdict } from "./verdict.ts";

/** Which way a mail came in, or `queue` for what waited. */
export type WayIn = "http" | "rpc" | "queue";

export interface Measured {
  readonly wayIn: WayIn;
  readonly mail: ParsedMail;
  readonly outcome: Outcome;
  readonly verdict: Verdict;
  readonly attempt: number;
  readonly tookMs: number;
}

/** Writes the data point down. A dataset that fails fails nothing else. */
export function measure({ METRICS }: Pick<Env, "METRICS">, measured: Measured): void {
  try {
    METRICS?.writeDataPoint(dataPoint(measured));
  } catch {
    // The mail went, or not, whatever is counted of it.
  }
}

/** In this order: Analytics Engine names columns by their place. New ones come last. */
function dataPoint({ wayIn, mail, outcome, verdict, attempt, tookMs }: Measured): DataPoint {
  const failure = outcome.status === "accepted" ? undefined : outcome.failure;
  const reply = outcome.status === "accepted" ? outcome.reply : failure?.reply;
  return {
    // What the platform samples by where there are many: each relay is counted well for itself.
    indexes: [outcome.relay],
    blobs: [
      outcome.status,
      failure?.cause ?? "",
      failure?.stage ?? "",
      outcome.relay,
      reply === undefined ? "" : String(reply.code),
      reply?.enhanced ?? "",
      wayIn,
      verdict.status,
    ],
    doubles: [tookMs, mail.envelope.to.length, contentOctets(mail), attempt],
  };
}

interface DataPoint {
  readonly indexes: [string];
  readonly blobs: string[];
  readonly doubles: number[];
}
