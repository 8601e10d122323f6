/** The queue's side of a mail that waits: what stands in its message, and how messages are sent. */
import type { Env } from "./env.ts";
import type { Posting } from "./posting.ts";
import { batchesOf } from "./queue-batches.ts";
import { MAX_QUEUED_OCTETS, queuedMail, type QueueBody } from "./queued-mail.ts";
import { putSpooled } from "./store/spool.ts";

/** Octets that a row of the journal is to hold at most; D1 would take 2 MB with all its columns. */
const MAX_JOURNAL_OCTETS = 1_000_000;

/** What a mail waits as, or that it is too large for every place that is bound. */
export type Waiting =
  | { readonly ok: true; readonly body: QueueBody; readonly text: string; readonly octets: number }
  | { readonly ok: false; readonly octets: number; readonly mostOctets: number };

/**
 * The mail as it waits: by itself where the journal, or else a queue message can hold it; else in SPOOL.
 * Rejects where SPOOL does not take it.
 */
export async function waitingOf(id: string, posting: Posting, env: Env): Promise<Waiting> {
  const mostOctets = env.JOURNAL === undefined ? MAX_QUEUED_OCTETS : MAX_JOURNAL_OCTETS;
  const { body, text, octets } = queuedMail(id, posting);
  if (octets <= mostOctets) return { ok: true, body, text, octets };
  if (env.SPOOL === undefined) return { ok: false, octets, mostOctets };
  const spooled = { id, spooled: await putSpooled(env.SPOOL, id, text) };
  const claim = JSON.stringify(spooled);
  return { ok: true, body: spooled, text: claim, octets: claim.length };
}

/** A message and what it weighs. */
export interface Letter {
  readonly body: QueueBody;
  readonly octets: number;
  readonly delaySeconds?: number;
}

/** Not all messages could be sent. */
export class EnqueueError extends Error {
  override readonly name = "EnqueueError";
  /** So many of them were, from the first on. */
  readonly taken: number;

  constructor(taken: number, cause: unknown) {
    super("the queue did not take all messages", { cause });
    this.taken = taken;
  }
}

/**
 * Sends the messages in as few calls as the platform allows. Rejects with EnqueueError if a call fails
 * thrice.
 */
export async function enqueue(
  queue: NonNullable<Env["MAIL_QUEUE"]>,
  letters: readonly Letter[],
): Promise<void> {
  let taken = 0;
  for (const group of batchesOf(letters)) {
    const messages = group.map(({ body, delaySeconds }): MessageSendRequest<QueueBody> => ({
      body,
      contentType: "json",
      ...(delaySeconds === undefined ? {} : { delaySeconds }),
    }));
    const [first] = messages;
    const once = async (): Promise<unknown> => {
      if (messages.length !== 1 || first === undefined) return queue.sendBatch(messages);
      const { body, ...options } = first;
      return queue.send(body, options);
    };
    try {
      await once().catch(once).catch(once);
    } catch (error) {
      throw new EnqueueError(taken, error);
    }
    taken += group.length;
  }
}
