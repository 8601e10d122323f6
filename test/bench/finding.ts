/** What a section of the benchmark found: rows of the table, and lines of growth. */
import type { Contender } from "./contender.ts";

/** `x`: relative to worker-mailer in the same round. */
export type Unit = "R" | "x" | "MB" | "KB" | "ms";

export interface Row {
  readonly title: string;
  readonly unit: Unit;
  /** By the label of a contender; what is missing could not be measured. */
  readonly cells: ReadonlyMap<string, number>;
}

export interface Growth {
  readonly title: string;
  readonly steps: readonly string[];
  /** Time per mail, relative to Postrider at the first step; by the label of a contender. */
  readonly lines: ReadonlyMap<string, readonly (number | undefined)[]>;
}

export interface Finding {
  readonly rows?: readonly Row[];
  readonly growth?: readonly Growth[];
}

export interface Extent {
  /** A reduced set: to see that all works, not to quote. */
  readonly isQuick: boolean;
}

export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}

/** Numbers of one round, by contender. */
export type Round = ReadonlyMap<Contender, number>;

/** The medians over rounds, each number as `view` sees it among those of its round. */
export function medians(
  rounds: readonly Round[],
  view: (value: number, round: Round) => number | undefined = (value) => value,
): ReadonlyMap<string, number> {
  const cells = new Map<string, number>();
  for (const contender of new Set(rounds.flatMap((round) => [...round.keys()]))) {
    const seen = rounds.flatMap((round) => {
      const value = round.get(contender);
      return (value === undefined ? undefined : view(value, round)) ?? [];
    });
    const middle = median(seen);
    if (middle !== undefined) cells.set(contender.label, middle);
  }
  return cells;
}
