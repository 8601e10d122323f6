/** Changes to a mail that waits for its time: `PATCH /emails/{id}` and `POST /emails/{id}/cancel`. */
import { RELEASE_AHEAD_MS } from "../dispatch/later.ts";
import { report } from "../mail/fields.ts";
import { parseSchedule } from "../posting.ts";
import type { Problem } from "../smtp/outcome.ts";
import { removeSpooled } from "../store/spool.ts";
import { drain, type Body } from "./body.ts";
import { invalidMailDetails } from "./answer.ts";
import { callersMail, NO_MAIL } from "./mails.ts";
import { readJsonBody } from "./posting-input.ts";
import type { ProblemDetails } from "./problem.ts";
import { refuse } from "./refuse.ts";
import { stored } from "./stored.ts";
import type { Surroundings } from "./surroundings.ts";

/** Sets another time for a mail that is scheduled. */
export async function rescheduleMail(
  request: Request,
  around: Surroundings,
  id: string,
): Promise<Response> {
  const mail = await callersMail(around, id);
  if (!mail.ok) return refuse(request, mail.problem);
  const now = new Date();
  const time = await readTime(request, id, now);
  if (!time.ok) return refuse(request, time.problem);
  const scheduledAtMs = time.value.getTime();
  const nowMs = now.getTime();
  const checkAtMs = Math.max(nowMs, scheduledAtMs - RELEASE_AHEAD_MS);
  return changed(request, around, mail.value.id, async ({ journal }) =>
    journal.reschedule(mail.value.id, { nowMs, scheduledAtMs, checkAtMs }),
  );
}

/** Takes a mail that is scheduled back. SDKs post no body under a JSON type, so it is not looked at. */
export async function cancelMail(
  request: Request,
  around: Surroundings,
  id: string,
): Promise<Response> {
  const mail = await callersMail(around, id);
  if (!mail.ok) return refuse(request, mail.problem);
  const answer = await changed(request, around, mail.value.id, async ({ journal }) =>
    journal.cancel(mail.value.id, Date.now()),
  );
  const { SPOOL } = around.env;
  // A mail too large for the queue stands in the bucket, and nobody else comes to fetch it.
  if (answer.ok && SPOOL !== undefined) around.outlive(removeSpooled(SPOOL, mail.value.id));
  return answer;
}

/** Far more than a time takes. */
const MOST_OCTETS = 16 * 1024;

async function readTime(request: Request, id: string, now: Date): Promise<Body<Date>> {
  const body = await readJsonBody(request, MOST_OCTETS);
  if (!body.ok) return body;
  const { validateBody } = await import("./api/validate.ts");
  const change = validateBody("Reschedule", body.value);
  if (!change.ok) return invalidField(change.problems);
  const problems: Problem[] = [];
  // What the schema cannot say: it knows neither the path nor the time.
  let date: Date | undefined;
  for (const [name, value] of Object.entries(change.value)) {
    const field = { name, pointer: `/${name}` };
    if (value === null || value === undefined) continue;
    if (name === "scheduled_at" || name === "scheduledAt") {
      const parsed = parseSchedule(value, now);
      if (parsed.ok) date = parsed.value;
      else report(problems, field, parsed.problems);
    } else if (value.toLowerCase() !== id.toLowerCase()) {
      report(problems, field, "It is another email than the one in the path.");
    }
  }
  return date === undefined || problems.length > 0
    ? invalidField(problems)
    : { ok: true, value: date };
}

function invalidField(problems: readonly Problem[]): Body<never> {
  const details = invalidMailDetails(problems);
  return { ok: false, problem: { ...details, title: "The change is not valid" } };
}

type Work = Parameters<typeof stored<"done" | "missing" | "settled">>[1];

async function changed(
  request: Request,
  around: Surroundings,
  id: string,
  work: Work,
): Promise<Response> {
  const change = await stored(around, work);
  if (!change.ok) return refuse(request, change.problem);
  switch (change.value) {
    case "done":
      await drain(request);
      return Response.json({ object: "email", id }, { headers: { "cache-control": "no-store" } });
    case "missing":
      return refuse(request, NO_MAIL);
    case "settled": {
      // Read again: what it was when it was looked up may be over.
      const now = await stored(around, async ({ journal }) => journal.mail(id));
      return refuse(request, now.ok ? tooLate(id, now.value?.status) : now.problem);
    }
  }
}

function tooLate(id: string, status = "gone"): ProblemDetails {
  return {
    status: 422,
    name: "validation_error",
    title: "The mail is not scheduled",
    message: `The email is ${status}; only one that is scheduled can be changed or canceled.`,
    id,
    more: { outcome: status },
  };
}
