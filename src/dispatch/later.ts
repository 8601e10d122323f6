/** Orders that wait: for their time, or for their turn in the queue. */
import { compositionFault } from "../composition.ts";
import { enqueue, EnqueueError, waitingOf, type Letter, type Waiting } from "../enqueue.ts";
import { newMail } from "../journal-entry.ts";
import type { Posting } from "../posting.ts";
import { routeOptions } from "../route-options.ts";
import { failed } from "../smtp/outcome.ts";
import type { JournalEvent } from "../store/journal.ts";
import { eventMail, tell } from "../tell.ts";
import { admitted } from "./admission.ts";
import {
  broken,
  nameOf,
  type Dispatched,
  type Hindrance,
  type Office,
  type Order,
  type Results,
  type Within,
} from "./order.ts";

/** The queue takes a message at most so long before it is due. */
const MAX_DELAY_MS = 86_400_000;
/** The journal hands a scheduled mail to the queue so long before its time. */
export const RELEASE_AHEAD_MS: number = 90_000;
/** Into the journal first, so that what the queue may lose is not lost; then into the queue. */
export async function waitAll(
  orders: readonly Order[],
  within: Within,
  results: Results,
): Promise<void> {
  const { nowMs, options, office } = within;
  const { env, store, config } = office;
  const queue = env.MAIL_QUEUE;
  const ready: Ready[] = [];
  for (const order of orders) {
    const prepared = await prepare(order, within);
    if ("kind" in prepared) results.set(order.id, prepared);
    else ready.push({ order, waiting: prepared });
  }
  if (queue === undefined || ready.length === 0) return;
  const detail = config.service.journalDetail;
  const mails = ready.map(({ order, waiting }) => {
    const status = order.posting.scheduledAt === undefined ? "queued" : "scheduled";
    return newMail(order, {
      token: options.token,
      createdAtMs: nowMs,
      status,
      body: waiting.text,
      checkAtMs: checkAtOf(order, within),
      events: [{ atMs: nowMs, type: status, data: scheduleOf(order) }],
      detail,
    });
  });
  const fault = await admitted(mails, office);
  if (fault !== undefined) {
    for (const { order } of ready) results.set(order.id, fault);
    return;
  }
  const letters = ready.flatMap(({ order, waiting }) => letterOf(order, waiting, within));
  let taken: readonly Ready[] = ready;
  try {
    await enqueue(queue, letters);
  } catch (error) {
    office.log("error", "queue.refused", { mails: letters.length, error: nameOf(error) });
    // Where the journal has them, they are enqueued from there. Told another thing, the caller would send
    // twice.
    if (store !== undefined) await hasten(ready, within);
    else {
      const count = error instanceof EnqueueError ? error.taken : 0;
      taken = ready.slice(0, count);
      for (const { order } of ready.slice(count))
        results.set(order.id, broken("MAIL_QUEUE", error));
    }
  }
  for (const { order } of taken) {
    const status = order.posting.scheduledAt === undefined ? "queued" : "scheduled";
    results.set(order.id, { kind: "waiting", status });
    office.log("info", `mail.${status}`, { id: order.id });
  }
  await tellScheduled(
    taken.map(({ order }) => order),
    within,
  );
}

interface Ready {
  readonly order: Order;
  readonly waiting: Waiting & { readonly ok: true };
}

/** What the mail waits as, or why it cannot wait: told now, while the caller is there. */
async function prepare(
  { id, posting }: Order,
  { nowMs, office }: Within,
): Promise<Dispatched | (Waiting & { readonly ok: true })> {
  const { env, config, store } = office;
  const hindrance = hindranceOf(posting, { env, store, nowMs });
  if (hindrance !== undefined) return { kind: "hindered", hindrance };
  const fault = await compositionFault(posting.mail, routeOptions(config, env));
  if (fault !== undefined) {
    const { messageId } = posting.mail;
    return { kind: "tried", outcome: { ...failed(fault), messageId, relay: "" } };
  }
  let waiting: Waiting;
  try {
    waiting = await waitingOf(id, posting, env);
  } catch (error) {
    return broken("SPOOL", error);
  }
  if (waiting.ok) return waiting;
  const { octets, mostOctets } = waiting;
  return { kind: "hindered", hindrance: { kind: "too-large", octets, mostOctets } };
}

/** The message; none where the journal holds the mail until its time. */
function letterOf(
  { id, posting }: Order,
  { body, octets }: Waiting & { readonly ok: true },
  { nowMs, office }: Within,
): readonly Letter[] {
  const at = posting.scheduledAt?.getTime();
  if (office.store === undefined) {
    const delaySeconds = at === undefined ? undefined : Math.ceil((at - nowMs) / 1000);
    return [{ body, octets, ...(delaySeconds === undefined ? {} : { delaySeconds }) }];
  }
  const turn = { id, turn: 0 };
  return at === undefined ? [{ body: turn, octets: JSON.stringify(turn).length }] : [];
}

async function hasten(
  ready: readonly { readonly order: Order }[],
  { nowMs, office }: Within,
): Promise<void> {
  const settlements = ready
    .filter(({ order }) => order.posting.scheduledAt === undefined)
    .map(({ order: { id } }) => ({
      id,
      turn: 0,
      attempt: 0,
      status: "queued" as const,
      checkAtMs: nowMs,
      events: [],
    }));
  // Where this fails too, they are looked after when the queue's time is over.
  await office.store?.journal.settle(settlements).catch(() => undefined);
}

async function tellScheduled(orders: readonly Order[], { nowMs, office }: Within): Promise<void> {
  const scheduled = orders.filter(({ posting }) => posting.scheduledAt !== undefined);
  await tell(
    scheduled.map(({ id, posting }) => ({
      type: "email.scheduled",
      atMs: nowMs,
      mail: eventMail(id, posting, nowMs),
      recipients: posting.mail.envelope.to,
    })),
    office,
  );
}

function checkAtOf({ posting }: Order, { nowMs, office }: Within): number {
  const at = posting.scheduledAt?.getTime();
  const { queueMs } = office.config.service;
  return at === undefined ? nowMs + queueMs : Math.max(nowMs, at - RELEASE_AHEAD_MS);
}

function scheduleOf({ posting }: Order): JournalEvent["data"] {
  const { scheduledAt } = posting;
  return scheduledAt === undefined ? {} : { scheduledAt: scheduledAt.toISOString() };
}

/** The binding without which the mail cannot wait. */
export function hindranceOf(
  { scheduledAt }: Posting,
  {
    env,
    store,
    nowMs,
  }: Pick<Office, "env"> & {
    readonly store: Office["store"] | undefined;
    readonly nowMs: number;
  },
): Hindrance | undefined {
  const aheadMs = (scheduledAt?.getTime() ?? nowMs) - nowMs;
  if (env.MAIL_QUEUE === undefined) return { kind: "unbound", binding: "MAIL_QUEUE" };
  const isTooFar = aheadMs > MAX_DELAY_MS && store === undefined;
  return isTooFar ? { kind: "unbound", binding: "JOURNAL" } : undefined;
}
