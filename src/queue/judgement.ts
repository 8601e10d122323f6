/** Verdicts that no relay has given: nothing was sent in the attempt that they end. */
import { invalidMailFailure } from "../composition.ts";
import type { Problem } from "../smtp/outcome.ts";
import { doubtfulReason, verdictOf, type Verdict } from "../verdict.ts";

/** Whom a verdict is about. */
export interface Concerned {
  readonly recipients: readonly string[];
  /** Other recipients got it in an earlier attempt. */
  readonly wasAccepted: boolean;
  /** An earlier attempt may have sent it. */
  readonly mayBeSent?: boolean;
}

/** It comes again, unchanged. */
export function postponed(reason: string): Verdict {
  return { status: "deferred", relay: "", entry: entry("deferred", { reason }), ...SILENT };
}

/** It can never be sent: it is no valid mail, or one that is not allowed here. */
export function refusedHere(
  problems: readonly Problem[],
  concerned: Concerned,
  number: number,
): Verdict {
  const failure = invalidMailFailure(problems);
  return verdictOf(
    { status: "refused", failure, relay: "", messageId: "" },
    { ...concerned, number, tookMs: 0, canRetry: false, unknown: "fail" },
  );
}

/** There is no further attempt. */
export function givenUp(
  reason: string,
  { recipients, wasAccepted, mayBeSent = false }: Concerned,
  data: Readonly<Record<string, unknown>> = {},
): Verdict {
  const told = mayBeSent ? doubtfulReason(reason) : reason;
  return {
    ...SILENT,
    status: mayBeSent ? "unknown" : wasAccepted ? "accepted" : "failed",
    relay: "",
    entry: mayBeSent
      ? entry("unknown", { ...data, reason, possibleDuplicate: true })
      : entry("failed", { ...data, reason }),
    tidings: [{ type: "email.failed", recipients, reason: told }],
  };
}

/** An attempt began and never ended, and nobody may try it again. */
export function doubtful({ recipients }: Pick<Concerned, "recipients">): Verdict {
  const reason = IN_DOUBT;
  return {
    ...SILENT,
    status: "unknown",
    relay: "",
    entry: entry("unknown", { reason, possibleDuplicate: true }),
    tidings: [{ type: "email.failed", recipients, reason }],
  };
}

/** What is written down before a further attempt at a mail that may have been sent. */
export function interrupted(): Pick<Verdict, "entry" | "tidings"> {
  return { entry: entry("interrupted", { possibleDuplicate: true }), tidings: [] };
}

const IN_DOUBT = "An attempt was interrupted before its end: it may have been sent.";

/** Nobody is left to send it to. */
export function suppressed({ recipients, wasAccepted, mayBeSent }: Concerned): Verdict {
  const status = mayBeSent === true ? "unknown" : wasAccepted ? "accepted" : "suppressed";
  return { ...SILENT, status, relay: "", ...leftOut(recipients) };
}

/** Some of the recipients are not written to. */
export function leftOut(recipients: readonly string[]): Pick<Verdict, "entry" | "tidings"> {
  const reason = "The recipients are on the suppression list.";
  return {
    entry: entry("suppressed", { recipients }),
    tidings: [{ type: "email.suppressed", recipients, reason }],
  };
}

const SILENT = { tidings: [], gone: [] } as const;

function entry(
  type: Verdict["entry"]["type"],
  data: Readonly<Record<string, unknown>>,
): Verdict["entry"] {
  return { type, data };
}
