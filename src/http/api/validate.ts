/** Whether a part of a request is what its schema says, with the places and words that errors are told in. */
import * as v from "valibot";

import { isRecord, printable } from "../../mail/fields.ts";
import { invalid, valid, type Result } from "../../result.ts";
import type { Problem } from "../../smtp/outcome.ts";
import type { ProblemName } from "../problem.ts";
import { REQUESTS, type Requests } from "./request-schema.ts";

/** By a type that keeps name and output together. */
const SCHEMAS: { readonly [Name in keyof Requests]: v.GenericSchema<unknown, Requests[Name]> } =
  REQUESTS;

/** What is wrong with a part that is told by one sentence, and what the SDKs are to call it. */
export interface Fault {
  readonly name: ProblemName;
  readonly message: string;
}

/** The parameter or the query, or what is wrong with it first. */
export function validate<Name extends keyof Requests>(
  name: Name,
  value: unknown,
): Result<Requests[Name], Fault> {
  const schema: v.GenericSchema<unknown, Requests[Name]> = SCHEMAS[name];
  const { success, output, issues } = v.safeParse(schema, value);
  if (success) return valid(output);
  const [{ type, message }] = issues;
  return invalid({ name: type === "uuid" ? "invalid_parameter" : "validation_error", message });
}

/** The body, or everything that is wrong with it. */
export function validateBody<Name extends "Reschedule" | "NewSuppression">(
  name: Name,
  value: unknown,
): Result<Requests[Name], readonly Problem[]> {
  // Asked first, since for valibot a list is an object.
  if (!isRecord(value)) return invalid([{ pointer: "", detail: "The body must be an object." }]);
  const schema: v.GenericSchema<unknown, Requests[Name]> = SCHEMAS[name];
  // Null counts as absent, under whatever name.
  const members = Object.entries(value).filter(([, member]) => member !== null);
  const { success, output, issues } = v.safeParse(schema, Object.fromEntries(members));
  return success ? valid(output) : invalid(issues.map(problemOf));
}

/** What names the field by itself; of all others the message is the reason alone. */
const WHOLE: ReadonlySet<string> = new Set(["strict_object", "raw_check"]);
/** As much of a name stands in a pointer: no field has a longer one. */
const MAX_POINTED_LENGTH = 256;

function problemOf({ type, message, path }: v.BaseIssue<unknown>): Problem {
  const names = path?.map(({ key }) => String(key)) ?? [];
  const pointer = names.map((name) => `/${escaped(name.slice(0, MAX_POINTED_LENGTH))}`).join("");
  if (WHOLE.has(type)) return { pointer, detail: message };
  return { pointer, detail: `Invalid \`${printable(names.at(-1) ?? "")}\` field. ${message}` };
}

/** RFC 6901 §3. */
function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
