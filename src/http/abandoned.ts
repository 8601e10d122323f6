/**
 * The answer for a request that died while it was carried out, from what the journal knows of its mails:
 * whoever asks again under the same key is told what became of them.
 */
import type { JournalMail } from "../store/journal.ts";
import { problemResponse } from "./problem.ts";
import type { Surroundings } from "./surroundings.ts";

/** The answer, or undefined where nothing was sent or will be: then it is carried out anew. */
export async function abandonedAnswer(
  request: Request,
  mails: readonly JournalMail[],
  { store }: Surroundings,
): Promise<Response | undefined> {
  const [first] = mails;
  // Of a batch, all are in the journal or none.
  if (first === undefined || mails.every(hasFailed)) return undefined;
  const interrupted = mails.filter(({ status }) => status === "sending");
  const nowMs = Date.now();
  await store?.journal.settle(
    interrupted.map(({ id, attempts }) => ({
      id,
      turn: 0,
      attempt: attempts,
      status: "unknown",
      events: [{ atMs: nowMs, type: "unknown", data: { reason: "the request died" } }],
    })),
  );
  const members = mails.map(membersOf);
  if (mails.length > 1) return Response.json({ data: members }, { headers: NO_STORE });
  if (first.status === "sending" || first.status === "unknown") return unknown(request, first);
  const isWaiting = first.status !== "accepted";
  const status = isWaiting ? 202 : 200;
  return Response.json(membersOf(first), { status, headers: NO_STORE });
}

const NO_STORE = { "cache-control": "no-store" };

function hasFailed({ status }: JournalMail): boolean {
  return status === "failed" || status === "refused" || status === "suppressed";
}

function membersOf({ id, messageId, status }: JournalMail): object {
  const isWaiting = status === "queued" || status === "deferred";
  return {
    id,
    messageId,
    status: isWaiting ? "queued" : status === "sending" ? "unknown" : status,
  };
}

function unknown(request: Request, { id, messageId }: JournalMail): Response {
  return problemResponse(request, {
    status: 504,
    name: "application_error",
    title: "The mail may have been sent",
    message:
      "The request that carried this `Idempotency-Key` first was cut off while it sent the mail: it may have been sent. Sending it again under another key may deliver it twice.",
    id,
    more: { outcome: "unknown", retryable: false, messageId },
  });
}
