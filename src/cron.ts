/**
 * What a clock does every minute: mails whose time has come, or that nobody has looked after, go to the
 * queue; attempts that never ended are ended; once an hour old mails are forgotten. Each step stands for
 * itself, and what one does not finish the next minute does.
 */
import { proclaim, type Desk } from "./attempt.ts";
import { readConfig } from "./config.ts";
import { RELEASE_AHEAD_MS } from "./dispatch/later.ts";
import { nameOf } from "./dispatch/order.ts";
import { enqueue, type Letter } from "./enqueue.ts";
import type { Env } from "./env.ts";
import { createLog } from "./log.ts";
import { secondsUntil } from "./queue/backoff.ts";
import { doubtful } from "./queue/judgement.ts";
import type { DueMail } from "./store/journal.ts";
import { openStore } from "./store/d1/store.ts";
import type { Store } from "./store/store.ts";
import { journalledMail } from "./tell.ts";

const MAILS_AT_ONCE = 100;
/**
 * In one minute so many go out. A Worker may make 50 calls where nothing is paid for more: a round that
 * releases makes two, one that ends attempts three at the most, and once an hour forgetting makes some five.
 */
const MOST_RELEASES = 18;
const MOST_ENDINGS = 2;
const MOST_MS = 25_000;
const HOUR_MS = 3_600_000;

/** Does what is due at this time. Never rejects. */
export async function tick(env: Env, nowMs: number): Promise<void> {
  if (env.JOURNAL === undefined) return;
  const config = await readConfig(env);
  if (!config.ok) {
    const names = config.problems.map(({ name }) => name).join(" ");
    createLog("error")("error", "cron.misconfigured", { names });
    return;
  }
  const log = createLog(config.value.logLevel);
  const store = openStore(env.JOURNAL);
  const clock: Clock = {
    env,
    config: config.value,
    log,
    store,
    nowMs,
    endMs: Date.now() + MOST_MS,
  };
  const step = async (name: string, work: (clock: Clock) => Promise<void>): Promise<void> => {
    try {
      await work(clock);
    } catch (error) {
      log("error", "cron.fault", { step: name, error: nameOf(error) });
    }
  };
  await step("release", release);
  await step("interrupted", endInterrupted);
  if (nowMs % HOUR_MS < 60_000) await step("forget", forget);
}

interface Clock extends Desk {
  readonly store: Store;
  readonly nowMs: number;
  /** No further round begins after that, by the real clock. */
  readonly endMs: number;
}

/** As long as rounds find as much as they may. */
async function inRounds(
  { endMs }: Clock,
  most: number,
  round: () => Promise<number>,
): Promise<void> {
  for (let rounds = 0; rounds < most && Date.now() < endMs; rounds += 1) {
    if ((await round()) < MAILS_AT_ONCE) return;
  }
}

/**
 * Taken first and enqueued then: whatever ends in between, the journal looks after it again when the
 * queue's time is over, and the message of an earlier turn, should there be one, has no effect.
 */
async function release(clock: Clock): Promise<void> {
  const { env, config, log, store, nowMs } = clock;
  const queue = env.MAIL_QUEUE;
  if (queue === undefined) return;
  await inRounds(clock, MOST_RELEASES, async () => {
    const due = await store.journal.takeDue({
      nowMs,
      untilMs: nowMs + RELEASE_AHEAD_MS,
      checkAtMs: nowMs + config.service.queueMs,
      limit: MAILS_AT_ONCE,
    });
    if (due.length === 0) return 0;
    try {
      await enqueue(
        queue,
        due.map((mail) => letterOf(mail, nowMs)),
      );
    } catch (error) {
      log("error", "queue.refused", { mails: due.length, error: nameOf(error) });
      // On the next occasion, rather than when the queue's time is over.
      await store.journal.hasten(due, nowMs);
      return 0;
    }
    log("info", "mail.released", { mails: due.length });
    return due.length;
  });
}

function letterOf({ id, turn, atMs }: DueMail, nowMs: number): Letter {
  const body = { id, turn };
  const delaySeconds = secondsUntil(atMs, nowMs);
  const octets = JSON.stringify(body).length;
  return { body, octets, ...(delaySeconds === 0 ? {} : { delaySeconds }) };
}

/** Limit: who is told of it may not be, where this is ended between its two steps; the journal knows. */
async function endInterrupted(clock: Clock): Promise<void> {
  const { store, log, nowMs } = clock;
  await inRounds(clock, MOST_ENDINGS, async () => {
    const mails = await store.journal.endInterrupted({ nowMs, limit: MAILS_AT_ONCE });
    for (const { id, attempts } of mails) log("error", "mail.unknown", { id, attempt: attempts });
    const judged = mails.map((mail) => ({
      mail: journalledMail(mail),
      verdict: doubtful({ recipients: mail.facts.to ?? [] }),
    }));
    await proclaim(judged, nowMs, clock);
    return mails.length;
  });
}

async function forget({ store, config, log, nowMs }: Clock): Promise<void> {
  const mails = await store.journal.forget(nowMs - config.service.retentionMs);
  const claims = await store.claims.forget(nowMs);
  if (mails + claims > 0) log("info", "journal.forgot", { mails, claims });
}
