/** Orders that are tried at once. */
import { followUp, settlementOf, tryMail, type Task, type Tried } from "../attempt.ts";
import { enqueue, EnqueueError, waitingOf, type Letter, type Waiting } from "../enqueue.ts";
import { newMail } from "../journal-entry.ts";
import { inOrder } from "../net/in-order.ts";
import { narrowed } from "../queued-mail.ts";
import { wayOf } from "../relay/way.ts";
import { sessionLog } from "../session-log.ts";
import { failed, type Failure, type Outcome } from "../smtp/outcome.ts";
import { isFinal, type NewMail } from "../store/journal.ts";
import { removeSpooled } from "../store/spool.ts";
import { traced } from "../trace.ts";
import { verdictOf, type Verdict } from "../verdict.ts";
import { admitted } from "./admission.ts";
import {
  nameOf,
  type Addressed,
  type Office,
  type Order,
  type Results,
  type Within,
} from "./order.ts";

/** Mails of one session under way together. */
const MAILS_AT_ONCE = 20;

/** All over one session, each with an outcome of its own. */
export async function tryAll(
  orders: readonly Addressed[],
  within: Within,
  results: Results,
): Promise<void> {
  const { nowMs, options, office } = within;
  const { env, config, log, connect, memory } = office;
  if (orders.length === 0) return;
  const { attemptMs } = config.service;
  const canRetry = options.retryLater && env.MAIL_QUEUE !== undefined;
  const attempts: Attempted[] = [];
  for (const order of orders) {
    // What no place can hold is tried all the same, and not again.
    const kept = canRetry ? await keptOf(order, env) : undefined;
    const attempt = { number: 1, canRetry: kept !== undefined, wasAccepted: false };
    const task = { id: order.id, turn: 0, posting: order.addressed, createdAtMs: nowMs, attempt };
    attempts.push({ order, task, ...(kept === undefined ? {} : { kept }) });
  }
  const fault = await admitted(
    attempts.map((one) => entering(one, within)),
    office,
  );
  if (fault !== undefined) {
    for (const { id } of orders) results.set(id, fault);
    return;
  }
  const way = wayOf(config, env, { connect, memory, onSession: sessionLog(log) });
  // An attempt that begins by then ends within the lease, after which it would be taken for dead.
  const deadlineMs = nowMs + attemptMs / 2;
  const work = async (one: Attempted): Promise<Done> => ({
    ...one,
    ...(await (Date.now() < deadlineMs
      ? tryMail(one.task, way, office)
      : untried(one.task, office))),
  });
  const books = new Books(office, results);
  for await (const one of inOrder(attempts, work, () => MAILS_AT_ONCE)) {
    logOutcome(one.task.id, one.outcome, office);
    books.enter(one);
  }
  // QUIT is a courtesy, and the caller does not wait for it.
  office.outlive(way.close().catch(() => undefined));
  await books.closed();
}

/** An order on its way. */
interface Attempted {
  readonly order: Addressed;
  readonly task: Task;
  /** What it is tried again with. */
  readonly kept?: Waiting & { readonly ok: true };
}

async function keptOf({ id, posting }: Order, env: Office["env"]): Promise<Attempted["kept"]> {
  const kept = await waitingOf(id, posting, env).catch(() => undefined);
  return kept?.ok === true ? kept : undefined;
}

function entering({ order, kept }: Attempted, { nowMs, options, office }: Within): NewMail {
  const { attemptMs, journalDetail } = office.config.service;
  const left = {
    atMs: nowMs,
    type: "suppressed",
    data: { recipients: order.suppressed },
  } as const;
  return newMail(order, {
    token: options.token,
    createdAtMs: nowMs,
    status: "sending",
    ...(kept === undefined ? {} : { body: kept.text }),
    checkAtMs: nowMs + attemptMs,
    events: [
      ...(order.suppressed.length === 0 ? [] : [left]),
      { atMs: nowMs, type: "attempt", data: { attempt: 1 } },
    ],
    detail: journalDetail,
  });
}

/** The time is over before it came to this one: nothing was sent. */
function untried({ posting, attempt }: Task, { config }: Office): Tried {
  const { messageId, envelope } = posting.mail;
  const outcome: Outcome = { ...failed(NO_TIME), messageId, relay: "" };
  const verdict = verdictOf(outcome, {
    ...attempt,
    recipients: envelope.to,
    tookMs: 0,
    unknown: config.unknown,
  });
  return { outcome, verdict };
}

const NO_TIME: Failure = {
  cause: "timeout",
  stage: "connect",
  message: "the time for the batch was over before it came to this mail",
  transcript: [],
};

interface Done extends Attempted, Tried {}

/** Writes down what came of attempts while others go on: all that has ended meanwhile goes together. */
class Books {
  readonly #office: Office;
  readonly #results: Results;
  #open: Done[] = [];
  #writing: Promise<void> = Promise.resolve();

  constructor(office: Office, results: Results) {
    this.#office = office;
    this.#results = results;
  }

  enter(done: Done): void {
    this.#open.push(done);
    this.#writing = this.#writing.then(async () => this.#write());
  }

  /** Resolves when all is written down, told, and in the queue again. */
  async closed(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    const done = this.#open;
    if (done.length === 0) return;
    this.#open = [];
    const again = await settleAll(done, this.#office);
    for (const { task, outcome } of done) {
      const isAgain = again.has(task.id);
      this.#results.set(
        task.id,
        isAgain ? { kind: "waiting", status: "queued" } : { kind: "tried", outcome },
      );
    }
  }
}

/** The ids of the mails that will be tried again. Never rejects. */
async function settleAll(done: readonly Done[], office: Office): Promise<ReadonlySet<string>> {
  const { env, config, store, log } = office;
  const nowMs = Date.now();
  const { retryMs, queueMs } = config.service;
  const checkAtMs = nowMs + retryMs + queueMs;
  const settlements = done.map(({ task, verdict }) =>
    settlementOf(task, verdict, { nowMs, checkAtMs }, office),
  );
  const settle = async (): Promise<ReadonlySet<string> | undefined> =>
    traced("journal", async () => store?.journal.settle(settlements));
  const counted = await settle()
    .catch(settle)
    .catch(settle)
    .catch((error: unknown) => {
      // What was sent is sent, whatever is written down of it.
      log("error", "journal.fault", { mails: done.length, error: nameOf(error) });
      return undefined;
    });
  // The others took too long: somebody else has judged them meanwhile, and told of it.
  const own = done.filter(({ task: { id } }) => counted === undefined || counted.has(id));
  const again = await retryLater(
    own.filter(({ verdict }) => verdict.status === "deferred"),
    office,
  );
  const over = own.filter(({ verdict }) => isFinal(verdict.status));
  await Promise.all([
    followUp(
      own.map(({ order, task, verdict }) => ({
        ...task,
        verdict: { ...verdict, tidings: [...leftOut(order), ...verdict.tidings] },
      })),
      nowMs,
      office,
    ),
    ...over.map(async ({ task: { id }, kept }) => {
      if (kept === undefined || !("spooled" in kept.body) || env.SPOOL === undefined) return;
      await removeSpooled(env.SPOOL, id).catch(() => undefined);
    }),
  ]);
  return again;
}

function leftOut({ suppressed }: Addressed): Verdict["tidings"] {
  if (suppressed.length === 0) return [];
  const reason = "These recipients are on the suppression list.";
  return [{ type: "email.suppressed", recipients: suppressed, reason }];
}

/** Puts mails into the queue for their next attempt; the ids of those for which that is certain. */
async function retryLater(
  deferred: readonly Done[],
  { env, config, store, log }: Office,
): Promise<ReadonlySet<string>> {
  const queue = env.MAIL_QUEUE;
  if (deferred.length === 0 || queue === undefined) return new Set();
  const ready: Done[] = [];
  const letters: Letter[] = [];
  for (const one of deferred) {
    const letter = await letterOf(one, { env, config, store }).catch(() => undefined);
    if (letter === undefined) continue;
    ready.push(one);
    letters.push(letter);
  }
  const idsOf = (some: readonly Done[]): ReadonlySet<string> =>
    new Set(some.map(({ task }) => task.id));
  try {
    await enqueue(queue, letters);
    return idsOf(ready);
  } catch (error) {
    log("error", "queue.refused", { mails: letters.length, error: nameOf(error) });
    // The journal has them, and enqueues them when the queue's time is over.
    if (store !== undefined) return idsOf(deferred);
    return idsOf(ready.slice(0, error instanceof EnqueueError ? error.taken : 0));
  }
}

async function letterOf(
  { task: { id, turn, posting }, verdict: { owed }, kept }: Done,
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
