/** The mails of the journal: `GET /emails` and `GET /emails/{id}`. */
import type { JournalMail } from "../store/journal.ts";
import type { Caller } from "../tokens.ts";
import type { Fault } from "./api/validate.ts";
import { drain, type Body } from "./body.ts";
import { listedMail, mailObject, statusesOf } from "./mail-object.ts";
import { readPage, wrongQuery } from "./page.ts";
import type { ProblemDetails } from "./problem.ts";
import { refuse } from "./refuse.ts";
import { stored } from "./stored.ts";
import type { Surroundings } from "./surroundings.ts";

/** One mail with all that happened to it. */
export async function showMail(
  request: Request,
  around: Surroundings,
  id: string,
): Promise<Response> {
  const mail = await callersMail(around, id);
  if (!mail.ok) return refuse(request, mail.problem);
  const events = await stored(around, async ({ journal }) => journal.events(mail.value.id));
  if (!events.ok) return refuse(request, events.problem);
  await drain(request);
  return Response.json(mailObject(mail.value, events.value), { headers: NO_STORE });
}

/** A page of mails, the newest first. */
export async function listMails(request: Request, around: Surroundings): Promise<Response> {
  const page = await readPage(request, "EmailPage");
  if (!page.ok) return refuse(request, page.problem);
  const { limit, after, before, status } = page.value;
  const only = ownOnly(around.caller);
  const list = await stored(around, async ({ journal }) =>
    journal.list({
      limit,
      ...(after === undefined ? {} : { after }),
      ...(before === undefined ? {} : { before }),
      ...(status === undefined ? {} : { statuses: [...new Set(status.flatMap(statusesOf))] }),
      ...(only === undefined ? {} : { token: only }),
    }),
  );
  if (!list.ok) return refuse(request, list.problem);
  if (list.value === undefined) return refuse(request, NO_CURSOR);
  await drain(request);
  const { mails, hasMore } = list.value;
  return Response.json(
    { object: "list", has_more: hasMore, data: mails.map(listedMail) },
    { headers: NO_STORE },
  );
}

/** The mail of this id, where the caller may see it; for everybody else there is none. */
export async function callersMail(
  around: Pick<Surroundings, "store" | "log" | "caller">,
  id: string,
): Promise<Body<JournalMail>> {
  const { validate } = await import("./api/validate.ts");
  const uuid = validate("MailId", id);
  if (!uuid.ok) return { ok: false, problem: noId(uuid.problems) };
  const mail = await stored(around, async ({ journal }) => journal.mail(uuid.value));
  if (!mail.ok) return mail;
  const only = ownOnly(around.caller);
  return mail.value === undefined || (only !== undefined && mail.value.token !== only)
    ? { ok: false, problem: NO_MAIL }
    : { ok: true, value: mail.value };
}

/** The answer where there is no such mail. */
export const NO_MAIL: ProblemDetails = {
  status: 404,
  name: "not_found",
  title: "Not found",
  message: "Email not found",
};

const NO_STORE = { "cache-control": "no-store" };

/** The token whose mails alone the caller sees, if it is restricted so. */
function ownOnly(caller: Caller): string | undefined {
  return caller.senders === undefined ? undefined : caller.name;
}

const NO_CURSOR: ProblemDetails = wrongQuery(
  "The cursor is the id of no email: it may have been forgotten since.",
  "invalid_parameter",
).problem;

function noId({ name, message }: Fault): ProblemDetails {
  return { status: 422, name, title: "Not an id", message };
}
