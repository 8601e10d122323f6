/**
 * Messages of a deployment without a journal: the queue is the only memory. Delivery is at least once, and
 * a mail that is sent twice has the same Message-ID twice.
 */
import { tryMail, type Task } from "../attempt.ts";
import { nameOf } from "../dispatch/order.ts";
import { enqueue, waitingOf } from "../enqueue.ts";
import type { Env } from "../env.ts";
import { inOrder } from "../net/in-order.ts";
import { forbidden } from "../policy.ts";
import { claimIn, narrowed } from "../queued-mail.ts";
import { eventMail } from "../tell.ts";
import { Aftermath } from "./aftermath.ts";
import { delayOf, FIRST_DELAY_SECONDS, secondsUntil } from "./backoff.ts";
import type { Mailed } from "./case.ts";
import { contentsOf } from "./contents.ts";
import { refusedHere } from "./judgement.ts";
import { MAILS_AT_ONCE } from "./journalled.ts";
import { deferringReplies, logUnreadable, logVerdict } from "./mail-log.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import type { Shift } from "./shift.ts";
import type { Slip } from "./slip.ts";

type MailQueue = NonNullable<Env["MAIL_QUEUE"]>;

/** Settles the messages. */
export async function deliverLoose(
  slips: readonly Slip[],
  shift: Shift,
  queue: MailQueue,
): Promise<void> {
  const alone = oneAtATime();
  const aftermath = new Aftermath(shift);
  const once = async (slip: Slip): Promise<void> => {
    if (Date.now() > shift.deadlineMs) slip.retry(FIRST_DELAY_SECONDS);
    else await deliverOne({ slip, shift, queue, aftermath });
  };
  const settle = async (slip: Slip): Promise<void> => {
    try {
      // What stands in SPOOL may be too large to be held beside others of its size.
      await (claimIn(slip.body) === undefined ? once(slip) : alone(async () => once(slip)));
    } catch (error) {
      shift.log("error", "queue.fault", { message: slip.id, error: nameOf(error) });
      slip.retry(delayOf(slip.attempts));
    }
  };
  for await (const _ of inOrder(slips, settle, () => MAILS_AT_ONCE));
}

async function deliverOne(context: Context): Promise<void> {
  const { slip, shift } = context;
  const { env, log } = shift;
  const contents = await contentsOf(slip.body, slip, env);
  switch (contents.kind) {
    case "turn":
      // The mail stands in a journal that is not bound any more: the deployment can be mended.
      log("error", "queue.misconfigured", { names: "JOURNAL", id: contents.turn.id });
      slip.retry(delayOf(slip.attempts));
      return;
    case "unreadable":
      logUnreadable(contents, log);
      slip.ack();
      return;
    case "mail":
      if (!waits(contents, slip, shift)) await tryContents(contents, context);
  }
}

/** Whether its time has not come; then the message is settled. */
function waits({ id, posting }: Mailed, slip: Slip, { log }: Shift): boolean {
  const at = posting.scheduledAt?.getTime() ?? 0;
  const nowMs = Date.now();
  if (at <= nowMs) return false;
  if (at - slip.timestamp.getTime() > MOST_AHEAD_MS) {
    log("error", "mail.refused", {
      id,
      cause: "config",
      names: "JOURNAL",
      pointers: "/scheduledAt",
    });
    slip.ack();
  } else {
    const delaySeconds = secondsUntil(at, nowMs);
    log("info", "mail.scheduled", { id, delaySeconds });
    slip.retry(delaySeconds);
  }
  return true;
}

/** A queue holds a message no longer. */
const MOST_AHEAD_MS = 86_400_000;

interface Context {
  readonly slip: Slip;
  readonly shift: Shift;
  readonly queue: MailQueue;
  readonly aftermath: Aftermath;
}

async function tryContents(
  contents: Mailed,
  { slip, shift, queue, aftermath }: Context,
): Promise<void> {
  const { config, env, way, log } = shift;
  const { id, posting } = contents;
  const task: Task = {
    id,
    turn: 0,
    posting,
    createdAtMs: slip.timestamp.getTime(),
    attempt: { number: slip.attempts, canRetry: true, wasAccepted: false },
  };
  const concerned = { recipients: posting.mail.envelope.to, wasAccepted: false };
  const problems = forbidden(posting.mail, config);
  const tried =
    problems.length > 0
      ? { verdict: refusedHere(problems, concerned, slip.attempts) }
      : await tryMail(task, way, shift);
  const { verdict } = tried;
  const outcome = "outcome" in tried ? tried.outcome : undefined;
  const replies = outcome === undefined ? [] : deferringReplies(outcome);
  const delaySeconds = delayOf(slip.attempts, replies, config.service.retryMs / 1000);
  const { status, owed } = verdict;
  // Some have it: the others go on as a message of their own, and only then is this one done.
  if (owed !== undefined) await sendAgain(task, owed, { queue, env, delaySeconds });
  logVerdict({ id, attempt: slip.attempts, verdict, outcome, delaySeconds }, log);
  const mail = eventMail(id, posting, task.createdAtMs);
  const isRemoved = status !== "deferred" && contents.spooled !== undefined;
  await aftermath.add({ mail, verdict, isRemoved });
  if (status === "deferred" && owed === undefined) slip.retry(delaySeconds);
  else slip.ack();
}

/**
 * If the queue will not take it, the error makes the whole message come again: a second copy for some is
 * better than none for others.
 */
async function sendAgain(
  { id, posting }: Task,
  owed: readonly string[],
  { queue, env, delaySeconds }: { queue: MailQueue; env: Env; delaySeconds: number },
): Promise<void> {
  const rest = await waitingOf(id, { ...posting, mail: narrowed(posting.mail, owed) }, env);
  if (!rest.ok) throw new Error("the recipients that are owed a mail do not fit into a message");
  await enqueue(queue, [{ body: rest.body, octets: rest.octets, delaySeconds }]);
}
