/** Orders that are tried at once. */
import { followUp, settlementOf, tryMail, type Task } from "../attempt.ts";
import { enqueue, waitingOf, type Letter, type Waiting } from "../enqueue.ts";
import { newMail } from "../journal-entry.ts";
import { inOrder } from "../net/in-order.ts";
import { narrowed } from "../queued-mail.ts";
import { wayOf } from "../relay/way.ts";
import { sessionLog } from "../session-log.ts";
import type { Outcome } from "../smtp/outcome.ts";
import { isFinal } from "../store/journal.ts";
import { removeSpooled } from "../store/spool.ts";
import type { Verdict } from "../verdict.ts";
import { broken, nameOf, type Office, type Order, type Results, type Within } from "./order.ts";

/** Mails of one session under way together. */
const MAILS_AT_ONCE = 20;

/** All over one session, each with an outcome of its own. */
export async function tryAll(
  orders: readonly Order[],
  within: Within,
  results: Results,
): Promise<void> {
  const { nowMs, options, office } = within;
  const { env, config, store, log, connect, memory } = office;
  if (orders.length === 0) return;
  const canRetry = options.retryLater && env.MAIL_QUEUE !== undefined;
  const tasks: Task[] = [];
  const waiting = new Map<string, Waiting & { readonly ok: true }>();
  for (const { id, posting } of orders) {
    // What no place can hold is tried all the same, and not again.
    const kept = canRetry ? await waitingOf(id, posting, env).catch(() => undefined) : undefined;
    if (kept?.ok === true) waiting.set(id, kept);
    const attempt = { number: 1, canRetry: kept?.ok === true, wasAccepted: false };
    tasks.push({ id, turn: 0, posting, createdAtMs: nowMs, attempt });
  }
  try {
    await store?.journal.admit(
      tasks.map((task) => {
        const body = waiting.get(task.id)?.text;
        return newMail(task, {
          token: options.token,
          createdAtMs: nowMs,
          status: "sending",
          ...(body === undefined ? {} : { body }),
          checkAtMs: nowMs + config.service.attemptMs,
          events: [{ atMs: nowMs, type: "attempt", data: { attempt: 1 } }],
          detail: config.service.journalDetail,
        });
      }),
    );
  } catch (error) {
    for (const { id } of orders) results.set(id, broken("JOURNAL", error));
    return;
  }
  const way = wayOf(config, env, { connect, memory, onSession: sessionLog(log) });
  const work = async (task: Task): Promise<Done> => ({
    task,
    ...(await tryMail(task, way, office)),
  });
  const done: Done[] = [];
  for await (const one of inOrder(tasks, work, () => MAILS_AT_ONCE)) {
    done.push(one);
    logOutcome(one.task.id, one.outcome, office);
  }
  // QUIT is a courtesy, and the caller does not wait for it.
  office.outlive(way.close().catch(() => undefined));
  const again = await settleAll(done, waiting, office);
  for (const { task, outcome } of done) {
    const isAgain = again.has(task.id);
    results.set(
      task.id,
      isAgain ? { kind: "waiting", status: "queued" } : { kind: "tried", outcome },
    );
  }
}

type Kept = Waiting & { readonly ok: true };

interface Done {
  readonly task: Task;
  readonly outcome: Outcome;
  readonly verdict: Verdict;
}

/** Writes down what came of the attempts; the ids of the mails that will be tried again. */
async function settleAll(
  done: readonly Done[],
  waiting: ReadonlyMap<string, Kept>,
  office: Office,
): Promise<ReadonlySet<string>> {
  const { env, store, log } = office;
  const nowMs = Date.now();
  const { retryMs, queueMs } = office.config.service;
  const checkAtMs = nowMs + retryMs + queueMs;
  const settlements = done.map(({ task, verdict }) =>
    settlementOf(task, verdict, { nowMs, checkAtMs }, office),
  );
  const settle = async (): Promise<unknown> => store?.journal.settle(settlements);
  await settle()
    .catch(settle)
    .catch(settle)
    .catch((error: unknown) => {
      // What was sent is sent, whatever is written down of it.
      log("error", "journal.fault", { mails: done.length, error: nameOf(error) });
    });
  const again = await retryLater(
    done.filter(({ verdict }) => verdict.status === "deferred"),
    waiting,
    office,
  );
  const over = done.filter(({ verdict }) => isFinal(verdict.status));
  await Promise.all([
    followUp(
      done.map(({ task, verdict }) => ({ ...task, verdict })),
      nowMs,
      office,
    ),
    ...over.map(async ({ task: { id } }) => {
      const kept = waiting.get(id);
      if (kept === undefined || !("spooled" in kept.body) || env.SPOOL === undefined) return;
      await removeSpooled(env.SPOOL, id).catch(() => undefined);
    }),
  ]);
  return again;
}

/** Puts mails into the queue for their next attempt; the ids of those for which that is certain. */
async function retryLater(
  deferred: readonly Done[],
  waiting: ReadonlyMap<string, Kept>,
  { env, config, store, log }: Office,
): Promise<ReadonlySet<string>> {
  const queue = env.MAIL_QUEUE;
  if (deferred.length === 0 || queue === undefined) return new Set();
  const ids = new Set(deferred.map(({ task }) => task.id));
  try {
    const letters: Letter[] = [];
    for (const { task, verdict } of deferred) {
      const letter = await letterOf(task, verdict, waiting.get(task.id), {
        env,
        config,
        store,
      });
      if (letter !== undefined) letters.push(letter);
    }
    await enqueue(queue, letters);
    return ids;
  } catch (error) {
    log("error", "queue.refused", { mails: deferred.length, error: nameOf(error) });
    // The journal has them, and enqueues them when the queue's time is over.
    return store === undefined ? new Set() : ids;
  }
}

async function letterOf(
  { id, turn, posting }: Task,
  { owed }: Verdict,
  kept: Kept | undefined,
  {
    env,
    config,
    store,
  }: Pick<Office, "env" | "config"> & { readonly store: Office["store"] | undefined },
): Promise<Letter | undefined> {
  const delaySeconds = Math.ceil(config.service.retryMs / 1000);
  // The journal knows who is still to get it.
  if (store !== undefined) return { body: { id, turn }, octets: 100, delaySeconds };
  if (owed === undefined) return kept === undefined ? undefined : { ...kept, delaySeconds };
  const mail = narrowed(posting.mail, owed);
  const rest = await waitingOf(id, { ...posting, mail }, env);
  return rest.ok ? { ...rest, delaySeconds } : undefined;
}

function logOutcome(id: string, outcome: Outcome, { log }: Office): void {
  const failure = outcome.status === "accepted" ? undefined : outcome.failure;
  log(failure === undefined ? "info" : "warn", `mail.${outcome.status}`, {
    id,
    relay: outcome.relay,
    cause: failure?.cause,
    stage: failure?.stage,
    extension: failure?.extension,
    code: outcome.status === "accepted" ? outcome.reply.code : failure?.reply?.code,
    enhanced: failure?.reply?.enhanced,
  });
}
