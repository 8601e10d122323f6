/**
 * Whether an answer is one that the API document promises for its path, method and status; and whether a
 * request that was taken is one that it allows.
 */
import * as v from "valibot";
import { expect } from "vitest";

import { answerSchemas, type AnswerName } from "../../src/http/api/answer-schema.ts";
import { mailSchemas } from "../../src/http/api/mail-schema.ts";
import { OPERATIONS, type Operation } from "../../src/http/api/operations.ts";
import { PROBLEMS } from "../../src/http/api/problems.ts";
import { REQUESTS } from "../../src/http/api/request-schema.ts";
import type { ProblemTitle } from "../../src/http/problem.ts";

const SCHEMAS = answerSchemas();
const { Mail, RawMail } = mailSchemas();
const { Reschedule, NewSuppression } = REQUESTS;
/** Bodies in JSON, by operation; in a batch, invalid mails may stand among those that are sent. */
const BODIES: Readonly<Record<string, v.GenericSchema>> = {
  sendEmail: v.union([Mail, RawMail]),
  sendBatch: v.array(v.unknown()),
  rescheduleEmail: Reschedule,
  addSuppression: NewSuppression,
};

interface Told {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Fails where the answer is not, naming what is undocumented. */
export function expectDocumented(request: Request, { status, body }: Told): void {
  const path = pathOf(request);
  const operation = operationOf(request);
  const answer = operation?.answers[status];
  if (answer !== undefined) {
    const names = typeof answer.is === "string" ? [answer.is] : answer.is;
    const faults = names.map((name) => faultsOf(name, body));
    expect(faults, `${request.method} ${path} ${status}`).toContain("");
    return;
  }
  if (status < 400 && operation === undefined) return;
  expect(faultsOf("Problem", body)).toBe("");
  const title = String(body["title"]) as ProblemTitle;
  expect(PROBLEMS[title]?.statuses, title).toContain(status);
  const everywhere: readonly ProblemTitle[] = ["Not found", "Method not allowed"];
  expect([...everywhere, ...(operation?.problems ?? [title])], path).toContain(title);
}

/** Fails where a request was taken that the document does not allow. */
export function expectAllowed(request: Request, sent: unknown, status: number): void {
  const operation = operationOf(request);
  if (status >= 300 || operation === undefined) return;
  const { id, path, parameters = [] } = operation;
  const known = parameters.flatMap((one) => (one.in === "query" ? [one.name] : []));
  for (const name of known.length === 0 ? [] : new URL(request.url).searchParams.keys()) {
    // Parameters of no meaning pass where a mail is sent, as those that a proxy adds.
    if (id !== "sendEmail") expect(known, path).toContain(name);
  }
  const schema = BODIES[id];
  const isJson = request.headers.get("content-type")?.startsWith("application/json") === true;
  if (schema === undefined || !isJson || typeof sent !== "string") return;
  expect(v.is(schema, JSON.parse(sent)), `${id} took ${sent.slice(0, 500)}`).toBe(true);
}

function operationOf(request: Request): Operation | undefined {
  const path = pathOf(request);
  return OPERATIONS.find(
    (one) => one.method === request.method.toLowerCase() && fits(one.path, path),
  );
}

function pathOf(request: Request): string {
  return new URL(request.url).pathname.replaceAll(/\/{2,}/g, "/").replace(/(.)\/$/, "$1");
}

function fits(template: string, path: string): boolean {
  const pattern = template.replaceAll(/\{[^}]+\}/g, "[^/]+");
  // `/emails/batch` is no id.
  const isFixed = OPERATIONS.some((one) => one.path === path);
  return isFixed ? template === path : new RegExp(`^${pattern}$`).test(path);
}

function faultsOf(name: AnswerName, body: unknown): string {
  const issues = v.safeParse(SCHEMAS[name], body).issues ?? [];
  return issues.map((issue) => `${v.getDotPath(issue) ?? ""}: ${issue.message}`).join("; ");
}
