/** Verdicts that no relay has given: nothing was sent in the attempt that they end. */
import { invalidMailFailure } from "../composition.ts";
import type { Problem } from "../smtp/outcome.ts";
import { verdictOf, type Verdict } from "../verdict.ts";

/** Whom a verdict is about. */
export interface Concerned {
  readonly recipients: readonly string[];
  /** Other recipients got it in an earlier attempt. */
  readonly wasAccepted: boolean;
}

/** It comes again, unchanged. */
export function postponed(reason: string): Verdict {
  return { status: "deferred", relay: "", entry: entry("deferred", { reason }), ...SILENT };
}

/** It can never be sent: it is no valid mail, or one that is not allowed here. */
export function refusedHere(
  problems: readonly Problem[],
  { recipients, wasAccepted }: Concerned,
  number: number,
): Verdict {
  const failure = invalidMailFailure(problems);
  return verdictOf(
    { status: "refused", failure, relay: "", messageId: "" },
    { recipients, number, tookMs: 0, canRetry: false, unknown: "fail", wasAccepted },
  );
}

/** There is no further attempt. */
export function givenUp(
  reason: string,
  { recipients, wasAccepted }: Concerned,
  data: Readonly<Record<string, unknown>> = {},
): Verdict {
  return {
    ...SILENT,
    status: wasAccepted ? "accepted" : "failed",
    relay: "",
    entry: entry("failed", { ...data, reason }),
    tidings: [{ type: "email.failed", recipients, reason }],
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
export function suppressed({ recipients, wasAccepted }: Concerned): Verdict {
  const status = wasAccepted ? "accepted" : "suppressed";
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
