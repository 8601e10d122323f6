/** What becomes of a key by what became of its mails. */
import type { Dispatched } from "../dispatch/order.ts";

/**
 * `settled`: the answer is kept. `void`: nothing was sent and nothing will be, so that the key may be used
 * again. `open`: that cannot be told now, and the journal will know when it is asked again.
 */
export type Fate = "settled" | "void" | "open";

/** The fate of the key of these mails; `isKnown` where a request before had begun others of them. */
export function fateOf(
  results: readonly (Dispatched | undefined)[],
  { isKnown = false }: { readonly isKnown?: boolean } = {},
): Fate {
  if (results.some(isOpen)) return "open";
  return !isKnown && results.every(isFailure) ? "void" : "settled";
}

/** Whether it may be sent, although nobody could say so. */
function isOpen(result: Dispatched | undefined): boolean {
  if (result?.kind !== "hindered" || result.hindrance.kind !== "broken") return false;
  return result.hindrance.isUncertain;
}

/** Nothing was sent, and nothing will be. */
function isFailure(result: Dispatched | undefined): boolean {
  if (result?.kind === "tried") {
    return result.outcome.status === "deferred" || result.outcome.status === "refused";
  }
  return result?.kind !== "waiting";
}
