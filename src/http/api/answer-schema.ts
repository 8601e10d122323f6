/** What answers look like. Tests hold every answer of the Worker to these: a member that is not here fails. */
import * as v from "valibot";

import type { ProblemName } from "../problem.ts";

type Schema = v.GenericSchema;

export const ANSWERS = [
  "Sent",
  "DryRun",
  "Batch",
  "Email",
  "EmailList",
  "EmailChange",
  "Suppression",
  "SuppressionList",
  "SuppressionChange",
  "Verification",
  "Health",
  "Service",
  "Problem",
] as const;
export type AnswerName = (typeof ANSWERS)[number];

/** By the name that each has in the document. */
export function answerSchemas(): Readonly<Record<AnswerName, Schema>> {
  return {
    Sent: sent(),
    DryRun: dryRun(),
    Batch: batch(),
    Email: email(),
    EmailList: list(v.strictObject(listed())),
    EmailChange: v.strictObject({ object: v.literal("email"), id: id() }),
    Suppression: suppression(),
    SuppressionList: list(suppression()),
    SuppressionChange: v.strictObject({
      object: v.literal("suppression"),
      id: v.string(),
      address: v.string(),
      deleted: v.optional(v.literal(true)),
    }),
    Verification: v.strictObject({ ok: v.boolean(), relays: v.array(report()) }),
    Health: health(),
    Service: v.strictObject({
      name: v.literal("postrider"),
      status: v.picklist(["ok", "misconfigured"]),
      problems: maybe(said(strings(), "Names of settings that are wrong.")),
      send: v.string(),
      health: v.string(),
      docs: v.string(),
      openapi: v.string(),
    }),
    Problem: problem(),
  };
}

const STATUSES = [
  "scheduled",
  "queued",
  "sending",
  "deferred",
  "accepted",
  "refused",
  "unknown",
  "failed",
  "suppressed",
  "canceled",
] as const;

function id(): Schema {
  return v.pipe(v.string(), v.uuid());
}

function strings(): Schema {
  return v.array(v.string());
}

/** Of an own member that may be left out. */
function maybe(schema: Schema): v.OptionalSchema<Schema, undefined> {
  return v.optional(schema);
}

function reply(): Schema {
  return v.strictObject({ code: v.number(), enhanced: maybe(v.string()), text: v.string() });
}

function refused(): Schema {
  return v.array(v.strictObject({ recipient: v.string(), reply: reply() }));
}

function sent(): Schema {
  return v.strictObject({
    id: id(),
    messageId: v.string(),
    status: v.picklist(STATUSES),
    accepted: maybe(said(strings(), "Recipients that the relay took.")),
    refused: maybe(said(refused(), "Those that it did not take, with its reply to each.")),
    unknown: maybe(said(strings(), "Those that may have it or not.")),
    suppressed: maybe(said(strings(), "Left out: they are on the suppression list.")),
    scheduledAt: maybe(v.string()),
    relay: maybe(said(v.string(), "`host:port`.")),
    reply: maybe(said(reply(), "The relay's reply to the content.")),
  });
}

function dryRun(): Schema {
  return v.strictObject({
    dryRun: v.literal(true),
    messageId: v.string(),
    envelope: v.strictObject({ from: v.string(), to: strings() }),
    size: said(v.number(), "Octets."),
    smtpUtf8: v.boolean(),
    eightBit: v.boolean(),
    source: maybe(said(v.string(), "The message as it would be sent.")),
    sourceBase64: maybe(said(v.string(), "In place of `source` where it is not UTF-8.")),
  });
}

function batch(): Schema {
  const item = v.strictObject({
    id: id(),
    messageId: v.string(),
    status: v.picklist(STATUSES),
    message: maybe(said(v.string(), "Why it was not sent.")),
    refused: maybe(strings()),
    suppressed: maybe(strings()),
    scheduledAt: maybe(v.string()),
  });
  const error = v.strictObject({
    index: said(v.number(), "In the list that was sent, from 0."),
    message: v.string(),
    pointer: maybe(said(v.string(), "Of a mail that is not valid.")),
    id: maybe(id()),
    messageId: maybe(v.string()),
    status: maybe(said(v.picklist(STATUSES), "Of a mail that was taken, and failed.")),
    refused: maybe(strings()),
  });
  return v.strictObject({ data: v.array(item), errors: maybe(v.array(error)) });
}

function listed(): Record<string, Schema> {
  const addresses = v.nullable(strings());
  return {
    id: id(),
    message_id: v.string(),
    from: v.string(),
    to: strings(),
    cc: addresses,
    bcc: addresses,
    reply_to: addresses,
    subject: v.string(),
    created_at: v.string(),
    scheduled_at: v.nullable(v.string()),
    last_event: said(
      v.picklist([
        "scheduled",
        "queued",
        "sent",
        "delivery_delayed",
        "bounced",
        "failed",
        "canceled",
      ]),
      "The status in the words of the Resend API.",
    ),
    topic_id: v.null(),
    status: v.picklist(STATUSES),
    attempts: v.number(),
    relay: v.nullable(v.string()),
    reply: v.nullable(reply()),
  };
}

function email(): Schema {
  const text = v.nullable(v.string());
  return v.strictObject({
    object: v.literal("email"),
    ...listed(),
    html: text,
    text,
    tags: v.nullable(v.array(v.strictObject({ name: v.string(), value: v.string() }))),
    events: said(
      v.array(v.looseObject({ at: v.string(), type: v.string() })),
      "All that happened to it, in order, each with its facts.",
    ),
  });
}

function suppression(): Schema {
  return v.strictObject({
    object: v.literal("suppression"),
    id: v.string(),
    address: v.string(),
    email: v.string(),
    reason: v.picklist(["refused", "manual"]),
    origin: v.picklist(["bounce", "manual"]),
    note: v.string(),
    source_id: v.null(),
    created_at: v.string(),
  });
}

function list(item: Schema): Schema {
  return v.strictObject({
    object: v.literal("list"),
    has_more: v.boolean(),
    data: v.array(item),
  });
}

function report(): Schema {
  return v.looseObject({
    ok: v.boolean(),
    relay: v.string(),
    security: v.picklist(["starttls", "tls", "none"]),
    extensions: v.record(v.string(), strings()),
    authMechanisms: strings(),
    maxSizeOctets: maybe(v.number()),
    advice: maybe(v.string()),
    transcript: strings(),
  });
}

function settings(): Schema {
  return v.array(v.strictObject({ name: v.string(), detail: v.string() }));
}

function health(): Schema {
  return v.strictObject({
    status: v.picklist(["ok", "unavailable", "misconfigured"]),
    problems: maybe(settings()),
    bindings: v.record(v.string(), v.boolean()),
  });
}

/** The closed list of the SDKs, as far as it is used here. */
const NAMES: Readonly<Record<ProblemName, true>> = {
  validation_error: true,
  missing_required_field: true,
  invalid_attachment: true,
  invalid_parameter: true,
  invalid_idempotency_key: true,
  invalid_idempotent_request: true,
  concurrent_idempotent_requests: true,
  missing_api_key: true,
  restricted_api_key: true,
  invalid_api_key: true,
  not_found: true,
  method_not_allowed: true,
  rate_limit_exceeded: true,
  application_error: true,
};

function problem(): Schema {
  const where = said(v.string(), "A JSON Pointer into the body, as a fragment.");
  return v.pipe(
    v.strictObject({
      statusCode: v.number(),
      name: v.picklist(Object.keys(NAMES) as ProblemName[]),
      message: v.string(),
      type: v.pipe(v.string(), v.url()),
      title: v.string(),
      status: v.number(),
      detail: v.string(),
      id: maybe(said(id(), "The mail in question.")),
      instance: maybe(v.string()),
      errors: maybe(v.array(v.strictObject({ detail: v.string(), pointer: where }))),
      outcome: maybe(
        said(v.string(), "`deferred`, `refused` or `unknown`; else the mail's status."),
      ),
      cause: maybe(v.string()),
      stage: maybe(said(v.string(), "Of the conversation with the relay.")),
      retryable: maybe(said(v.boolean(), "Sending it again may do, and delivers nothing twice.")),
      messageId: maybe(v.string()),
      relay: maybe(v.string()),
      extension: maybe(v.string()),
      reply: maybe(reply()),
      refused: maybe(refused()),
      suppressed: maybe(strings()),
      advice: maybe(v.string()),
      configuration: maybe(settings()),
    }),
    v.description("Resend's members and those of RFC 9457 in one body."),
  );
}

function said(schema: Schema, description: string): Schema {
  return v.pipe(schema, v.description(description));
}
