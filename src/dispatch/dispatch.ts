/**
 * The use case of the service: postings go to a relay at once, or wait in the queue and in the journal.
 * HTTP and RPC stand in front of it; what the queue hands on later is tried in queue.ts.
 */
import { guarded } from "../guard.ts";
import { newMail } from "../journal-entry.ts";
import { eventMail, tell } from "../tell.ts";
import { waitAll } from "./later.ts";
import { tryAll } from "./now.ts";
import {
  broken,
  type Dispatched,
  type DispatchOptions,
  type Office,
  type Order,
  type Results,
  type Within,
} from "./order.ts";

/** What became of each order, in their order. Never rejects. */
export async function dispatch(
  orders: readonly Order[],
  options: DispatchOptions,
  office: Office,
): Promise<readonly Dispatched[]> {
  const work = dispatchAll(orders, options, office);
  office.outlive(work);
  return work;
}

async function dispatchAll(
  orders: readonly Order[],
  options: DispatchOptions,
  office: Office,
): Promise<readonly Dispatched[]> {
  const { store } = office;
  const nowMs = Date.now();
  let guards: Awaited<ReturnType<typeof guarded>>;
  try {
    guards = await guarded(
      orders.map(({ posting }) => posting),
      store,
    );
  } catch (error) {
    return orders.map(() => broken("JOURNAL", error));
  }
  const results = new Map<string, Dispatched>();
  const later: Order[] = [];
  const now: Order[] = [];
  const nobodys: { readonly order: Order; readonly recipients: readonly string[] }[] = [];
  for (const [index, { id }] of orders.entries()) {
    const guard = guards[index];
    if (guard === undefined) continue;
    const { posting, suppressed } = guard;
    const order = { id, posting };
    if (suppressed.length > 0 && posting.mail.envelope.to.every((to) => suppressed.includes(to))) {
      nobodys.push({ order, recipients: suppressed });
    } else if (posting.scheduledAt !== undefined || options.defer) later.push(order);
    else now.push(order);
  }
  const within = { nowMs, options, office };
  await Promise.all([
    suppressAll(nobodys, within, results),
    waitAll(later, within, results),
    tryAll(now, within, results),
  ]);
  return orders.map(({ id }, index) => {
    const result = results.get(id) ?? broken("JOURNAL", new Error("no result"));
    const suppressed = guards[index]?.suppressed ?? [];
    const isPartial = result.kind === "waiting" || result.kind === "tried";
    return isPartial && suppressed.length > 0 ? { ...result, suppressed } : result;
  });
}

async function suppressAll(
  nobodys: readonly { readonly order: Order; readonly recipients: readonly string[] }[],
  { nowMs, options, office }: Within,
  results: Results,
): Promise<void> {
  if (nobodys.length === 0) return;
  const detail = office.config.service.journalDetail;
  try {
    await office.store?.journal.admit(
      nobodys.map(({ order, recipients }) =>
        newMail(order, {
          token: options.token,
          createdAtMs: nowMs,
          status: "suppressed",
          events: [{ atMs: nowMs, type: "suppressed", data: { recipients } }],
          detail,
        }),
      ),
    );
  } catch (error) {
    for (const { order } of nobodys) results.set(order.id, broken("JOURNAL", error));
    return;
  }
  for (const { order, recipients } of nobodys) {
    results.set(order.id, { kind: "suppressed", recipients });
    office.log("warn", "mail.suppressed", { id: order.id, recipients: recipients.length });
  }
  await tell(
    nobodys.map(({ order: { id, posting }, recipients }) => ({
      type: "email.suppressed",
      atMs: nowMs,
      mail: eventMail(id, posting, nowMs),
      recipients,
      reason: "All recipients are on the suppression list.",
    })),
    office,
  );
}
