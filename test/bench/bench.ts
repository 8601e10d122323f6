/**
 * `npm run bench`: Postrider beside its peers, in one run. `--quick` takes a reduced set, `--only
 * rtt,rate` some sections; both print only. A whole run writes `results.md`, `results.svg` and the README's table too.
 * Only ratios of the same round are told: speeds are those of a machine.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

import type { Extent, Finding } from "./finding.ts";
import { growth } from "./growth.ts";
import { Lab } from "./lab.ts";
import { memory } from "./memory.ts";
import { plot } from "./plot.ts";
import { cpu, rate } from "./rate.ts";
import { writeReadme } from "./readme.ts";
import { roundTrips } from "./round-trips.ts";
import { report, summary } from "./table.ts";
import { size, start } from "./weight.ts";

/** In the order in which they are run and shown. */
const SECTIONS: Readonly<Record<string, (lab: Lab, extent: Extent) => Promise<Finding>>> = {
  rtt: roundTrips,
  rate,
  cpu,
  memory,
  size,
  start: async (_lab, extent) => start(extent),
  growth,
};

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    /** A folder for the results of a run that is not whole. */
    out: { type: "string" },
  },
});
const chosen = values.only?.split(",") ?? Object.keys(SECTIONS);
const unknown = chosen.filter((name) => !Object.hasOwn(SECTIONS, name));
if (unknown.length > 0) {
  console.error(`No such section: ${unknown.join()}. There are ${Object.keys(SECTIONS).join()}.`);
  process.exit(2);
}

const lab = await Lab.open();
const findings: Finding[] = [];
try {
  for (const [name, section] of Object.entries(SECTIONS)) {
    if (!chosen.includes(name)) continue;
    console.error(`${name} …`);
    findings.push(await section(lab, { isQuick: values.quick }));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
const markdown = report(findings, [...lab.reasons]);
console.log(markdown);
const isWhole = values.only === undefined && !values.quick;
const folder = values.out ?? (isWhole ? import.meta.dirname : undefined);
if (folder !== undefined) {
  writeFileSync(`${folder}/results.md`, markdown);
  writeFileSync(`${folder}/results.svg`, plot(findings));
}
if (isWhole) writeReadme(summary(findings));
process.exit(0);
