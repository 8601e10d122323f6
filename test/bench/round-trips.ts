/**
 * Round trips to the final reply, by arithmetic: the same over a short and over a long link, so that
 * what a processor does cancels out. The links themselves are measured too, since timers are late.
 */
import { CONTENDERS, type Contender } from "./contender.ts";
import { medians, type Extent, type Finding, type Round, type Row } from "./finding.ts";
import type { Lab, Order, Rtt } from "./lab.ts";

interface Case {
  readonly title: string;
  readonly order: Order;
  /** Two links: long ones where there are few round trips. */
  readonly rttsMs: readonly [Rtt, Rtt];
  readonly isOfPostriderAlone?: boolean;
  /** Absent for 3. */
  readonly rounds?: number;
}

/** Longer than a delayed acknowledgement, which else falls into one of the two alone. */
const LONG = [60, 120] as const;
const MIDDLE = [16, 60] as const;
const SHORT = [4, 16] as const;

export async function roundTrips(lab: Lab, { isQuick }: Extent): Promise<Finding> {
  const rows: Row[] = [];
  for (const one of cases(isQuick ? 10 : 100, isQuick ? [SHORT, SHORT] : [LONG, MIDDLE])) {
    const found: Round[] = [];
    const rounds = isQuick ? 1 : (one.rounds ?? 3);
    for (let round = 0; round < rounds; round += 1) found.push(await roundOf(lab, one));
    const count = one.order.count ?? 1;
    rows.push({ title: one.title, unit: "R", cells: medians(found, (trips) => trips / count) });
  }
  return { rows };
}

function cases(
  count: number,
  [cold, many]: readonly [Case["rttsMs"], Case["rttsMs"]],
): readonly Case[] {
  const awaited: Order = { mode: "awaited", count };
  const batch: Order = { mode: "batch", count };
  const inTurn = `each of ${count} sends awaited, one session`;
  const atOnce = `${count} mails at once (\`sendMany\`), one session`;
  return [
    ...coldAndKnown("one mail, cold, STARTTLS, AUTH PLAIN", {}, { rttsMs: cold }),
    ...coldAndKnown("the same, 100 recipients", { recipients: 100 }, { rttsMs: many, rounds: 2 }),
    ...coldAndKnown("one mail, cold, implicit TLS", { security: "tls" }, { rttsMs: cold }),
    { title: `${inTurn}, per mail`, order: awaited, rttsMs: SHORT, rounds: 2 },
    {
      title: "the same without CHUNKING",
      order: { ...awaited, isUnchunked: true },
      rttsMs: SHORT,
      rounds: 2,
      isOfPostriderAlone: true,
    },
    { title: `${atOnce}, per mail`, order: batch, rttsMs: SHORT, rounds: 2 },
    {
      title: "the same without CHUNKING",
      order: { ...batch, isUnchunked: true },
      rttsMs: SHORT,
      rounds: 2,
      isOfPostriderAlone: true,
    },
  ];
}

/** A session of its own for the mail, to a relay that is new, and to one where AUTH has worked before. */
function coldAndKnown(
  title: string,
  order: Omit<Order, "mode">,
  how: Pick<Case, "rttsMs" | "rounds">,
): readonly Case[] {
  return [
    { ...how, title, order: { ...order, mode: "cold" } },
    {
      ...how,
      title: "the same where AUTH has worked before",
      order: { ...order, mode: "known" },
      isOfPostriderAlone: true,
    },
  ];
}

async function roundOf(lab: Lab, one: Case): Promise<Round> {
  const [shortMs, longMs] = one.rttsMs;
  const tripMs = (await lab.roundTripMs(longMs)) - (await lab.roundTripMs(shortMs));
  const found = new Map<Contender, number>();
  for (const contender of CONTENDERS) {
    const { mode } = one.order;
    if ((mode === "awaited" || mode === "batch") && !contender.hasSession) continue;
    if (one.isOfPostriderAlone === true && contender.peer !== "postrider") continue;
    // Without a link, to warm up: the first mail of a process takes longer.
    await lab.measure(contender, { ...one.order, count: 1 });
    // Each link is a relay of its own, to be known by a mail before.
    const isKnown = mode === "known";
    if (isKnown) await lab.measure(contender, { ...one.order, rttMs: shortMs });
    const near = await lab.measure(contender, { ...one.order, rttMs: shortMs });
    if (isKnown) await lab.measure(contender, { ...one.order, rttMs: longMs });
    const far = await lab.measure(contender, { ...one.order, rttMs: longMs });
    if (near === undefined || far === undefined) continue;
    found.set(contender, (far.elapsedMs - near.elapsedMs) / tripMs);
  }
  return found;
}
