/** POST /emails/batch: up to 100 mails, over one session, each with an outcome of its own. */
import { MAX_MAILS } from "../dispatch/batch-size.ts";
import { dispatch } from "../dispatch/dispatch.ts";
import type { Dispatched, Order } from "../dispatch/order.ts";
import { fateOf } from "../idempotency/fate.ts";
import type { Mails } from "../idempotency/once.ts";
import { forbidden } from "../policy.ts";
import { parsePosting, type Posting } from "../posting.ts";
import type { Problem } from "../smtp/outcome.ts";
import type { JournalMail } from "../store/journal.ts";
import { invalidMailDetails, outcomeResponse } from "./answer.ts";
import type { Requests } from "./api/request-schema.ts";
import type { Body } from "./body.ts";
import { hindranceDetails } from "./hindrance.ts";
import { once, readKey, type Answered } from "./idempotency.ts";
import { knownMembers } from "./known-mail.ts";
import { readJsonBody } from "./posting-input.ts";
import { problemResponse, type ProblemDetails } from "./problem.ts";
import { refuse } from "./refuse.ts";
import { notAllowed, suppressedDetails } from "./send.ts";
import type { Surroundings } from "./surroundings.ts";

/** `strict`: all are valid, or none is sent. `permissive`: those that are valid. */
type Validation = Requests["BatchValidation"];

/** The answer to POST /emails/batch, for a caller who may send. */
export async function sendBatch(request: Request, around: Surroundings): Promise<Response> {
  const key = readKey(request, around.store !== undefined);
  if (!key.ok) return refuse(request, key.problem);
  const validation = await readValidation(request);
  if (!validation.ok) return refuse(request, validation.problem);
  const body = await readJsonBody(request);
  if (!body.ok) return refuse(request, body.problem);
  const list = listOf(body.value);
  if (!list.ok) return refuse(request, list.problem);
  const items = list.value.map((input, index) => readItem(input, index, around));
  if (validation.value === "strict") {
    const problem = problemOf(items);
    if (problem !== undefined) return refuse(request, problem);
  }
  const sendable = items.flatMap(({ posting }) => (posting === undefined ? [] : [posting]));
  const of = ["POST", "/emails/batch", validation.value, body.value];
  const asked = { of, ids: sendable.map(() => crypto.randomUUID()) };
  return once(request, { key: key.value, asked }, around, async (mails) =>
    send(request, { items, validation: validation.value, mails }, around),
  );
}

interface Item {
  readonly index: number;
  /** Absent where the mail is not valid, or not allowed. */
  readonly posting?: Posting;
  readonly problems: readonly Problem[];
  readonly isForbidden: boolean;
}

interface Batch {
  readonly items: readonly Item[];
  readonly validation: Validation;
  readonly mails: Mails;
}

/** What became of an item. */
type Fate =
  | { readonly kind: "invalid" }
  | { readonly kind: "known"; readonly mail: JournalMail }
  | { readonly kind: "dispatched"; readonly order: Order; readonly result: Dispatched };

async function send(request: Request, batch: Batch, around: Surroundings): Promise<Answered> {
  const { config, caller } = around;
  const { items, validation, mails } = batch;
  const options = { defer: config.delivery === "queue", retryLater: true, token: caller.name };
  const ids = mails.ids.values();
  const orders = items.map(({ posting }): Order | undefined => {
    const id = posting === undefined ? undefined : ids.next().value;
    return posting === undefined || id === undefined ? undefined : { id, posting };
  });
  const fresh = orders.filter((order) => order !== undefined && !mails.known.has(order.id));
  const dispatched = fresh.filter((order) => order !== undefined);
  const results = await dispatch(dispatched, options, around);
  const byId = new Map(dispatched.map((order, index) => [order.id, results[index]]));
  const fates = orders.map((order): Fate => {
    const mail = order === undefined ? undefined : mails.known.get(order.id);
    if (mail !== undefined) return { kind: "known", mail };
    const result = order === undefined ? undefined : byId.get(order.id);
    if (order === undefined || result === undefined) return { kind: "invalid" };
    return { kind: "dispatched", order, result };
  });
  const isKnown = fates.some(({ kind }) => kind === "known");
  const fate = fateOf(results, { isKnown });
  const isVoid = fate === "void";
  return { response: await answer(request, { items, fates, validation, isVoid }), fate };
}

interface Answering extends Omit<Batch, "mails"> {
  readonly fates: readonly Fate[];
  /** Nothing at all was sent, or will be. */
  readonly isVoid: boolean;
}

async function answer(
  request: Request,
  { items, fates, validation, isVoid }: Answering,
): Promise<Response> {
  const data: object[] = [];
  const errors: object[] = [];
  let failure: Response | undefined;
  for (const [at, fate] of fates.entries()) {
    const item = items[at];
    if (item === undefined) continue;
    if (fate.kind === "invalid") errors.push(...invalidErrors(item));
    else if (fate.kind === "known") data.push(knownMembers(fate.mail));
    else {
      const { order, result } = fate;
      const failed = failureOf(request, order, result);
      failure ??= failed;
      const members = membersOf(order, result);
      if (failed === undefined) data.push(members);
      else {
        const { message } = (await failed.clone().json()) as { readonly message: string };
        // In strict mode the list is in step with the request, and each item tells its own fate; in
        // permissive mode it is without gaps, and what failed is among the errors.
        if (validation === "strict") data.push({ ...members, message });
        else errors.push({ index: item.index, message, ...members });
      }
    }
  }
  // Where nothing at all was sent or will be, the batch as a whole may be tried again.
  const isWhole = fates.every(({ kind }) => kind !== "invalid");
  if (failure !== undefined && isVoid && isWhole) return failure;
  return Response.json(
    { data, ...(validation === "permissive" ? { errors } : {}) },
    { headers: { "cache-control": "no-store" } },
  );
}

function readItem(input: unknown, index: number, { config, caller }: Surroundings): Item {
  const posting = parsePosting(input);
  const at = (problems: readonly Problem[]): readonly Problem[] =>
    problems.map(({ pointer, detail }) => ({ pointer: `/${index}${pointer}`, detail }));
  if (!posting.ok) return { index, problems: at(posting.problems), isForbidden: false };
  const problems = at(forbidden(posting.value.mail, config, caller.senders));
  if (problems.length > 0) return { index, problems, isForbidden: true };
  return { index, posting: posting.value, problems: [], isForbidden: false };
}

/** In strict mode the answer is the one error, of what is invalid before what is not allowed. */
function problemOf(items: readonly Item[]): ProblemDetails | undefined {
  const invalid = items.filter(({ problems, isForbidden }) => problems.length > 0 && !isForbidden);
  if (invalid.length > 0) return invalidMailDetails(invalid.flatMap(({ problems }) => problems));
  const forbiddenOnes = items.filter(({ isForbidden }) => isForbidden);
  return forbiddenOnes.length === 0
    ? undefined
    : notAllowed(forbiddenOnes.flatMap(({ problems }) => problems));
}

function invalidErrors({ index, problems }: Item): object[] {
  const [first] = problems;
  if (first === undefined) return [];
  const message = problems.map(({ detail }) => detail).join(" ");
  return [{ index, message, pointer: `#${first.pointer}` }];
}

/** What POST /emails would have answered of a mail that was not sent; undefined for the others. */
function failureOf(request: Request, { id }: Order, result: Dispatched): Response | undefined {
  switch (result.kind) {
    case "waiting":
      return undefined;
    case "suppressed":
      return problemResponse(request, suppressedDetails(id, result.recipients));
    case "hindered":
      return problemResponse(request, hindranceDetails(result.hindrance));
    case "tried":
      return result.outcome.status === "accepted"
        ? undefined
        : outcomeResponse(request, id, result.outcome);
  }
}

function membersOf({ id, posting }: Order, result: Dispatched): object {
  const { messageId } = posting.mail;
  switch (result.kind) {
    case "waiting":
      return { id, messageId, status: result.status };
    case "suppressed":
      return { id, messageId, status: "suppressed" };
    case "hindered":
      return { id, messageId, status: "failed" };
    case "tried": {
      const { outcome } = result;
      const refused = outcome.status === "accepted" ? outcome.refused : [];
      return {
        id,
        messageId,
        status: outcome.status,
        ...(refused.length === 0 ? {} : { refused: refused.map(({ recipient }) => recipient) }),
      };
    }
  }
}

async function readValidation(request: Request): Promise<Body<Validation>> {
  const given = request.headers.get("x-batch-validation")?.trim().toLowerCase();
  // The schema is not loaded for nothing.
  if (given === undefined) return { ok: true, value: "strict" };
  const { validate } = await import("./api/validate.ts");
  const validation = validate("BatchValidation", given);
  return validation.ok
    ? validation
    : { ok: false, problem: wrongList(validation.problems.message) };
}

function listOf(body: unknown): Body<readonly unknown[]> {
  if (!Array.isArray(body)) return { ok: false, problem: wrongList("A batch is a list of mails.") };
  if (body.length > 0 && body.length <= MAX_MAILS) return { ok: true, value: body };
  const message = `A batch has 1 to ${MAX_MAILS} mails, and this one has ${body.length}.`;
  return { ok: false, problem: wrongList(message) };
}

function wrongList(message: string): ProblemDetails {
  return { status: 422, name: "validation_error", title: "The batch is not valid", message };
}
