/** A mail of the journal whose attempt has begun, and how that attempt is ended. */
import { settlementOf, type Task } from "../attempt.ts";
import { entryOf } from "../journal-entry.ts";
import type { EventMail } from "../mail-event.ts";
import type { SpooledMail } from "../queued-mail.ts";
import type { Outcome } from "../smtp/outcome.ts";
import { isFinal, type Beginning } from "../store/journal.ts";
import { journalledMail } from "../tell.ts";
import type { Verdict } from "../verdict.ts";
import type { Aftermath } from "./aftermath.ts";
import type { Ticket } from "./admission.ts";
import { delayOf } from "./backoff.ts";
import { spooledIn, type Contents } from "./contents.ts";
import { givenUp, interrupted, type Concerned } from "./judgement.ts";
import type { Ledger } from "./ledger.ts";
import { deferringReplies, logVerdict } from "./mail-log.ts";
import type { JournalShift } from "./shift.ts";

export interface Case extends Ticket {
  readonly begun: Extract<Beginning, { readonly kind: "begun" }>;
  readonly attempt: Task["attempt"];
  /** Where it stands, unless the journal has it. */
  readonly spooled?: SpooledMail;
}

/** What an attempt came to. */
export interface Finding {
  readonly verdict: Verdict;
  /** Absent where no relay was asked. */
  readonly outcome?: Outcome;
  /** How events show it: as the journal does, where it was not read. */
  readonly shown?: EventMail;
  /** What is to be written down and told of it before the verdict. */
  readonly before?: readonly Pick<Verdict, "entry" | "tidings">[];
}

export type Mailed = Extract<Contents, { readonly kind: "mail" }>;

/**
 * RFC 5321 §4.5.4.1: a mail is given up after four to five days at the least. Queues give up earlier; this
 * is for the journal, which would hand a mail to them again and again.
 */
const MOST_MS = 5 * 86_400_000;

export function caseOf(ticket: Ticket, begun: Case["begun"], nowMs: number): Case {
  const { mail, owed, mayBeSent } = begun;
  const sinceMs = Math.max(mail.createdAtMs, mail.scheduledAtMs ?? 0);
  const attempt = {
    number: mail.attempts,
    canRetry: nowMs - sinceMs < MOST_MS,
    wasAccepted: owed !== undefined,
    mayBeSent,
  };
  const spooled = spooledIn(begun.body);
  return { ...ticket, begun, attempt, ...(spooled === undefined ? {} : { spooled }) };
}

/** The recipients of the attempt, as far as is known. */
export function concernedBy({ begun, attempt }: Case, contents?: Mailed): Concerned {
  const { mail, owed } = begun;
  const known = contents?.posting.mail.envelope.to ?? mail.facts.to ?? [];
  const { wasAccepted, mayBeSent = false } = attempt;
  return { recipients: owed ?? known, wasAccepted, mayBeSent };
}

/** Writes it down, tells of it, and settles the message, in this order. Never rejects. */
export async function close(
  one: Case,
  finding: Finding,
  { shift, ledger, aftermath }: Books,
): Promise<void> {
  const { slip, turn, begun, attempt, spooled } = one;
  const { outcome, shown = journalledMail(begun.mail), before = [] } = finding;
  const verdict = attempt.canRetry ? finding.verdict : ended(one, finding.verdict);
  const { config, log } = shift;
  const nowMs = Date.now();
  const replies = outcome === undefined ? [] : deferringReplies(outcome);
  const { retryMs, queueMs, journalDetail } = config.service;
  const delaySeconds = delayOf(attempt.number, replies, retryMs / 1000);
  const settlement = settlementOf(
    { ...turn, attempt },
    verdict,
    { nowMs, checkAtMs: nowMs + delaySeconds * 1000 + queueMs },
    shift,
  );
  const isOver = isFinal(verdict.status);
  // Once: where the whole mail comes again, it is found out again.
  const told = isOver || verdict.owed !== undefined ? before : [];
  const isOverDoubt = isOver || settlement.isAsked === true;
  const earlier = [...(begun.isInDoubt && isOverDoubt ? [interrupted()] : []), ...told];
  const written = await ledger.write({
    ...settlement,
    events: [...earlier.map((each) => entryOf(each, nowMs, journalDetail)), ...settlement.events],
  });
  logVerdict(
    { id: turn.id, attempt: attempt.number, verdict, outcome, delaySeconds, written },
    log,
  );
  // Another attempt or turn owns the mail: it tells, and what stands in SPOOL is what it sends.
  if (written === "over") {
    slip.ack();
    return;
  }
  // What a relay has is sent, whatever is written down of it. All else comes again.
  if (written === "lost" && (!isOver || outcome === undefined)) {
    slip.retry(delaySeconds);
    return;
  }
  const tidings = [...told.flatMap((each) => each.tidings), ...verdict.tidings];
  const isRemoved = isOver && written === "counts" && spooled !== undefined;
  await aftermath.add({ mail: shown, verdict: { ...verdict, tidings }, isRemoved });
  if (isOver) slip.ack();
  else slip.retry(delaySeconds);
}

/** What was only postponed comes no more where there is no further attempt. */
function ended(one: Case, verdict: Verdict): Verdict {
  if (verdict.status !== "deferred") return verdict;
  const { reason } = verdict.entry.data;
  return givenUp(typeof reason === "string" ? reason : "", concernedBy(one));
}

export interface Books {
  readonly shift: JournalShift;
  readonly ledger: Ledger;
  readonly aftermath: Aftermath;
}
