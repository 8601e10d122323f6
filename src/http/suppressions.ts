/**
 * The suppression list: `GET`, `POST /suppressions`, and `GET`, `DELETE /suppressions/{address}`. An address is
 * its own id, which the SDKs of the Resend API take as it comes.
 */
import type { Problem } from "../smtp/outcome.ts";
import type { Suppression } from "../store/suppressions.ts";
import { invalidMailDetails } from "./answer.ts";
import { drain, type Body } from "./body.ts";
import { readPage } from "./page.ts";
import { readJsonBody } from "./posting-input.ts";
import type { ProblemDetails } from "./problem.ts";
import { refuse } from "./refuse.ts";
import { stored } from "./stored.ts";
import type { Surroundings } from "./surroundings.ts";

/** A page of addresses that are not written to, in their order. */
export async function listSuppressions(request: Request, around: Surroundings): Promise<Response> {
  if (around.caller.senders !== undefined) return refuse(request, NOT_ALL);
  const page = await readPage(request, "SuppressionPage");
  if (!page.ok) return refuse(request, page.problem);
  const { limit, after } = page.value;
  const list = await stored(around, async ({ suppressions }) =>
    suppressions.list({ limit: limit + 1, ...(after === undefined ? {} : { after }) }),
  );
  if (!list.ok) return refuse(request, list.problem);
  await drain(request);
  const data = list.value.slice(0, limit).map(shown);
  return Response.json(
    { object: "list", has_more: list.value.length > limit, data },
    { headers: NO_STORE },
  );
}

/** Puts an address on the list. One that is there already stays as it is. */
export async function addSuppression(request: Request, around: Surroundings): Promise<Response> {
  if (around.caller.senders !== undefined) return refuse(request, NOT_ALL);
  const entry = await readEntry(request);
  if (!entry.ok) return refuse(request, entry.problem);
  const { address } = entry.value;
  const added = await stored(around, async ({ suppressions }) =>
    suppressions.add([{ ...entry.value, reason: "manual", atMs: Date.now() }]),
  );
  if (!added.ok) return refuse(request, added.problem);
  return Response.json({ object: "suppression", id: address, address }, { headers: NO_STORE });
}

/** What is known of one address. */
export async function showSuppression(
  request: Request,
  around: Surroundings,
  text: string,
): Promise<Response> {
  if (around.caller.senders !== undefined) return refuse(request, NOT_ALL);
  const address = await readAddress(text);
  if (!address.ok) return refuse(request, address.problem);
  const entry = await stored(around, async ({ suppressions }) => suppressions.find(address.value));
  if (!entry.ok) return refuse(request, entry.problem);
  if (entry.value === undefined) return refuse(request, NOT_LISTED);
  await drain(request);
  return Response.json(shown(entry.value), { headers: NO_STORE });
}

/** Takes an address off the list, so that it is written to again. */
export async function removeSuppression(
  request: Request,
  around: Surroundings,
  text: string,
): Promise<Response> {
  if (around.caller.senders !== undefined) return refuse(request, NOT_ALL);
  const parsed = await readAddress(text);
  if (!parsed.ok) return refuse(request, parsed.problem);
  const { value: address } = parsed;
  const removed = await stored(around, async ({ suppressions }) => suppressions.remove(address));
  if (!removed.ok) return refuse(request, removed.problem);
  if (!removed.value) return refuse(request, NOT_LISTED);
  await drain(request);
  return Response.json(
    { object: "suppression", id: address, address, deleted: true },
    { headers: NO_STORE },
  );
}

const NO_STORE = { "cache-control": "no-store" };
const MOST_OCTETS = 16 * 1024;

async function readEntry(request: Request): Promise<Body<Pick<Suppression, "address" | "note">>> {
  const body = await readJsonBody(request, MOST_OCTETS);
  if (!body.ok) return body;
  const { validateBody } = await import("./api/validate.ts");
  const entry = validateBody("NewSuppression", body.value);
  if (!entry.ok) return invalidEntry(entry.problems);
  const { address, email, note } = entry.value;
  // One of both is there: the schema says so.
  return { ok: true, value: { address: address ?? email ?? "", note: note ?? "" } };
}

/** The address at the end of the path. */
async function readAddress(text: string): Promise<Body<string>> {
  const { validate } = await import("./api/validate.ts");
  const address = validate("Address", text);
  if (address.ok) return address;
  const { message } = address.problems;
  const title = "Not an address";
  return { ok: false, problem: { status: 422, name: "invalid_parameter", title, message } };
}

/** Our words, and those of the SDKs beside them. */
function shown({ address, reason, note, atMs }: Suppression): object {
  return {
    object: "suppression",
    id: address,
    address,
    email: address,
    reason,
    origin: reason === "refused" ? "bounce" : "manual",
    note,
    source_id: null,
    created_at: new Date(atMs).toISOString(),
  };
}

function invalidEntry(problems: readonly Problem[]): Body<never> {
  const details = invalidMailDetails(problems);
  return { ok: false, problem: { ...details, title: "The suppression is not valid" } };
}

const NOT_LISTED: ProblemDetails = {
  status: 404,
  name: "not_found",
  title: "Not found",
  message: "The address is not on the suppression list.",
};

const NOT_ALL: ProblemDetails = {
  status: 401,
  name: "restricted_api_key",
  title: "The API token may not do this",
  message:
    "The suppression list is that of all senders, and this API token is restricted to some: see API_TOKENS.",
  headers: { "www-authenticate": 'Bearer error="insufficient_scope"' },
};
