/** The log line of a mail that was tried or given up: ids, codes and counts, and nobody's address. */
import type { Log } from "../log.ts";
import { isTransient, type Outcome } from "../smtp/outcome.ts";
import type { Reply } from "../smtp/reply.ts";
import type { Verdict } from "../verdict.ts";
import type { Contents } from "./contents.ts";
import type { Written } from "./ledger.ts";

/** `mail.accepted`, `mail.deferred` ...: `deferred` is one that comes again. */
export function logVerdict(
  { id, attempt, verdict, outcome, delaySeconds, written = "counts" }: Judged,
  log: Log,
): void {
  const { status, owed } = verdict;
  const isFine = status === "accepted" && (outcome === undefined || isWhole(outcome));
  const isPassing = status === "accepted" || status === "deferred" || status === "suppressed";
  log(isFine ? "info" : isPassing ? "warn" : "error", `mail.${status}`, {
    id,
    attempt,
    relay: verdict.relay === "" ? undefined : verdict.relay,
    ...(outcome === undefined ? {} : factsOf(outcome)),
    again: owed?.length,
    delaySeconds: status === "deferred" ? delaySeconds : undefined,
    journal: written === "counts" ? undefined : written,
  });
}

interface Judged {
  readonly id: string;
  readonly attempt: number;
  readonly verdict: Verdict;
  /** Absent where no relay was asked. */
  readonly outcome?: Outcome | undefined;
  readonly delaySeconds: number;
  /** What the journal made of it, where there is one. */
  readonly written?: Written;
}

export function logUnreadable(
  { id, problems }: Extract<Contents, { readonly kind: "unreadable" }>,
  log: Log,
): void {
  const pointers = problems.map(({ pointer }) => pointer).join(" ");
  log("error", "mail.refused", { id, cause: "validation", pointers });
}

/** The replies for which it comes again. */
export function deferringReplies(outcome: Outcome): readonly Reply[] {
  if (outcome.status === "accepted") {
    return outcome.refused.map(({ reply }) => reply).filter(isTransient);
  }
  const { reply } = outcome.failure;
  return reply === undefined ? [] : [reply];
}

function isWhole(outcome: Outcome): boolean {
  return outcome.status === "accepted" && outcome.refused.length === 0;
}

function factsOf(
  outcome: Outcome,
): Readonly<Record<string, string | number | boolean | undefined>> {
  if (outcome.status === "accepted") {
    const { reply, accepted, refused, unknown } = outcome;
    const counts = { accepted: accepted.length, refused: refused.length, unknown: unknown?.length };
    return { code: reply.code, ...counts };
  }
  const { cause, stage, reply, extension, problems } = outcome.failure;
  return {
    cause,
    stage,
    extension,
    code: reply?.code,
    enhanced: reply?.enhanced,
    pointers: problems?.map(({ pointer }) => pointer).join(" "),
    ...(outcome.status === "unknown" ? { possibleDuplicate: true } : {}),
  };
}
