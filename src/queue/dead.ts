/**
 * The dead-letter queue: what the platform has tried as often as it was told to. Each mail is failed with
 * the story of its attempts, and whoever asked for events is told.
 */
import { proclaim } from "../attempt.ts";
import { nameOf } from "../dispatch/order.ts";
import { claimIn } from "../queued-mail.ts";
import { removeSpooled } from "../store/spool.ts";
import type { JournalEvent } from "../store/journal.ts";
import { eventMail } from "../tell.ts";
import { Aftermath } from "./aftermath.ts";
import { ticketsOf } from "./admission.ts";
import { delayOf } from "./backoff.ts";
import { close, concernedBy, type Case, type Finding } from "./case.ts";
import { contentsOf, keptContents } from "./contents.ts";
import { begin } from "./journalled.ts";
import { doubtful, givenUp } from "./judgement.ts";
import { Ledger } from "./ledger.ts";
import { logUnreadable, logVerdict } from "./mail-log.ts";
import { hasJournal, type JournalShift, type Shift } from "./shift.ts";
import type { Slip } from "./slip.ts";

const NO_ATTEMPT_LEFT = "It could not be sent in all of its attempts.";

/** Settles the messages: their mails have failed. */
export async function bury(slips: readonly Slip[], shift: Shift): Promise<void> {
  if (hasJournal(shift)) await buryJournalled(slips, shift);
  else for (const slip of slips) await buryLoose(slip, shift);
}

async function buryJournalled(slips: readonly Slip[], shift: JournalShift): Promise<void> {
  const ledger = new Ledger(shift.store.journal, shift.log);
  const books = { shift, ledger, aftermath: new Aftermath(shift) };
  // No attempt: one that then cannot be ended would leave it in doubt, and nothing has been sent.
  const cases = await begin(await ticketsOf(slips, shift), shift, { isLooking: true });
  await Promise.all(
    cases.map(async (one) => {
      try {
        await close(one, await story(one, shift), books);
      } catch (error) {
        shift.log("error", "queue.fault", { message: one.slip.id, error: nameOf(error) });
        one.slip.retry(delayOf(one.slip.attempts));
      }
    }),
  );
}

async function story(one: Case, { store, env }: JournalShift): Promise<Finding> {
  const { slip, turn, begun, spooled } = one;
  // What stands in SPOOL is not read: the journal has the facts, and they are enough.
  const { body } = spooled === undefined ? begun : {};
  const contents = body === undefined ? undefined : await keptContents(body, slip, env);
  const mailed = contents?.kind === "mail" ? contents : undefined;
  const concerned = concernedBy(one, mailed);
  const reason = lastReason(await store.journal.events(turn.id)) ?? NO_ATTEMPT_LEFT;
  const verdict = begun.isInDoubt
    ? doubtful(concerned)
    : givenUp(reason, concerned, { attempts: begun.mail.attempts });
  if (mailed === undefined) return { verdict };
  return { verdict, shown: eventMail(mailed.id, mailed.posting, begun.mail.createdAtMs) };
}

/** What the last attempt failed for. */
function lastReason(events: readonly JournalEvent[]): string | undefined {
  for (const { data } of events.toReversed()) {
    const { reason, refused } = data as { readonly reason?: unknown; readonly refused?: unknown };
    if (typeof reason === "string") return reason;
    const [first] = Array.isArray(refused) ? (refused as readonly RefusalEntry[]) : [];
    if (typeof first?.reply?.text === "string") return first.reply.text;
  }
  return undefined;
}

interface RefusalEntry {
  readonly reply?: { readonly text?: unknown };
}

async function buryLoose(slip: Slip, shift: Shift): Promise<void> {
  const { env, log } = shift;
  try {
    const contents = await contentsOf(slip.body, slip, env).catch(() => undefined);
    switch (contents?.kind) {
      case undefined:
        await buryUnread(slip, shift);
        break;
      case "turn":
        log("error", "mail.failed", { id: contents.turn.id, names: "JOURNAL" });
        break;
      case "unreadable":
        logUnreadable(contents, log);
        break;
      case "mail": {
        const { id, posting, spooled } = contents;
        const recipients = posting.mail.envelope.to;
        const verdict = givenUp(NO_ATTEMPT_LEFT, { recipients, wasAccepted: false });
        logVerdict({ id, attempt: slip.attempts, verdict, delaySeconds: 0 }, log);
        const mail = eventMail(id, posting, slip.timestamp.getTime());
        await proclaim([{ mail, verdict }], Date.now(), shift);
        if (spooled !== undefined && env.SPOOL !== undefined) {
          await removeSpooled(env.SPOOL, id).catch(() => undefined);
        }
      }
    }
    slip.ack();
  } catch (error) {
    log("error", "queue.fault", { message: slip.id, error: nameOf(error) });
    slip.retry(delayOf(slip.attempts));
  }
}

/** Neither SPOOL nor anybody else tells what the mail was. */
async function buryUnread({ body, timestamp, attempts }: Slip, shift: Shift): Promise<void> {
  const id = claimIn(body)?.id ?? "";
  const verdict = givenUp(NO_ATTEMPT_LEFT, { recipients: [], wasAccepted: false });
  logVerdict({ id, attempt: attempts, verdict, delaySeconds: 0 }, shift.log);
  const createdAtMs = timestamp.getTime();
  const mail = { id, messageId: "", createdAtMs, from: "", subject: "", tags: [] };
  await proclaim([{ mail, verdict }], Date.now(), shift);
}
