/**
 * The queue consumer: each message ends in exactly one of ack and retry, whatever happens to it, and the
 * mails of a batch share one session. One consumer serves all queues: mails, events for webhooks, and what
 * has been tried often enough.
 */
import { readConfig } from "./config.ts";
import { nameOf } from "./dispatch/order.ts";
import type { Env } from "./env.ts";
import { createLog } from "./log.ts";
import type { Connect } from "./net/connection.ts";
import { delayOf } from "./queue/backoff.ts";
import { bury } from "./queue/dead.ts";
import { deliverJournalled } from "./queue/journalled.ts";
import { deliverLoose } from "./queue/loose.ts";
import { hasJournal, type Shift } from "./queue/shift.ts";
import { Slip } from "./queue/slip.ts";
import { readQueuedEvent } from "./queued-event.ts";
import type { RelayMemory } from "./relay-memory.ts";
import { wayOf } from "./relay/way.ts";
import { sessionLog } from "./session-log.ts";
import { openStore } from "./store/d1/store.ts";
import { callWebhooks } from "./webhooks/call.ts";

/** A consumer has 15 minutes; a mail that begins now may need 5 of them for its last reply. */
const BATCH_MS = 8 * 60_000;

interface Tools {
  readonly connect: Connect;
  readonly memory: RelayMemory;
}

/** Settles every message of the batch. Never throws. */
export async function consume(batch: MessageBatch, env: Env, tools: Tools): Promise<void> {
  const slips = batch.messages.map((message) => new Slip(message));
  try {
    await settleAll(slips, { queue: batch.queue, env, tools });
  } catch (error) {
    createLog("error")("error", "queue.fault", { queue: batch.queue, error: nameOf(error) });
  } finally {
    for (const slip of slips) slip.retry(delayOf(slip.attempts));
  }
}

async function settleAll(
  slips: readonly Slip[],
  { queue, env, tools }: { readonly queue: string; readonly env: Env; readonly tools: Tools },
): Promise<void> {
  const config = await readConfig(env);
  // Without either, the recipients still owed of a mail could not be sent to again.
  const hasMemory = env.MAIL_QUEUE !== undefined || env.JOURNAL !== undefined;
  if (!config.ok || !hasMemory) {
    const names = config.ok ? "MAIL_QUEUE" : config.problems.map(({ name }) => name).join(" ");
    createLog("error")("error", "queue.misconfigured", { names, messages: slips.length });
    return;
  }
  const log = createLog(config.value.logLevel);
  const store = env.JOURNAL === undefined ? undefined : openStore(env.JOURNAL);
  const way = wayOf(config.value, env, { ...tools, onSession: sessionLog(log) });
  const shift: Shift = {
    env,
    config: config.value,
    log,
    way,
    deadlineMs: Date.now() + BATCH_MS,
    ...(store === undefined ? {} : { store }),
  };
  const { mails, events } = sorted(slips, log);
  const { deadLetterQueue } = config.value.service;
  if (queue === deadLetterQueue || queue.endsWith("-dead")) {
    for (const { slip, event } of events) {
      log("error", "event.dead", { eventId: event.id, id: event.event.mail.id });
      slip.ack();
    }
    await bury(mails, shift);
  } else {
    await Promise.all([callWebhooks(events, shift), deliver(mails, shift)]);
  }
  await way.close().catch(() => undefined);
}

async function deliver(slips: readonly Slip[], shift: Shift): Promise<void> {
  if (slips.length === 0) return;
  if (hasJournal(shift)) await deliverJournalled(slips, shift);
  else if (shift.env.MAIL_QUEUE !== undefined) {
    await deliverLoose(slips, shift, shift.env.MAIL_QUEUE);
  }
}

interface Sorted {
  readonly mails: Slip[];
  readonly events: Parameters<typeof callWebhooks>[0][number][];
}

/** By what they are, since a deployment may give its queues any names. */
function sorted(slips: readonly Slip[], log: Shift["log"]): Sorted {
  const all: Sorted = { mails: [], events: [] };
  for (const slip of slips) {
    try {
      const event = readQueuedEvent(slip.body);
      if (event === undefined) all.mails.push(slip);
      else all.events.push({ slip, event });
    } catch (error) {
      log("error", "queue.fault", { message: slip.id, error: nameOf(error) });
      slip.retry(delayOf(slip.attempts));
    }
  }
  return all;
}
