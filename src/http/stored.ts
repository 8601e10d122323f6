/** What is asked of the store for a request, and the answer where there is none or it does not do its part. */
import { nameOf } from "../dispatch/order.ts";
import { storeFault } from "../store/d1/fault.ts";
import type { Store } from "../store/store.ts";
import type { Body } from "./body.ts";
import { NOT_MIGRATED } from "./hindrance.ts";
import type { ProblemDetails } from "./problem.ts";
import type { Surroundings } from "./surroundings.ts";

/** What the store answers, or what to answer in its place. */
export async function stored<T>(
  { store, log }: Pick<Surroundings, "store" | "log">,
  ask: (store: Store) => Promise<T>,
): Promise<Body<T>> {
  if (store === undefined) return { ok: false, problem: NO_JOURNAL };
  try {
    return { ok: true, value: await ask(store) };
  } catch (error) {
    const fault = storeFault(error);
    log("error", "journal.fault", { fault, error: nameOf(error) });
    return { ok: false, problem: FAULTS[fault] };
  }
}

const NO_JOURNAL: ProblemDetails = {
  status: 422,
  name: "validation_error",
  title: "The journal is not set up",
  message:
    "This needs the journal, and JOURNAL is not bound. Add `[[d1_databases]]` with " +
    '`binding = "JOURNAL"`, `database_name = "postrider"` and ' +
    '`migrations_dir = "src/store/migrations"` to wrangler.toml, and run `npm run deploy`.',
  more: { cause: "config", configuration: [{ name: "JOURNAL", detail: "It is not bound." }] },
};

const FAULTS = {
  "not migrated": NOT_MIGRATED,
  unavailable: {
    status: 503,
    name: "application_error",
    title: "The journal does not answer",
    message: "The database bound as JOURNAL did not answer. Try again.",
    headers: { "retry-after": "10" },
  },
} as const satisfies Record<string, ProblemDetails>;
