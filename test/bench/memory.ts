/** Memory that a 10 MB attachment adds while it is sent, to a process that has it in memory already. */
import { CONTENDERS, type Contender } from "./contender.ts";
import { medians, type Extent, type Finding, type Round } from "./finding.ts";
import type { Lab, Order } from "./lab.ts";
import { peakMb, resetPeak, residentMb } from "./usage.ts";

const SMALL: Order = { mode: "cold" };
const LARGE: Order = { mode: "cold", attachmentOctets: 10_000_000 };

export async function memory(lab: Lab, { isQuick }: Extent): Promise<Finding> {
  const rounds: Round[] = [];
  for (let round = 0; round < (isQuick ? 1 : 5); round += 1) {
    const found = new Map<Contender, number>();
    for (const contender of CONTENDERS) {
      // The pool of one connection composes and sends as the other does.
      if (!contender.hasSession) continue;
      const added = await addedMb(lab, contender);
      if (added !== undefined) found.set(contender, added);
    }
    rounds.push(found);
  }
  const title = "memory added by a 10 MB attachment already in memory";
  return { rows: [{ title, unit: "MB", cells: medians(rounds) }] };
}

/** In a process of its own, after a first mail. */
async function addedMb(lab: Lab, contender: Contender): Promise<number | undefined> {
  const program = await lab.start(contender);
  try {
    if ((await lab.measureIn(program, contender, SMALL)) === undefined) return undefined;
    await program.ask("/prepare", lab.commandOf(LARGE));
    resetPeak(program.pid);
    const before = residentMb(program.pid);
    const sample = await lab.measureIn(program, contender, LARGE);
    return sample === undefined ? undefined : peakMb(program.pid) - before;
  } finally {
    await program.stop();
  }
}
