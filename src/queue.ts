/**
 * The queue consumer: each message ends in exactly one of ack and retry, whatever happens to it, and
 * all of a batch share one session. Delivery is at least once: the platform may give a message twice,
 * and then the relay gets the same Message-ID twice.
 */
import { readConfig, type Config } from "./config.ts";
import type { Env } from "./env.ts";
import { createLog, type Log } from "./log.ts";
import type { Connect } from "./net/connection.ts";
import { inOrder } from "./net/in-order.ts";
import { forbidden } from "./policy.ts";
import { narrowed, readQueueBody, type QueueBody } from "./queued-mail.ts";
import type { RelayMemory } from "./relay-memory.ts";
import { wayOf, type Way } from "./relay/way.ts";
import { sessionLog } from "./session-log.ts";
import { isAboutAccess, isTransient, type Outcome } from "./smtp/outcome.ts";

/** The first retry comes after about this long, each later one after twice as long ... */
const FIRST_DELAY_SECONDS = 30;
/** ... up to this: relays that defer for greylisting or quota relent within hours. */
const MAX_DELAY_SECONDS = 6 * 3600;
/**
 * Mails of a batch that share the round trips of a session. Those under way at the end of BATCH_MS have 7
 * minutes for all of them.
 */
const MESSAGES_AT_ONCE = 10;
/** A consumer has 15 minutes; a mail that begins now may need 5 of them for its last reply. */
const BATCH_MS = 8 * 60_000;

/** Settles every message of the batch. Never throws. */
export async function consume(
  batch: MessageBatch,
  env: Env,
  { connect, memory }: { readonly connect: Connect; readonly memory: RelayMemory },
): Promise<void> {
  const config = await readConfig(env);
  const queue = env.MAIL_QUEUE;
  if (!config.ok || queue === undefined) {
    // Without MAIL_QUEUE the recipients still owed of a mail could not be sent to again.
    const names = config.ok ? "MAIL_QUEUE" : config.problems.map(({ name }) => name).join(" ");
    createLog("error")("error", "queue.misconfigured", { names, messages: batch.messages.length });
    for (const message of batch.messages) message.retry({ delaySeconds: delayOf(message) });
    return;
  }
  const log = createLog(config.value.logLevel);
  const route = wayOf(config.value, env, { connect, memory, onSession: sessionLog(log) });
  const deadline = Date.now() + BATCH_MS;
  const settleOne = async (message: Message): Promise<void> => {
    try {
      if (Date.now() > deadline) message.retry({ delaySeconds: FIRST_DELAY_SECONDS });
      else await settle(message, { route, config: config.value, queue, log });
    } catch (error) {
      log("error", "queue.fault", { message: message.id, error: nameOf(error) });
      message.retry({ delaySeconds: delayOf(message) });
    }
  };
  for await (const _ of inOrder(batch.messages, settleOne, () => MESSAGES_AT_ONCE));
  await route.close().catch(() => undefined);
}

interface Context {
  readonly route: Way;
  readonly config: Config;
  readonly queue: Queue<QueueBody>;
  readonly log: Log;
}

async function settle(message: Message, context: Context): Promise<void> {
  const { config, queue, log, route } = context;
  const { id, mail } = readQueueBody(message.body, message);
  const refusals = mail.ok ? forbidden(mail.value, config) : mail.problems;
  if (!mail.ok || refusals.length > 0) {
    const pointers = refusals.map(({ pointer }) => pointer).join(" ");
    log("error", "mail.refused", { id, cause: "validation", pointers });
    message.ack();
    return;
  }
  const outcome = await route.deliver(mail.value);
  const facts = { id, attempt: message.attempts, relay: outcome.relay, ...factsOf(outcome) };
  switch (outcome.status) {
    case "accepted": {
      const deferred = outcome.refused.filter(({ reply }) => isTransient(reply));
      const inDoubt = config.unknown === "retry" ? (outcome.unknown ?? []) : [];
      const recipients = [...deferred.map(({ recipient }) => recipient), ...inDoubt];
      if (recipients.length > 0) {
        await sendAgain(message, queue, narrowed(id, mail.value, recipients));
      }
      log(outcome.refused.length === 0 ? "info" : "warn", "mail.accepted", {
        ...facts,
        accepted: outcome.accepted.length,
        refused: outcome.refused.length,
        unknown: outcome.unknown?.length,
        again: recipients.length,
      });
      message.ack();
      return;
    }
    case "deferred":
      retry(message, log, facts);
      return;
    case "unknown":
      if (config.unknown === "retry") {
        retry(message, log, { ...facts, possibleDuplicate: true });
        return;
      }
      log("error", "mail.unknown", facts);
      message.ack();
      return;
    case "refused":
      // A deployment and its relay can be mended while the mail waits.
      if (isAboutAccess(outcome.failure)) {
        retry(message, log, facts);
        return;
      }
      log("error", "mail.refused", facts);
      message.ack();
      return;
  }
}

function retry(message: Message, log: Log, facts: Parameters<Log>[2]): void {
  const delaySeconds = delayOf(message);
  log("warn", "mail.deferred", { ...facts, delaySeconds });
  message.retry({ delaySeconds });
}

/**
 * The recipients still owed go on as a message of their own; only then is this one done. If the queue
 * will not take it, the error makes the whole message come again: a second copy for some is better
 * than none for others.
 */
async function sendAgain(
  message: Message,
  queue: Queue<QueueBody>,
  body: QueueBody,
): Promise<void> {
  const options = { contentType: "json", delaySeconds: delayOf(message) } as const;
  const once = async (): Promise<unknown> => queue.send(body, options);
  await once().catch(once).catch(once);
}

/** Exponential, with up to a quarter more by chance, so that a burst does not come back as one. */
function delayOf(message: Message): number {
  const doubled = FIRST_DELAY_SECONDS * 2 ** Math.min(message.attempts - 1, 16);
  return Math.round(Math.min(doubled, MAX_DELAY_SECONDS) * (1 + Math.random() / 4));
}

/** What of an outcome may stand in a log. */
function factsOf(outcome: Outcome): Readonly<Record<string, string | number | undefined>> {
  if (outcome.status === "accepted") return { code: outcome.reply.code };
  const { cause, stage, reply, extension } = outcome.failure;
  return { cause, stage, extension, code: reply?.code, enhanced: reply?.enhanced };
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
