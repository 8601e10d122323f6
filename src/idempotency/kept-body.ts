/** The body of an answer as it is kept for those who ask again: without addresses where none may be kept. */
import type { Config } from "../config.ts";

/** What tells a mail and its fate, and neither whom it is for nor what a relay said. */
const DISCREET: ReadonlySet<string> = new Set([
  "id",
  "code",
  "messageId",
  "status",
  "scheduledAt",
  "data",
  "errors",
  "index",
  "outcome",
  "cause",
  "stage",
  "retryable",
  "statusCode",
  "name",
  "title",
  "type",
  "instance",
]);
const NOT_KEPT = "What was said of it is not kept here (JOURNAL_DETAIL).";
const SAID: ReadonlySet<string> = new Set(["message", "detail"]);

/** All of it, or with JOURNAL_DETAIL=none what is no address and no text of a relay. */
export function keptBody(body: unknown, { service }: Pick<Config, "service">): unknown {
  return service.journalDetail === "none" ? discreet(body) : body;
}

function discreet(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(discreet);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).flatMap(([name, member]) => {
    if (SAID.has(name)) return [[name, NOT_KEPT]];
    return DISCREET.has(name) ? [[name, discreet(member)]] : [];
  });
  return Object.fromEntries(entries);
}
