/**
 * `npm run soak`: thousands of mails through HTTP and queue, while connections break by chance, the relay
 * is away for a while, and the Worker is killed. Prints the account, and fails on any mail that is lost,
 * or doubled without a mark. `--mails 10000 --seed 1 --unknown retry`.
 */
import { parseArgs } from "node:util";

import { runSoak } from "./run.ts";

const { values } = parseArgs({
  options: {
    mails: { type: "string", default: "10000" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
    unknown: { type: "string", default: "retry" },
    kills: { type: "string", default: "3" },
  },
});

const result = await runSoak({
  mails: Number(values.mails),
  seed: Number(values.seed),
  kills: Number(values.kills),
  unknown: values.unknown === "fail" ? "fail" : "retry",
  say: (line) => process.stdout.write(`${line}\n`),
});
for (const [label, count] of result.lines) {
  process.stdout.write(`${String(count).padStart(8)}  ${label}\n`);
}
for (const fault of result.faults.slice(0, 50)) process.stderr.write(`${fault}\n`);
if (result.faults.length > 0) {
  process.stderr.write(`${result.faults.length} faults; again with --seed ${values.seed}\n`);
}
process.exit(result.faults.length === 0 ? 0 : 1);
