/** The mails of the journal: `GET /emails` and `GET /emails/{id}`. */
import type { JournalMail, MailQuery } from "../store/journal.ts";
import type { Caller } from "../tokens.ts";
import { drain, type Body } from "./body.ts";
import { listedMail, mailObject, STATUSES, statusesOf } from "./mail-object.ts";
import { readPage, wrongQuery, type Page } from "./page.ts";
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
  const page = readPage(request, { cursors: ["after", "before"], filters: ["status"] });
  if (!page.ok) return refuse(request, page.problem);
  const query = queryOf(page.value);
  if (!query.ok) return refuse(request, query.problem);
  const only = ownOnly(around.caller);
  const list = await stored(around, async ({ journal }) =>
    journal.list({ ...query.value, ...(only === undefined ? {} : { token: only }) }),
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
  const uuid = uuidOf(id);
  if (uuid === undefined) return { ok: false, problem: NO_UUID };
  const mail = await stored(around, async ({ journal }) => journal.mail(uuid));
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

function uuidOf(text: string): string | undefined {
  const isUuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text);
  return isUuid ? text.toLowerCase() : undefined;
}

function queryOf({ limit, filters, ...cursors }: Page): Body<MailQuery> {
  const ids: { after?: string; before?: string } = {};
  for (const name of ["after", "before"] as const) {
    const cursor = cursors[name];
    if (cursor === undefined) continue;
    const id = uuidOf(cursor);
    if (id === undefined) {
      return wrongQuery(`\`${name}\` must be the id of an email.`, "invalid_parameter");
    }
    ids[name] = id;
  }
  const words = filters.get("status") ?? [];
  if (words.some((word) => statusesOf(word).length === 0)) return wrongQuery(NO_STATUS);
  const statuses = [...new Set(words.flatMap(statusesOf))];
  return { ok: true, value: { limit, ...ids, ...(words.length === 0 ? {} : { statuses }) } };
}

const NO_CURSOR: ProblemDetails = wrongQuery(
  "The cursor is the id of no email: it may have been forgotten since.",
  "invalid_parameter",
).problem;

const NO_STATUS = `\`status\` must be one of ${STATUSES.join(", ")}.`;

const NO_UUID: ProblemDetails = {
  status: 422,
  name: "invalid_parameter",
  title: "Not an id",
  message: "The `id` must be a valid UUID.",
};
