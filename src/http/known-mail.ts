/**
 * What is answered of a mail that a request before this one had begun, when it died: the journal knows its
 * fate. Whoever asks again under the same key is told.
 */
import type { JournalMail, MailStatus } from "../store/journal.ts";
import { problemResponse, type ProblemDetails } from "./problem.ts";

/** The answer to POST /emails. */
export function knownResponse(request: Request, mail: JournalMail): Response {
  if (mail.status === "unknown") return problemResponse(request, inDoubt(mail));
  const isWaiting = mail.status !== "accepted";
  return Response.json(knownMembers(mail), {
    status: isWaiting ? 202 : 200,
    headers: {
      "cache-control": "no-store",
      ...(isWaiting ? { location: `/emails/${mail.id}`, vary: "Prefer" } : {}),
    },
  });
}

/** The members of its item in the answer to POST /emails/batch. */
export function knownMembers({ id, messageId, status, scheduledAtMs }: JournalMail): object {
  return {
    id,
    messageId,
    status: STATUSES[status] ?? status,
    ...(scheduledAtMs === undefined ? {} : { scheduledAt: new Date(scheduledAtMs).toISOString() }),
  };
}

/** A mail to be tried again was told as one that waits. */
const STATUSES: Readonly<Partial<Record<MailStatus, string>>> = { deferred: "queued" };

function inDoubt({ id, messageId }: JournalMail): ProblemDetails {
  return {
    status: 504,
    name: "application_error",
    title: "The mail may have been sent",
    message:
      "The request that had this `Idempotency-Key` first was cut off while it sent the mail: it may have been sent. Sending it again under another key may deliver it twice.",
    id,
    more: { outcome: "unknown", retryable: false, messageId },
  };
}
