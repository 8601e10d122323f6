/** Messages per second over loopback and CPU per message, each relative to worker-mailer. */
import { CONTENDERS, WORKER_MAILER, type Contender } from "./contender.ts";
import { medians, type Extent, type Finding, type Round, type Row } from "./finding.ts";
import type { Lab, Order, Sample } from "./lab.ts";

type Samples = ReadonlyMap<Contender, Sample>;

export type Quantity = "rate" | "cpu";

/** Messages per second of 1 KB, and MB/s of a large attachment. */
export async function rate(lab: Lab, extent: Extent): Promise<Finding> {
  const [batch, awaited] = await smallMails(lab, extent);
  const large: Order = { mode: "batch", count: extent.isQuick ? 1 : 4, attachmentOctets: 10e6 };
  const attachments = await samples(lab, large, extent.isQuick ? 1 : 5);
  return {
    rows: [
      row("messages/s over loopback, 1 KB, at once", "rate", batch),
      row("messages/s over loopback, 1 KB, awaited", "rate", awaited),
      row("10 MB attachment, MB/s", "rate", attachments),
    ],
  };
}

/** CPU of the sending process per message. */
export async function cpu(lab: Lab, extent: Extent): Promise<Finding> {
  const [batch, awaited] = await smallMails(lab, extent);
  const middle: Order = {
    mode: "batch",
    count: extent.isQuick ? 20 : 100,
    htmlOctets: 4_000,
    attachmentOctets: 100_000,
  };
  const files = await samples(lab, middle, extent.isQuick ? 1 : 5);
  return {
    rows: [
      row("CPU per 1 KB message, at once", "cpu", batch),
      row("CPU per 1 KB message, awaited", "cpu", awaited),
      row("CPU per html + text + 100 KB file", "cpu", files),
    ],
  };
}

/** Both sections look at the same runs, which are made once. */
const SMALL = new WeakMap<Lab, Promise<readonly [readonly Samples[], readonly Samples[]]>>();

async function smallMails(
  lab: Lab,
  { isQuick }: Extent,
): Promise<readonly [readonly Samples[], readonly Samples[]]> {
  const measured = async (): Promise<readonly [readonly Samples[], readonly Samples[]]> => {
    const rounds = isQuick ? 1 : 7;
    const batch = await samples(lab, { mode: "batch", count: isQuick ? 50 : 1_000 }, rounds);
    const awaited = await samples(lab, { mode: "awaited", count: isQuick ? 20 : 1_000 }, rounds);
    return [batch, awaited];
  };
  const found = SMALL.get(lab) ?? measured();
  SMALL.set(lab, found);
  return found;
}

/** Per mail: one round to warm up, and the rounds that count. */
async function samples(lab: Lab, order: Order, rounds: number): Promise<readonly Samples[]> {
  const found: Samples[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const samplesOfRound = new Map<Contender, Sample>();
    for (const contender of CONTENDERS.filter(({ hasSession }) => hasSession)) {
      const part = (round < 0 ? 0.5 : 1) * (contender.isSlow === true ? 0.1 : 1);
      const count = Math.ceil((order.count ?? 1) * part);
      const sample = await lab.measure(contender, { ...order, count });
      if (sample === undefined) continue;
      const { elapsedMs, cpuMs } = sample;
      samplesOfRound.set(contender, { elapsedMs: elapsedMs / count, cpuMs: cpuMs / count });
    }
    if (round >= 0) found.push(samplesOfRound);
  }
  return found;
}

function row(title: string, quantity: Quantity, found: readonly Samples[]): Row {
  const rounds = found.map((round): Round => {
    const values = Array.from(round, ([contender, { elapsedMs, cpuMs }]): [Contender, number] => [
      contender,
      quantity === "rate" ? 1 / elapsedMs : cpuMs,
    ]);
    return new Map(values);
  });
  return { title, unit: "x", cells: medians(rounds, relative) };
}

function relative(value: number, round: Round): number | undefined {
  const base = round.get(WORKER_MAILER);
  return base === undefined ? undefined : value / base;
}
