/** The findings as Markdown: the table, how cost grows, and what could not be measured. */
import { CONTENDERS } from "./contender.ts";
import type { Finding, Growth, Row, Unit } from "./finding.ts";

const METHOD = `R is a round trip, TCP and TLS counted, to the final 250: the difference between a long and a short link, over
the difference of their round-trip times. The link delays each way and the TCP handshake, and limits nothing
else. "x" is relative to worker-mailer in the same round and mode; for CPU, less is better. Medians over
rounds, in processes that have warmed up (but for the cold start of an empty Worker, and memory). Everything
is sent over TLS with AUTH to a sink in a process of its own, which found each mail exactly once and its
content equal to what was asked. An attachment is in memory beforehand in the form that the library takes:
octets, or base64 for worker-mailer and emailjs. Where AUTH has worked before, the sender has sent a mail over
the same link in an earlier run, and dials anew. nodemailer without its pool opens a session for each mail.
emailjs leaves Nagle's algorithm on, and waits for delayed acknowledgements.`;

/** What the README shows: the table alone. */
export function summary(findings: readonly Finding[]): string {
  return tableOf(findings.flatMap((finding) => finding.rows ?? []));
}

/** The whole of `results.md`. */
export function report(findings: readonly Finding[], reasons: readonly string[]): string {
  const rows = findings.flatMap((finding) => finding.rows ?? []);
  const growth = findings.flatMap((finding) => finding.growth ?? []);
  const parts = [
    ...(rows.length === 0 ? [] : [tableOf(rows)]),
    ...(growth.length === 0 ? [] : [GROWTH, ...growth.map(growthTable)]),
    METHOD,
    ...(reasons.length === 0
      ? []
      : [["Could not be measured:", "", ...reasons.map((reason) => `- ${reason}`)].join("\n")]),
  ];
  return `${parts.join("\n\n")}\n`;
}

const GROWTH = "Time per mail over loopback, relative to Postrider at the first step:";

function tableOf(rows: readonly Row[]): string {
  const labels = CONTENDERS.map(({ label }) => label);
  return markdown(
    ["case", ...labels],
    rows.map(({ title, unit, cells }) => [
      title,
      ...labels.map((label) => cell(cells.get(label), unit)),
    ]),
  );
}

function growthTable({ title, steps, lines }: Growth): string {
  return markdown(
    [title, ...steps],
    Array.from(lines, ([label, values]) => [label, ...values.map((value) => cell(value, "x"))]),
  );
}

function cell(value: number | undefined, unit: Unit): string {
  return value === undefined ? "-" : `${rounded(value)} ${unit}`;
}

/** Two digits that mean something, and no more than two behind the point. */
export function rounded(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size < 3 ? 2 : size < 20 ? 1 : 0);
}

/** Columns are padded, as the formatter of the repository wants them. */
function markdown(head: readonly string[], body: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...body].map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((words, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? words.padEnd(width) : words.padStart(width);
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(head), line(rule), ...body.map(line)].join("\n");
}
