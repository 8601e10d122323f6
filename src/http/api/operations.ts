/** What can be asked of the Worker, path by path: as the document lists it, and as tests hold answers to it. */
import { MAX_MAILS } from "../../dispatch/batch-size.ts";
import type { Right } from "../../tokens.ts";
import type { AnswerName } from "./answer-schema.ts";
import type { ProblemTitle } from "../problem.ts";
import {
  ADDRESS,
  DRY_RUN,
  ID,
  KEY,
  PREFER,
  queryOf,
  VALIDATION,
  type Parameter,
} from "./parameters.ts";

export interface Answer {
  readonly is: AnswerName | readonly AnswerName[];
  readonly means: string;
}

export interface Operation {
  readonly path: string;
  readonly method: "get" | "post" | "patch" | "delete";
  /** Also the name of the function in clients that are generated. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** Absent where no token is needed. */
  readonly right?: Right;
  readonly parameters?: readonly Parameter[];
  /** By media type; each names a schema of the document, or is one. */
  readonly body?: Readonly<Record<string, object>>;
  /** A body for the example, as JSON. */
  readonly example?: unknown;
  readonly answers: Readonly<Record<number, Answer>>;
  readonly problems: readonly ProblemTitle[];
}

/** All that asks for a token can be answered with these. */
const GUARDED: readonly ProblemTitle[] = [
  "No API token",
  "Wrong API token",
  "The API token may not do this",
  "Too many requests",
  "Not configured",
  "Internal error",
];
const JOURNALLED: readonly ProblemTitle[] = [
  ...GUARDED,
  "The journal is not set up",
  "The journal does not answer",
];
const SENDING: readonly ProblemTitle[] = [
  ...GUARDED,
  "The mail is not valid",
  "The body cannot be read",
  "The media type is not supported",
  "The request is too large",
  "The mail is too large for the queue",
  "Not allowed here",
  "All recipients are suppressed",
  "The relay refused the mail",
  "The relay cannot be used",
  "The mail was not sent yet",
  "The mail may have been sent",
  "Mail cannot wait here",
  "The idempotency key is not valid",
  "The idempotency key was used for another request",
  "The same request is under way",
  "Idempotency is not available",
  "The journal does not answer",
];
const CHANGING: readonly ProblemTitle[] = [
  "The body cannot be read",
  "The media type is not supported",
  "The request is too large",
];

const MAIL = {
  from: "Ann <ann@example.com>",
  to: "bob@example.org",
  subject: "Hello",
  text: "Hi!",
};
const ANY_MAIL = { anyOf: [refTo("Mail"), refTo("RawMail")] };
export const OPERATIONS: readonly Operation[] = [
  {
    path: "/emails",
    method: "post",
    id: "sendEmail",
    summary: "Send a mail",
    description:
      "Answers after the relay has, or with 202 where the mail waits: for its time, by `Prefer: respond-async`, or by DELIVERY=queue.",
    right: "send",
    parameters: [DRY_RUN, KEY, PREFER],
    body: {
      "application/json": ANY_MAIL,
      "multipart/form-data": {
        type: "object",
        description: "A field of the form for each of the mail; files become attachments.",
      },
      "message/rfc822": {
        type: "string",
        description:
          "A whole message; its envelope in the query (`from`, `to`), or in `X-Envelope-From` and `X-Envelope-To`, or as it says itself.",
      },
    },
    example: MAIL,
    answers: {
      200: {
        is: ["Sent", "DryRun"],
        means: "The relay took it, for some recipients at least; or the dry run.",
      },
      202: { is: "Sent", means: "It waits, and will be sent." },
    },
    problems: [...SENDING, "The query is not valid"],
  },
  {
    path: "/emails/batch",
    method: "post",
    id: "sendBatch",
    summary: "Send up to 100 mails over one session",
    right: "send",
    parameters: [KEY, VALIDATION],
    body: {
      "application/json": { type: "array", items: ANY_MAIL, minItems: 1, maxItems: MAX_MAILS },
    },
    example: [MAIL, { ...MAIL, to: "eve@example.org" }],
    answers: {
      200: {
        is: "Batch",
        means: "What became of each; in permissive mode `errors` has those that failed.",
      },
    },
    problems: [...SENDING, "The batch is not valid"],
  },
  {
    path: "/emails",
    method: "get",
    id: "listEmails",
    summary: "List mails, the newest first",
    right: "read",
    parameters: queryOf("EmailPage"),
    answers: { 200: { is: "EmailList", means: "One page." } },
    problems: [...JOURNALLED, "The query is not valid"],
  },
  {
    path: "/emails/{id}",
    method: "get",
    id: "showEmail",
    summary: "Show a mail and all that happened to it",
    right: "read",
    parameters: [ID],
    answers: { 200: { is: "Email", means: "The mail." } },
    problems: [...JOURNALLED, "Not an id", "Not found"],
  },
  {
    path: "/emails/{id}",
    method: "patch",
    id: "rescheduleEmail",
    summary: "Set another time for a mail that is scheduled",
    right: "send",
    parameters: [ID],
    body: { "application/json": refTo("Reschedule") },
    example: { scheduled_at: "2026-12-01T10:00:00Z" },
    answers: { 200: { is: "EmailChange", means: "Done." } },
    problems: [
      ...JOURNALLED,
      ...CHANGING,
      "Not an id",
      "Not found",
      "The change is not valid",
      "The mail is not scheduled",
    ],
  },
  {
    path: "/emails/{id}/cancel",
    method: "post",
    id: "cancelEmail",
    summary: "Take a mail back that is scheduled",
    right: "send",
    parameters: [ID],
    answers: { 200: { is: "EmailChange", means: "It will not be sent." } },
    problems: [...JOURNALLED, "Not an id", "Not found", "The mail is not scheduled"],
  },
  {
    path: "/suppressions",
    method: "get",
    id: "listSuppressions",
    summary: "List the addresses that are not written to",
    right: "read",
    parameters: queryOf("SuppressionPage"),
    answers: { 200: { is: "SuppressionList", means: "One page." } },
    problems: [...JOURNALLED, "The query is not valid"],
  },
  {
    path: "/suppressions",
    method: "post",
    id: "addSuppression",
    summary: "Put an address on the list",
    right: "send",
    body: { "application/json": refTo("NewSuppression") },
    example: { address: "gone@example.org", note: "asked to be left alone" },
    answers: { 200: { is: "SuppressionChange", means: "It is not written to." } },
    problems: [...JOURNALLED, ...CHANGING, "The suppression is not valid"],
  },
  {
    path: "/suppressions/{address}",
    method: "get",
    id: "showSuppression",
    summary: "Show what is known of an address on the list",
    right: "read",
    parameters: [ADDRESS],
    answers: { 200: { is: "Suppression", means: "The address." } },
    problems: [...JOURNALLED, "Not an address", "Not found"],
  },
  {
    path: "/suppressions/{address}",
    method: "delete",
    id: "removeSuppression",
    summary: "Take an address off the list",
    right: "send",
    parameters: [ADDRESS],
    answers: { 200: { is: "SuppressionChange", means: "It is written to again." } },
    problems: [...JOURNALLED, "Not an address", "Not found"],
  },
  {
    path: "/verify",
    method: "post",
    id: "verify",
    summary: "Ask each relay what it offers: connect, TLS, AUTH, and no mail",
    right: "read",
    answers: { 200: { is: "Verification", means: "`ok`, or what is wrong and how to mend it." } },
    problems: GUARDED,
  },
  {
    path: "/",
    method: "get",
    id: "service",
    summary: "What this is, and where the rest is",
    description: "A page where `Accept` asks for HTML.",
    answers: { 200: { is: "Service", means: "The way to the rest." } },
    problems: ["Internal error"],
  },
  {
    path: "/health",
    method: "get",
    id: "health",
    summary: "Whether mail can be sent",
    answers: {
      200: { is: "Health", means: "It can." },
      503: { is: "Health", means: "It cannot: `problems` names settings, never values." },
    },
    problems: ["Internal error"],
  },
];

/** A reference to a schema of the document. */
export function refTo(name: string): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}
