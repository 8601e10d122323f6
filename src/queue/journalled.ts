/**
 * Messages of a deployment with a journal. It says whose turn it is, so that a message that comes twice, or
 * too late, sends nothing twice: no attempt without a `begin` that is written down, no ack before its end.
 */
import { tryMail, type Task } from "../attempt.ts";
import { nameOf } from "../dispatch/order.ts";
import { inOrder } from "../net/in-order.ts";
import type { Beginning } from "../store/journal.ts";
import { traced } from "../trace.ts";
import { Aftermath } from "./aftermath.ts";
import { ticketsOf, type Ticket } from "./admission.ts";
import { delayOf, FIRST_DELAY_SECONDS, secondsUntil } from "./backoff.ts";
import { caseOf, close, type Books, type Case, type Finding } from "./case.ts";
import { postponed } from "./judgement.ts";
import { Ledger } from "./ledger.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { guardAll, prepare, type Guard, type Judged } from "./preparation.ts";
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
  const ledger = new Ledger(shift.store.journal, shift.log);
  const aftermath = new Aftermath(shift);
  const books = { shift, ledger, aftermath, alone: oneAtATime() };
  for (let at = 0; at < slips.length; at += MAILS_TO_BEGIN) {
    const group = slips.slice(at, at + MAILS_TO_BEGIN);
    if (Date.now() > shift.deadlineMs) {
      for (const slip of group) slip.retry(FIRST_DELAY_SECONDS);
    } else await deliverGroup(await ticketsOf(group, shift), books);
  }
}

interface Desk extends Books {
  /** For what is too large to be held beside others of its size. */
  readonly alone: ReturnType<typeof oneAtATime>;
}

/** A mail that still stands in SPOOL. */
interface Unread {
  readonly one: Case;
  readonly isUnread: true;
}

async function deliverGroup(tickets: readonly Ticket[], books: Desk): Promise<void> {
  const { shift } = books;
  const cases = await begin(tickets, shift);
  const small = cases.filter(({ spooled }) => spooled === undefined);
  const guards = await guardAll(
    await Promise.all(small.map(async (one) => prepare(one, shift))),
    shift,
  );
  const large = cases.filter(({ spooled }) => spooled !== undefined);
  const closing: Promise<void>[] = [];
  const attempt = async (each: Guard | Judged | Unread): Promise<void> => {
    try {
      const finding = "finding" in each ? each.finding : await findOut(each, books);
      // Not waited for here: the next mail need not wait until this one is written down.
      closing.push(close(each.one, finding, books));
    } catch (error) {
      // A fault of ours: when its lease is over, it is in doubt.
      const { slip } = each.one;
      shift.log("error", "queue.fault", { message: slip.id, error: nameOf(error) });
      slip.retry(delayOf(slip.attempts));
    }
  };
  const unread = large.map((one) => ({ one, isUnread: true as const }));
  for await (const _ of inOrder([...guards, ...unread], attempt, () => MAILS_AT_ONCE));
  await Promise.all(closing);
}

/** The mails whose attempt has begun, or could begin; all other messages are settled. */
export async function begin(
  tickets: readonly Ticket[],
  { store: { journal }, config, log }: JournalShift,
  { isLooking = false }: { readonly isLooking?: boolean } = {},
): Promise<readonly Case[]> {
  if (tickets.length === 0) return [];
  const nowMs = Date.now();
  let beginnings: readonly Beginning[];
  try {
    const turns = tickets.map(({ turn }) => turn);
    const time = { nowMs, leaseMs: config.service.attemptMs };
    beginnings = await traced("journal", async () =>
      isLooking ? journal.look(turns, nowMs) : journal.begin(turns, time),
    );
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

/** What SPOOL holds of a mail is read when its own attempt begins, and is gone when that has ended. */
async function findOut(each: Guard | Unread, { shift, alone }: Desk): Promise<Finding> {
  if ("posting" in each) return tryOne(each, shift);
  return alone(async () => {
    if (Date.now() > shift.deadlineMs) return { verdict: postponed(TOO_LATE) };
    const [guard] = await guardAll([await prepare(each.one, shift)], shift);
    if (guard === undefined) throw new TypeError("one is as many as were asked for");
    return "finding" in guard ? guard.finding : tryOne(guard, shift);
  });
}

async function tryOne(
  { one, posting, shown, before }: Guard,
  shift: JournalShift,
): Promise<Finding> {
  if (Date.now() > shift.deadlineMs) return { shown, verdict: postponed(TOO_LATE) };
  const { turn, attempt, begun } = one;
  const task: Task = { ...turn, posting, createdAtMs: begun.mail.createdAtMs, attempt };
  return { shown, before, ...(await tryMail(task, shift.way, shift)) };
}

const TOO_LATE = "The time of the consumer was over.";
