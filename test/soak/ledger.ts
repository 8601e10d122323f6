/** The account: what was promised of each mail, what the journal says, and what the relay has. */
import type { Told } from "./traffic.ts";

/** What `GET /emails/{id}` says. */
export interface Kept {
  readonly status: string;
  /** Whether an attempt, or its end, is marked as one that may have doubled the mail. */
  readonly isMarked: boolean;
}

export interface Entry {
  readonly told: Told;
  readonly kept: Kept | undefined;
  /** How often the relay has it. */
  readonly copies: number;
}

/** Faults first, each with the marks of the mails. */
export interface Account {
  readonly lines: readonly (readonly [label: string, count: number])[];
  readonly faults: readonly string[];
}

/** Adds it all up; a mail lost, or doubled without a mark, is a fault. */
export function accountOf(entries: readonly Entry[]): Account {
  const counts = new Map<string, number>();
  const faults: string[] = [];
  for (const entry of entries) {
    const [label, isFault] = judge(entry);
    counts.set(label, (counts.get(label) ?? 0) + 1);
    if (isFault) {
      const { told, kept, copies } = entry;
      faults.push(
        `${told.mark} ${told.manner}: ${label}; told ${told.answer}, journal ${kept?.status ?? "none"}, copies ${copies}, id ${told.id}`,
      );
    }
  }
  const lines = [...counts].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return { lines, faults };
}

function judge({ told, kept, copies }: Entry): readonly [label: string, isFault: boolean] {
  const status = told.answer === "refused" ? "refused" : kept?.status;
  const isMarked = told.answer === "unknown" || status === "unknown" || kept?.isMarked === true;
  if (copies > 1) {
    return isMarked
      ? ["delivered more than once, marked as possible", false]
      : ["DOUBLED without a mark", true];
  }
  switch (status) {
    case "accepted":
      return copies === 1 ? ["delivered once", false] : ["LOST though accepted", true];
    case "refused":
      return copies === 0
        ? ["refused, with the reason", false]
        : ["DELIVERED though refused", true];
    case "failed":
      return copies === 0 || isMarked
        ? ["failed, with the reason", false]
        : ["DELIVERED though failed", true];
    case "unknown":
      return copies === 1
        ? ["unknown, and delivered once", false]
        : ["unknown, and not delivered", false];
    case undefined:
    default:
      return [`LEFT as ${status ?? "nothing"}`, true];
  }
}
