/**
 * Messages of a deployment with a journal. It says whose turn it is, so that a message that comes twice, or
 * too late, sends nothing twice: no attempt without a `begin` that is written down, no ack before its end.
 */
import { tryMail, type Task } from "../attempt.ts";
import { nameOf } from "../dispatch/order.ts";
import { guarded, type Guarded } from "../guard.ts";
import { inOrder } from "../net/in-order.ts";
import { forbidden } from "../policy.ts";
import type { Posting } from "../posting.ts";
import { narrowed } from "../queued-mail.ts";
import type { Beginning } from "../store/journal.ts";
import { ticketsOf, type Ticket } from "./admission.ts";
import { delayOf, FIRST_DELAY_SECONDS, secondsUntil } from "./backoff.ts";
import {
  caseOf,
  close,
  concernedBy,
  type Books,
  type Case,
  type Finding,
  type Mailed,
} from "./case.ts";
import { keptContents, type Contents } from "./contents.ts";
import { doubtful, givenUp, leftOut, postponed, refusedHere, suppressed } from "./judgement.ts";
import { Ledger } from "./ledger.ts";
import type { JournalShift } from "./shift.ts";
import type { Slip } from "./slip.ts";

/** Their bodies come with `begin`, up to 1 MB each; a Worker has 128 MB. */
const MAILS_TO_BEGIN = 25;
/**
 * Mails that share the round trips of a session. Those under way at the end of a shift have 7 minutes for
 * all of them.
 */
export const MAILS_AT_ONCE = 10;

/** Settles the messages. */
export async function deliverJournalled(
  slips: readonly Slip[],
  shift: JournalShift,
): Promise<void> {
  const books = { shift, ledger: new Ledger(shift.store.journal, shift.log) };
  for (let at = 0; at < slips.length; at += MAILS_TO_BEGIN) {
    const group = slips.slice(at, at + MAILS_TO_BEGIN);
    if (Date.now() > shift.deadlineMs) {
      for (const slip of group) slip.retry(FIRST_DELAY_SECONDS);
    } else await deliverGroup(await ticketsOf(group, shift), books);
  }
}

async function deliverGroup(tickets: readonly Ticket[], books: Books): Promise<void> {
  const { shift } = books;
  const cases = await begin(tickets, shift);
  const prepared = await Promise.all(cases.map(async (one) => prepare(one, shift)));
  const guards = await guardAll(prepared, shift);
  const closing: Promise<void>[] = [];
  const attempt = async (each: Guard | Judged): Promise<void> => {
    try {
      const finding = "finding" in each ? each.finding : await tryOne(each, shift);
      // Not waited for here: the next mail need not wait until this one is written down.
      closing.push(close(each.one, finding, books));
    } catch (error) {
      // A fault of ours: when its lease is over, it is in doubt.
      const { slip } = each.one;
      shift.log("error", "queue.fault", { message: slip.id, error: nameOf(error) });
      slip.retry(delayOf(slip.attempts));
    }
  };
  for await (const _ of inOrder(guards, attempt, () => MAILS_AT_ONCE));
  await Promise.all(closing);
}

/** The mails whose attempt has begun; all other messages are settled. */
export async function begin(
  tickets: readonly Ticket[],
  { store: { journal }, config, log }: JournalShift,
): Promise<readonly Case[]> {
  if (tickets.length === 0) return [];
  const nowMs = Date.now();
  let beginnings: readonly Beginning[];
  try {
    const turns = tickets.map(({ turn }) => turn);
    beginnings = await journal.begin(turns, { nowMs, leaseMs: config.service.attemptMs });
  } catch (error) {
    // Nothing is sent that could not be written down before.
    log("error", "journal.fault", { at: "begin", mails: tickets.length, error: nameOf(error) });
    for (const { slip } of tickets) slip.retry(delayOf(slip.attempts));
    return [];
  }
  const cases: Case[] = [];
  for (const [index, ticket] of tickets.entries()) {
    const beginning = beginnings[index] ?? { kind: "missing" };
    const { slip, turn } = ticket;
    switch (beginning.kind) {
      case "begun":
        cases.push(caseOf(ticket, beginning, nowMs));
        break;
      case "busy":
        // A second more: it must not come just before the other attempt is over time.
        slip.retry(secondsUntil(beginning.untilMs + 1000, nowMs));
        break;
      case "early":
        slip.retry(secondsUntil(beginning.atMs, nowMs));
        break;
      case "over":
        log("debug", "mail.over", { id: turn.id, turn: turn.turn });
        slip.ack();
        break;
      case "missing":
        log("error", "mail.missing", { id: turn.id, turn: turn.turn });
        slip.ack();
        break;
    }
  }
  return cases;
}

/** A mail that can be tried. */
interface Ready {
  readonly one: Case;
  readonly contents: Mailed;
  /** For the recipients that are still to get it. */
  readonly posting: Posting;
}

interface Judged {
  readonly one: Case;
  readonly finding: Finding;
}

async function prepare(one: Case, shift: JournalShift): Promise<Ready | Judged> {
  const { slip, begun, attempt } = one;
  const judged = (finding: Finding): Judged => ({ one, finding });
  const { config, env, log } = shift;
  let contents: Contents | undefined;
  try {
    contents = begun.body === undefined ? undefined : await keptContents(begun.body, slip, env);
  } catch (error) {
    // Before all else: what SPOOL does not tell now must not be sent a second time later.
    if (isOverFor(begun, shift)) return judged({ verdict: doubtful(concernedBy(one)) });
    log("error", "queue.fault", { message: slip.id, error: nameOf(error) });
    return judged({ verdict: postponed("SPOOL could not be read.") });
  }
  const mailed = contents?.kind === "mail" ? contents : undefined;
  const found = mailed === undefined ? {} : { contents: mailed };
  const concerned = concernedBy(one, mailed);
  if (isOverFor(begun, shift)) {
    return judged({ ...found, verdict: doubtful(concerned) });
  }
  if (mailed === undefined) {
    const problems = contents?.kind === "unreadable" ? contents.problems : [];
    const reasons = problems.map(({ detail }) => detail);
    const reason = reasons.length === 0 ? "Nothing was kept of the mail." : reasons.join(" ");
    return judged({ verdict: givenUp(reason, concerned) });
  }
  const mail = narrowed(mailed.posting.mail, concerned.recipients);
  const problems = forbidden(mail, config);
  if (problems.length > 0) {
    return judged({ ...found, verdict: refusedHere(problems, concerned, attempt.number) });
  }
  return { one, contents: mailed, posting: { ...mailed.posting, mail } };
}

/** It may have been sent, and such a mail is not tried again here. */
function isOverFor({ isInDoubt }: Case["begun"], { config }: JournalShift): boolean {
  return isInDoubt && config.unknown === "fail";
}

/** A mail for those who may be written to. */
interface Guard extends Ready {
  readonly before: NonNullable<Finding["before"]>;
}

/** Leaves out whom nobody may write to; a mail for which nobody is left is judged. */
async function guardAll(
  prepared: readonly (Ready | Judged)[],
  { store, log }: JournalShift,
): Promise<readonly (Guard | Judged)[]> {
  const postings = prepared.flatMap((each) => ("posting" in each ? [each.posting] : []));
  let guards: readonly Guarded[] | undefined;
  try {
    guards = await guarded(postings, store);
  } catch (error) {
    log("error", "journal.fault", { at: "suppressions", error: nameOf(error) });
  }
  const next = guards?.values();
  return prepared.map((each) => {
    if ("finding" in each) return each;
    const guard = next?.next().value;
    if (guard !== undefined) return guardOne(each, guard);
    const verdict = postponed("The suppression list could not be read.");
    return { one: each.one, finding: { contents: each.contents, verdict } };
  });
}

function guardOne(
  { one, contents, posting: { mail } }: Ready,
  { posting, suppressed: left }: Guarded,
): Guard | Judged {
  if (left.length > 0 && mail.envelope.to.every((to) => left.includes(to))) {
    const verdict = suppressed({ ...concernedBy(one), recipients: left });
    return { one, finding: { contents, verdict } };
  }
  return { one, contents, posting, before: left.length === 0 ? [] : [leftOut(left)] };
}

async function tryOne(
  { one, contents, posting, before }: Guard,
  shift: JournalShift,
): Promise<Finding> {
  if (Date.now() > shift.deadlineMs) {
    return { contents, verdict: postponed("The time of the consumer was over.") };
  }
  const { turn, attempt, begun } = one;
  const task: Task = { ...turn, posting, createdAtMs: begun.mail.createdAtMs, attempt };
  return { contents, before, ...(await tryMail(task, shift.way, shift)) };
}
