/** The parameters of requests, as the document lists them: of the schemas that judge them, where there are such. */
import * as v from "valibot";

import { MAX_KEY_CHARACTERS } from "../../idempotency/key.ts";
import { REQUESTS } from "./request-schema.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path" | "header";
  readonly description: string;
  readonly schema: v.GenericSchema;
}

export const ID: Parameter = parameter("path", "id", REQUESTS.MailId);
export const ADDRESS: Parameter = parameter("path", "address", REQUESTS.Address);
export const VALIDATION: Parameter = parameter(
  "header",
  "x-batch-validation",
  REQUESTS.BatchValidation,
);

// These are read by hand, without a schema: they come with mails, and sending loads none.
export const KEY: Parameter = parameter(
  "header",
  "Idempotency-Key",
  v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(MAX_KEY_CHARACTERS),
    v.description("The same key and body within 24 hours: the same answer, and one delivery."),
  ),
);
export const DRY_RUN: Parameter = parameter(
  "query",
  "dryRun",
  v.pipe(v.boolean(), v.description("Compose and sign it, show it, and send nothing.")),
);
export const PREFER: Parameter = parameter(
  "header",
  "Prefer",
  v.pipe(v.string(), v.description("`respond-async`: put it into the queue and answer at once.")),
);

/** Those of a list. */
export function queryOf(name: "EmailPage" | "SuppressionPage"): readonly Parameter[] {
  return Object.entries(REQUESTS[name].entries).map(([each, schema]) =>
    parameter("query", each, schema),
  );
}

function parameter(where: Parameter["in"], name: string, schema: v.GenericSchema): Parameter {
  return { name, in: where, description: v.getDescription(schema) ?? "", schema };
}
