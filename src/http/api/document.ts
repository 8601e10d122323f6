/** The OpenAPI 3.1 document, made of the schemas and of the list of operations when it is asked for. */
import { toJsonSchema, toJsonSchemaDefs, type ConversionConfig } from "@valibot/to-json-schema";

import { answerSchemas } from "./answer-schema.ts";
import { mailSchemas } from "./mail-schema.ts";
import { OPERATIONS, refTo, type Operation } from "./operations.ts";
import type { Parameter } from "./parameters.ts";
import type { ProblemTitle } from "../problem.ts";
import { PROBLEMS } from "./problems.ts";
import { REQUESTS } from "./request-schema.ts";

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
  const { Reschedule, NewSuppression } = REQUESTS;
  const schemas = { ...mailSchemas(), Reschedule, NewSuppression, ...answerSchemas() };
  return toJsonSchemaDefs(schemas, {
    ...CONVERSION,
    overrideRef: ({ referenceId }) => refTo(referenceId).$ref,
  });
}

const CONVERSION: ConversionConfig = {
  target: "draft-2020-12",
  typeMode: "input",
  // What JSON Schema has no word for; descriptions tell of it.
  ignoreActions: ["check", "raw_check", "to_lower_case"],
};

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
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameterObject) }),
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

function parameterObject({ schema, ...parameter }: Parameter): object {
  const { $schema: _, description: __, ...json } = toJsonSchema(schema, CONVERSION);
  return {
    ...parameter,
    required: parameter.in === "path",
    schema: json,
    // Lists are separated by commas; they may be repeated, too, which OpenAPI cannot say besides.
    ...(json.type === "array" ? { style: "form", explode: false } : {}),
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
