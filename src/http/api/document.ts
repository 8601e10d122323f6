/** The OpenAPI 3.1 document, made of the schemas and of the list of operations when it is asked for. */
import { toJsonSchemaDefs } from "@valibot/to-json-schema";

import { answerSchemas } from "./answer-schema.ts";
import { changeSchemas } from "./change-schema.ts";
import { mailSchemas } from "./mail-schema.ts";
import { OPERATIONS, refTo, type Operation } from "./operations.ts";
import type { ProblemTitle } from "../problem.ts";
import { PROBLEMS } from "./problems.ts";

export interface Document {
  readonly openapi: string;
  readonly info: object;
  readonly servers: readonly object[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly securitySchemes: object;
  };
}

/** The document of the deployment at this origin. */
export function apiDocument(origin: string): Document {
  return {
    openapi: "3.1.0",
    info: {
      title: "Postrider",
      version: "1",
      summary: "A mail service on your own relay.",
      description:
        "Wire-compatible with the Resend API: its SDKs work by changing the base URL to this host.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: origin }],
    paths: pathsOf(OPERATIONS),
    components: {
      schemas: jsonSchemas(),
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "One of API_TOKENS." },
      },
    },
  };
}

function jsonSchemas(): Record<string, object> {
  const schemas = { ...mailSchemas(), ...changeSchemas(), ...answerSchemas() };
  return toJsonSchemaDefs(schemas, {
    target: "draft-2020-12",
    typeMode: "input",
    overrideRef: ({ referenceId }) => refTo(referenceId).$ref,
  });
}

function pathsOf(operations: readonly Operation[]): Document["paths"] {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method] = operationObject(operation);
  }
  return paths;
}

function operationObject(operation: Operation): object {
  const { id, summary, description, right, parameters = [], body, example } = operation;
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    security: right === undefined ? [] : [{ token: [] }],
    ...(right === undefined ? {} : { "x-right": right }),
    ...(parameters.length === 0
      ? {}
      : { parameters: parameters.map((one) => ({ ...one, required: one.in === "path" })) }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              Object.entries(body).map(([type, schema]) => [
                type,
                { schema, ...(type === "application/json" ? { example } : {}) },
              ]),
            ),
          },
        }),
    responses: responsesOf(operation),
  };
}

/** Which of the two an error has is a matter of Accept. */
const PROBLEM_TYPES = ["application/json", "application/problem+json"];

function responsesOf({ answers, problems }: Operation): Record<string, object> {
  const responses: Record<string, object> = {};
  for (const [status, { is, means }] of Object.entries(answers)) {
    const schema = typeof is === "string" ? refTo(is) : { anyOf: is.map(refTo) };
    const content = { "application/json": { schema } };
    responses[status] = { description: means, content };
  }
  for (const [status, titles] of byStatus(problems)) {
    const content = PROBLEM_TYPES.map((type) => [type, { schema: refTo("Problem") }] as const);
    responses[status] ??= {
      description: titles.map((title) => `${title}: ${PROBLEMS[title].meaning}`).join("\n\n"),
      content: Object.fromEntries(content),
    };
  }
  return responses;
}

function byStatus(titles: readonly ProblemTitle[]): Map<number, ProblemTitle[]> {
  const found = new Map<number, ProblemTitle[]>();
  for (const title of titles) {
    for (const status of PROBLEMS[title].statuses) {
      found.set(status, [...(found.get(status) ?? []), title]);
    }
  }
  return found;
}
