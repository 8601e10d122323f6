/** What a deployment with JOURNAL keeps: mails, idempotency keys, and suppressed addresses. */
import type { Claims } from "./claims.ts";
import type { Journal } from "./journal.ts";
import type { Suppressions } from "./suppressions.ts";

export interface Store {
  readonly journal: Journal;
  readonly claims: Claims;
  readonly suppressions: Suppressions;
}
