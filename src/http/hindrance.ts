/** What to answer where a mail could neither be sent nor be kept: nothing was sent. */
import type { Hindrance } from "../dispatch/order.ts";
import { storeFault } from "../store/d1/fault.ts";
import type { ProblemDetails } from "./problem.ts";

/** The problem, with the binding that is to be mended. */
export function hindranceDetails(hindrance: Hindrance): ProblemDetails {
  switch (hindrance.kind) {
    case "too-large":
      return tooLarge(hindrance);
    case "unbound":
      return hindrance.binding === "JOURNAL" ? NO_JOURNAL : NO_QUEUE;
    case "broken":
      if (hindrance.binding === "JOURNAL" && storeFault(hindrance.error) === "not migrated") {
        return NOT_MIGRATED;
      }
      if (hindrance.isUncertain) return UNCERTAIN;
      return {
        status: 503,
        name: "application_error",
        title: "The mail was not sent yet",
        message: `${NAMES[hindrance.binding]} did not take the mail. It was not sent; try again.`,
        headers: { "retry-after": "10" },
      };
  }
}

/** Whether such a mail is sent, its caller can only find out from the journal. */
const UNCERTAIN: ProblemDetails = {
  status: 504,
  name: "application_error",
  title: "The mail may have been sent",
  message:
    "The journal did not answer: it may have taken the mail, which then will be sent. Ask again under the same `Idempotency-Key`, or look at `GET /emails`, before sending it again.",
  more: { outcome: "unknown", retryable: false },
};

const NAMES = { MAIL_QUEUE: "The queue", JOURNAL: "The journal", SPOOL: "The bucket SPOOL" };

/** Told of a mail that was to wait. */
export function tooLarge({
  octets,
  mostOctets,
}: {
  readonly octets: number;
  readonly mostOctets: number;
}): ProblemDetails {
  return {
    status: 413,
    name: "validation_error",
    title: "The mail is too large for the queue",
    message: `To wait in the queue the mail has ${octets} octets; without the R2 binding SPOOL at most ${mostOctets} can. Bind SPOOL, send it with DELIVERY=direct, or with smaller attachments.`,
  };
}

const NO_QUEUE: ProblemDetails = {
  status: 422,
  name: "validation_error",
  title: "Mail cannot wait here",
  message:
    "A mail that is to be sent later needs the queue binding MAIL_QUEUE in wrangler.toml. Leave `scheduledAt` out, or bind it.",
};

const NO_JOURNAL: ProblemDetails = {
  status: 422,
  name: "validation_error",
  title: "Mail cannot wait here",
  message:
    "More than 24 hours ahead a mail can be scheduled only where the D1 binding JOURNAL is in wrangler.toml. Choose an earlier time, or bind it.",
};

/** The binding is there, its tables are not. */
export const NOT_MIGRATED: ProblemDetails = {
  status: 502,
  name: "application_error",
  title: "Not configured",
  message:
    "JOURNAL: The database has no tables yet, or those of an older version. Make them with `npm run migrate`.",
  more: {
    cause: "config",
    configuration: [{ name: "JOURNAL", detail: "Run `npm run migrate`." }],
  },
};
