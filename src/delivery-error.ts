/** What `send` throws where no recipient was taken. */
import type { Failure, Outcome } from "./smtp/outcome.ts";

export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
  /** Everything about it: status, failure, reply, transcript. */
  readonly outcome: Outcome;
  /** The failure's cause, as `connection`, `tls`, `auth`, `reply`, `validation`. */
  readonly code: Failure["cause"];

  constructor(outcome: Outcome & { readonly failure: Failure }) {
    super(outcome.failure.message);
    this.outcome = outcome;
    this.code = outcome.failure.cause;
  }
}
