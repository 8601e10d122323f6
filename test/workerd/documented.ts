/** Whether an answer is one that the API document promises for its path, method and status. */
import * as v from "valibot";
import { expect } from "vitest";

import { answerSchemas, type AnswerName } from "../../src/http/api/answer-schema.ts";
import { OPERATIONS } from "../../src/http/api/operations.ts";
import { PROBLEMS } from "../../src/http/api/problems.ts";
import type { ProblemTitle } from "../../src/http/problem.ts";

const SCHEMAS = answerSchemas();

interface Told {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Fails where it is not, naming what is undocumented. */
export function expectDocumented(request: Request, { status, body }: Told): void {
  const path = new URL(request.url).pathname.replaceAll(/\/{2,}/g, "/").replace(/(.)\/$/, "$1");
  const operation = OPERATIONS.find(
    (one) => one.method === request.method.toLowerCase() && fits(one.path, path),
  );
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
