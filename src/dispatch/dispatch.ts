/**
 * The use case of the service: postings go to a relay at once, or wait in the queue and in the journal.
 * HTTP and RPC stand in front of it; what the queue hands on later is tried in queue.ts.
 */
import { guarded } from "../guard.ts";
import { newMail } from "../journal-entry.ts";
import { eventMail, tell } from "../tell.ts";
import { admitted } from "./admission.ts";
import { waitAll } from "./later.ts";
import { tryAll } from "./now.ts";
import {
  broken,
  type Addressed,
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
  const now: Addressed[] = [];
  const nobodys: Addressed[] = [];
  for (const [index, order] of orders.entries()) {
    const guard = guards[index];
    if (guard === undefined) continue;
    const { suppressed } = guard;
    const one = { ...order, addressed: guard.posting, suppressed };
    const { posting } = order;
    if (suppressed.length > 0 && posting.mail.envelope.to.every((to) => suppressed.includes(to))) {
      nobodys.push(one);
      // What waits is guarded when it is tried: then others may be suppressed.
    } else if (posting.scheduledAt !== undefined || options.defer) later.push(order);
    else now.push(one);
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
  nobodys: readonly Addressed[],
  { nowMs, options, office }: Within,
  results: Results,
): Promise<void> {
  if (nobodys.length === 0) return;
  const detail = office.config.service.journalDetail;
  const fault = await admitted(
    nobodys.map((order) =>
      newMail(order, {
        token: options.token,
        createdAtMs: nowMs,
        status: "suppressed",
        events: [{ atMs: nowMs, type: "suppressed", data: { recipients: order.suppressed } }],
        detail,
      }),
    ),
    office,
  );
  for (const { id, suppressed } of nobodys) {
    results.set(id, fault ?? { kind: "suppressed", recipients: suppressed });
    if (fault === undefined) {
      office.log("warn", "mail.suppressed", { id, recipients: suppressed.length });
    }
  }
  if (fault !== undefined) return;
  await tell(
    nobodys.map(({ id, posting, suppressed }) => ({
      type: "email.suppressed",
      atMs: nowMs,
      mail: eventMail(id, posting, nowMs),
      recipients: suppressed,
      reason: "All recipients are on the suppression list.",
    })),
    office,
  );
}
