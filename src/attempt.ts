/**
 * One attempt at a mail, and what follows from it: the journal is brought up to date, webhooks are told,
 * addresses that do not exist are remembered. Who makes attempts, and when, is not decided here.
 */
import { composition } from "./composition.ts";
import type { Config } from "./config.ts";
import type { Env } from "./env.ts";
import { entryOf } from "./journal-entry.ts";
import type { Log } from "./log.ts";
import type { EventMail } from "./mail-event.ts";
import { measure, type WayIn } from "./metrics.ts";
import type { Posting } from "./posting.ts";
import type { Way } from "./relay/way.ts";
import { routeOptions } from "./route-options.ts";
import { failed, type Outcome } from "./smtp/outcome.ts";
import type { Settlement, Turn } from "./store/journal.ts";
import type { Store } from "./store/store.ts";
import { stagedMail } from "./staging.ts";
import { eventMail, tell } from "./tell.ts";
import { traced } from "./trace.ts";
import { verdictOf, type Attempt, type Verdict } from "./verdict.ts";

/** What an attempt works with. */
export interface Desk {
  readonly env: Env;
  readonly config: Config;
  readonly log: Log;
  /** Absent where JOURNAL is not bound. */
  readonly store?: Store;
  /** Absent for what waited in the queue. */
  readonly wayIn?: WayIn;
}

export interface Tried {
  readonly outcome: Outcome;
  readonly verdict: Verdict;
}

/** A mail with its turn, under the facts of the attempt. */
export interface Task extends Turn {
  readonly posting: Posting;
  readonly createdAtMs: number;
  readonly attempt: Omit<Attempt, "recipients" | "tookMs" | "unknown">;
}

/** Gives the mail to a relay, in staging to one recipient, and judges what came of it. Never rejects. */
export async function tryMail(
  { id, posting: { mail }, attempt }: Task,
  way: Pick<Way, "deliver">,
  desk: Desk,
): Promise<Tried> {
  return traced("attempt", async (note) => {
    const begunAt = Date.now();
    const { sandbox, stagingRecipient } = desk.config.service;
    const staged = stagedMail(mail, desk.config);
    const outcome = sandbox ? await sandboxed(staged, desk) : await way.deliver(staged);
    const tookMs = Date.now() - begunAt;
    const recipients = staged.envelope.to;
    const { unknown } = desk.config;
    const verdict = verdictOf(outcome, { ...attempt, recipients, tookMs, unknown });
    const { wayIn = "queue" } = desk;
    measure(desk.env, { wayIn, mail, outcome, verdict, attempt: attempt.number, tookMs });
    const failure = outcome.status === "accepted" ? undefined : outcome.failure;
    note({
      "mail.id": id,
      "mail.recipients": recipients.length,
      "mail.attempt": attempt.number,
      "mail.status": outcome.status,
      "smtp.relay": outcome.relay,
      "smtp.code": verdict.reply?.code,
      "failure.cause": failure?.cause,
      "failure.stage": failure?.stage,
    });
    if (stagingRecipient === undefined) return { outcome, verdict };
    // Owed to its own recipients, or none of them: what waits is the mail as it was before staging.
    const { owed: _, ...rest } = verdict;
    return { outcome, verdict: rest };
  });
}

/** What the journal is to write down of a verdict; `checkAtMs` where the mail is to be tried again. */
export function settlementOf(
  { id, turn, attempt }: Pick<Task, "id" | "turn" | "attempt">,
  verdict: Verdict,
  time: { readonly nowMs: number; readonly checkAtMs: number },
  { config }: Desk,
): Settlement {
  const { status, relay, reply, owed, mayBeSent } = verdict;
  const detail = config.service.journalDetail;
  const kept = reply === undefined || detail === "none" ? withoutText(reply) : { reply };
  return {
    id,
    turn,
    attempt: attempt.number,
    status,
    isAsked: relay !== "",
    ...(mayBeSent === undefined ? {} : { mayBeSent }),
    // No relay was asked: the last one that decided stays.
    ...(relay === "" ? {} : { relay }),
    ...kept,
    ...(owed === undefined ? {} : { owed }),
    ...(status === "deferred" ? { checkAtMs: time.checkAtMs } : {}),
    events: [entryOf(verdict, time.nowMs, detail)],
    nonce: crypto.randomUUID(),
  };
}

/** Tells webhooks and remembers addresses that are gone. Never rejects. */
export async function followUp(
  tasks: readonly (Pick<Task, "id" | "posting" | "createdAtMs"> & { readonly verdict: Verdict })[],
  nowMs: number,
  desk: Desk,
): Promise<void> {
  const judged = tasks.map(({ id, posting, createdAtMs, verdict }) => ({
    mail: eventMail(id, posting, createdAtMs),
    verdict,
  }));
  await proclaim(judged, nowMs, desk);
}

/** The same, where all that is left of a mail is how events show it. */
export async function proclaim(
  judged: readonly { readonly mail: EventMail; readonly verdict: Verdict }[],
  nowMs: number,
  desk: Desk,
): Promise<void> {
  const { config, store, log } = desk;
  const events = judged.flatMap(({ mail, verdict }) =>
    verdict.tidings
      // That a mail has failed is told also where nothing is known of its recipients.
      .filter(({ type, recipients }) => recipients.length > 0 || type === "email.failed")
      .map((tiding) => ({ ...tiding, mail, atMs: nowMs })),
  );
  const gone = config.service.suppressRefused ? judged.flatMap(({ verdict }) => verdict.gone) : [];
  const entries = gone.map((one) => ({ ...one, reason: "refused" as const, atMs: nowMs }));
  await Promise.all([
    tell(events, desk),
    entries.length === 0
      ? undefined
      : store?.suppressions.add(entries).catch(() => {
          log("error", "suppressions.fault", { addresses: entries.length });
        }),
  ]);
}

/** Reply text may hold addresses. */
function withoutText(reply: Verdict["reply"]): Pick<Settlement, "reply"> {
  return reply === undefined ? {} : { reply: { ...reply, text: "" } };
}

/** Composed, signed, and given to nobody. */
async function sandboxed(mail: Posting["mail"], { config, env }: Desk): Promise<Outcome> {
  const { messageId } = mail;
  const composed = await composition(mail, routeOptions(config, env));
  if (!composed.ok) return { ...failed(composed.problems), messageId, relay: "" };
  return {
    status: "accepted",
    accepted: composed.value.envelope.to,
    refused: [],
    reply: { code: 250, lines: ["SANDBOX is on: nothing was sent"] },
    messageId,
    relay: "sandbox",
  };
}
