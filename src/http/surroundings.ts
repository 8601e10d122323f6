/** What a request is answered with: who calls, and everything that the deployment has. */
import type { Office } from "../dispatch/order.ts";
import type { Caller } from "../tokens.ts";

export interface Surroundings extends Office {
  readonly caller: Caller;
}
