/** What a library weighs in a Worker: octets of its bundle, and CPU before the first request is done. */
import { gzippedSize, SMALLEST, smallestBundle, type Smallest } from "./bundle.ts";
import { CONTENDERS } from "./contender.ts";
import { median, type Extent, type Finding } from "./finding.ts";
import { startBundle } from "./program.ts";
import { cpuMs } from "./usage.ts";

const NAMES = Object.keys(SMALLEST) as Smallest[];

/** By library; each stands in the column of its way to run in workerd. */
const COLUMNS: Readonly<Record<Smallest, string>> = {
  empty: "",
  Postrider: "Postrider, workerd",
  nodemailer: "nodemailer pool, workerd",
  "worker-mailer": "worker-mailer, workerd",
};

export async function size(): Promise<Finding> {
  const cells = new Map<string, number>();
  for (const name of NAMES) {
    if (name !== "empty") cells.set(columnOf(name), gzippedSize(await smallestBundle(name)) / 1000);
  }
  const title = "smallest Worker that sends a mail, minified + gzip -9";
  return { rows: [{ title, unit: "KB", cells }] };
}

export async function start({ isQuick }: Extent): Promise<Finding> {
  const bundles = new Map<Smallest, string>();
  for (const name of NAMES) bundles.set(name, await smallestBundle(name));
  const added = new Map<Smallest, number[]>();
  for (let round = 0; round < (isQuick ? 2 : 20); round += 1) {
    const used = new Map<Smallest, number>();
    for (const [name, code] of bundles) used.set(name, await startCpuMs(code));
    const empty = used.get("empty") ?? 0;
    for (const [name, ms] of used) added.set(name, [...(added.get(name) ?? []), ms - empty]);
  }
  const cells = new Map<string, number>();
  for (const [name, values] of added) {
    const middle = median(values);
    if (name !== "empty" && middle !== undefined) cells.set(columnOf(name), middle);
  }
  return { rows: [{ title: "CPU at start over an empty Worker", unit: "ms", cells }] };
}

async function startCpuMs(code: string): Promise<number> {
  const program = await startBundle(code, "workerd");
  try {
    return cpuMs(program.pid);
  } finally {
    await program.stop();
  }
}

function columnOf(name: Smallest): string {
  const label = COLUMNS[name];
  if (!CONTENDERS.some((contender) => contender.label === label)) throw new TypeError(label);
  return label;
}
