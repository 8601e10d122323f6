/** How the time per mail grows with recipients, mails and octets, over loopback, beside one peer. */
import { POSTRIDER, WORKER_MAILER, type Contender } from "./contender.ts";
import { median, type Extent, type Finding, type Growth } from "./finding.ts";
import type { Lab, Order } from "./lab.ts";

interface Step {
  readonly label: string;
  readonly order: Order & { readonly count: number };
}

const PAIR = [POSTRIDER, WORKER_MAILER] as const;

export async function growth(lab: Lab, { isQuick }: Extent): Promise<Finding> {
  const found: Growth[] = [];
  for (const [title, steps] of series()) {
    found.push(await growthOf(lab, { title, steps, rounds: isQuick ? 1 : 3, isQuick }));
  }
  return { growth: found };
}

function series(): readonly (readonly [string, readonly Step[]])[] {
  // worker-mailer leaves a timer behind for each command, and a request may have 10,000 of them.
  const recipients = [1, 10, 100, 1000].map((count) => step(`${count}`, 5, { recipients: count }));
  const mails = [1, 10, 100, 1000].map((count) => step(`${count}`, count, {}));
  const sizes = [
    step("1 KB", 100, { attachmentOctets: 1_000 }),
    step("10 KB", 100, { attachmentOctets: 10_000 }),
    step("100 KB", 50, { attachmentOctets: 100_000 }),
    step("1 MB", 10, { attachmentOctets: 1_000_000 }),
    step("10 MB", 2, { attachmentOctets: 10_000_000 }),
    step("25 MB", 1, { attachmentOctets: 25_000_000 }),
  ];
  return [
    ["recipients of a mail", recipients],
    ["mails of a session", mails],
    ["size of the attachment", sizes],
  ];
}

function step(label: string, count: number, more: Partial<Order>): Step {
  return { label, order: { mode: "batch", count, ...more } };
}

async function growthOf(
  lab: Lab,
  plan: {
    readonly title: string;
    readonly steps: readonly Step[];
    readonly rounds: number;
    readonly isQuick: boolean;
  },
): Promise<Growth> {
  const times = new Map<Contender, number[][]>(
    PAIR.map((contender) => [contender, plan.steps.map(() => [])]),
  );
  // The first round warms up.
  for (let round = plan.isQuick ? 0 : -1; round < plan.rounds; round += 1) {
    for (const [index, { order }] of plan.steps.entries()) {
      for (const contender of PAIR) {
        const count = plan.isQuick ? Math.ceil(order.count / 20) : order.count;
        const sample = await lab.measure(contender, { ...order, count });
        if (sample === undefined || round < 0) continue;
        times.get(contender)?.[index]?.push(sample.elapsedMs / count);
      }
    }
  }
  const base = median(times.get(POSTRIDER)?.[0] ?? []) ?? Number.NaN;
  const lines = new Map<string, readonly (number | undefined)[]>();
  for (const [{ label }, values] of times) {
    lines.set(
      label,
      values.map((one) => {
        const middle = median(one);
        return middle === undefined ? undefined : middle / base;
      }),
    );
  }
  return { title: plan.title, steps: plan.steps.map(({ label }) => label), lines };
}
