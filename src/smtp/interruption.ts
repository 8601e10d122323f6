/** What an interruption of the stream means, for a person and for who retries. */
import type { Interruption } from "./effect.ts";
import type { FailureCause } from "./outcome.ts";
import type { Stage } from "./timeouts.ts";

export interface Fault {
  readonly cause: FailureCause;
  readonly message: string;
  /** Where it is not the stage of the dialogue. */
  readonly stage?: Stage;
}

/** The fault. `isHandshake`: TLS is asked for, and nothing has come over it yet. */
export function faultOf(
  interruption: Interruption,
  {
    stage,
    isHandshake,
    detail,
  }: { readonly stage: Stage; readonly isHandshake: boolean; readonly detail: string | undefined },
): Fault {
  const because = detail === undefined ? "" : ` (${detail})`;
  if (interruption === "timeout") {
    return { cause: "timeout", message: `the relay took too long at stage ${stage}` };
  }
  if (interruption === "fault") {
    return { cause: "config", message: `a fault in Postrider or its configuration${because}` };
  }
  if (interruption === "connect") {
    return { cause: "connection", message: `no connection to the relay${because}` };
  }
  // A bad certificate shows as a stream that ends before the first octet over it.
  if (interruption === "tls" || isHandshake) {
    return { cause: "tls", message: `${TLS_FAILED}${because}`, stage: "tls" };
  }
  return {
    cause: "connection",
    message: `the relay closed the connection at stage ${stage}${because}`,
  };
}

const TLS_FAILED =
  "the TLS handshake failed: the relay's certificate is untrusted, expired or made out to another " +
  "name, or the relay does not speak TLS 1.2 or later";
