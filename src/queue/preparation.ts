/** What stands before an attempt at a mail of the journal: its contents, whether it may go, and to whom. */
import { nameOf } from "../dispatch/order.ts";
import { guarded, type Guarded } from "../guard.ts";
import type { EventMail } from "../mail-event.ts";
import { forbidden } from "../policy.ts";
import type { Posting } from "../posting.ts";
import { narrowed } from "../queued-mail.ts";
import { eventMail } from "../tell.ts";
import { concernedBy, type Case, type Finding } from "./case.ts";
import { keptContents, type Contents } from "./contents.ts";
import { doubtful, givenUp, leftOut, postponed, refusedHere, suppressed } from "./judgement.ts";
import type { JournalShift } from "./shift.ts";

/** A mail that can be tried. */
export interface Ready {
  readonly one: Case;
  readonly shown: EventMail;
  /** For the recipients that are still to get it. */
  readonly posting: Posting;
}

/** A mail of which it is known without an attempt what becomes of it. */
export interface Judged {
  readonly one: Case;
  readonly finding: Finding;
}

/** What the journal or SPOOL has of the mail, and whether it is to be tried. Never rejects. */
export async function prepare(one: Case, shift: JournalShift): Promise<Ready | Judged> {
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
  const shown =
    mailed === undefined ? undefined : eventMail(mailed.id, mailed.posting, begun.mail.createdAtMs);
  const found = shown === undefined ? {} : { shown };
  const concerned = concernedBy(one, mailed);
  if (isOverFor(begun, shift)) {
    return judged({ ...found, verdict: doubtful(concerned) });
  }
  if (mailed === undefined || shown === undefined) {
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
  return { one, shown, posting: { ...mailed.posting, mail } };
}

/** It may have been sent, and such a mail is not tried again here. */
function isOverFor({ isInDoubt }: Case["begun"], { config }: JournalShift): boolean {
  return isInDoubt && config.unknown === "fail";
}

/** A mail for those who may be written to. */
export interface Guard extends Ready {
  readonly before: NonNullable<Finding["before"]>;
}

/** Leaves out whom nobody may write to; a mail for which nobody is left is judged. */
export async function guardAll(
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
    return { one: each.one, finding: { shown: each.shown, verdict } };
  });
}

function guardOne(
  { one, shown, posting: { mail } }: Ready,
  { posting, suppressed: left }: Guarded,
): Guard | Judged {
  if (left.length > 0 && mail.envelope.to.every((to) => left.includes(to))) {
    const verdict = suppressed({ ...concernedBy(one), recipients: left });
    return { one, finding: { shown, verdict } };
  }
  return { one, shown, posting, before: left.length === 0 ? [] : [leftOut(left)] };
}
