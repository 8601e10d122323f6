/**
 * The suppression list: `GET`, `POST /suppressions`, and `GET`, `DELETE /suppressions/{address}`. An address is
 * its own id, which the SDKs of the Resend API take as it comes.
 */
import { isRecord, readFields, readString, report } from "../mail/fields.ts";
import { addressOf, parseAddress } from "../mail/mailbox.ts";
import type { Problem } from "../smtp/outcome.ts";
import type { Suppression } from "../store/suppressions.ts";
import { invalidMailDetails } from "./answer.ts";
import { drain, type Body } from "./body.ts";
import { readPage, wrongQuery } from "./page.ts";
import { readJsonBody } from "./posting-input.ts";
import type { ProblemDetails } from "./problem.ts";
import { refuse } from "./refuse.ts";
import { stored } from "./stored.ts";
import type { Surroundings } from "./surroundings.ts";

/** A page of addresses that are not written to, in their order. */
export async function listSuppressions(request: Request, around: Surroundings): Promise<Response> {
  if (around.caller.senders !== undefined) return refuse(request, NOT_ALL);
  const page = readPage(request, { cursors: ["after"], filters: [] });
  if (!page.ok) return refuse(request, page.problem);
  const { limit, after } = page.value;
  const cursor = after === undefined ? undefined : addressIn(after);
  if (cursor?.ok === false) {
    return refuse(request, wrongQuery(`\`after\` is no address. ${cursor.reason}`).problem);
  }
  const list = await stored(around, async ({ suppressions }) =>
    suppressions.list({
      limit: limit + 1,
      ...(cursor === undefined ? {} : { after: cursor.address }),
    }),
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
  const parsed = addressIn(text);
  if (!parsed.ok) return refuse(request, noAddress(parsed.reason));
  const entry = await stored(around, async ({ suppressions }) => suppressions.find(parsed.address));
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
  const parsed = addressIn(text);
  if (!parsed.ok) return refuse(request, noAddress(parsed.reason));
  const { address } = parsed;
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
const MAX_NOTE_CHARACTERS = 500;
const FIELDS = { known: ["address", "note"], aliases: { email: "address" }, unsupported: [] };

async function readEntry(request: Request): Promise<Body<Pick<Suppression, "address" | "note">>> {
  const body = await readJsonBody(request, MOST_OCTETS);
  if (!body.ok) return body;
  const problems: Problem[] = [];
  if (!isRecord(body.value)) {
    return invalidEntry([{ pointer: "", detail: "The body must be an object." }]);
  }
  const fields = readFields(body.value, FIELDS, { pointer: "", problems });
  const field = fields.get("address");
  const noteField = fields.get("note");
  const text = readString(field, problems);
  const note = readString(noteField, problems) ?? "";
  if (field === undefined) {
    problems.push({ pointer: "/address", detail: "Missing `address` field." });
  }
  const parsed = text === undefined ? undefined : addressIn(text);
  if (field !== undefined && parsed?.ok === false) report(problems, field, parsed.reason);
  if (noteField !== undefined && note.length > MAX_NOTE_CHARACTERS) {
    report(problems, noteField, `It is longer than ${MAX_NOTE_CHARACTERS} characters.`);
  }
  if (parsed?.ok !== true || problems.length > 0) return invalidEntry(problems);
  return { ok: true, value: { address: parsed.address, note } };
}

/** As in an envelope, which is how the list is asked. */
function addressIn(
  text: string,
):
  | { readonly ok: true; readonly address: string }
  | { readonly ok: false; readonly reason: string } {
  const parsed = parseAddress(text);
  return parsed.ok
    ? { ok: true, address: addressOf(parsed.value) }
    : { ok: false, reason: parsed.problems };
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

function noAddress(reason: string): ProblemDetails {
  return {
    status: 422,
    name: "invalid_parameter",
    title: "Not an address",
    message: `The path does not end in an address. ${reason}`,
  };
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
