/**
 * An error answer: the members of the Resend API (`statusCode`, `name`, `message`, the name from a closed
 * list) and those of RFC 9457 §3.1 in one body. Served as application/json, which the SDKs insist on, and
 * as application/problem+json to who asks for it.
 */
import type { Problem } from "../smtp/outcome.ts";

/** The names that the official SDKs know; another one counts as success in some of them. */
export type ProblemName =
  | "validation_error"
  | "missing_required_field"
  | "invalid_attachment"
  | "invalid_parameter"
  | "invalid_idempotency_key"
  | "invalid_idempotent_request"
  | "concurrent_idempotent_requests"
  | "missing_api_key"
  | "restricted_api_key"
  | "invalid_api_key"
  | "not_found"
  | "method_not_allowed"
  | "rate_limit_exceeded"
  | "application_error";

/** What kind of problem it is; each has a section of the README, and its place in the API document. */
export type ProblemTitle =
  | "The mail is not valid"
  | "The batch is not valid"
  | "The query is not valid"
  | "The change is not valid"
  | "The suppression is not valid"
  | "The body cannot be read"
  | "The media type is not supported"
  | "The request is too large"
  | "The mail is too large for the queue"
  | "No API token"
  | "Wrong API token"
  | "The API token may not do this"
  | "Not allowed here"
  | "All recipients are suppressed"
  | "Too many requests"
  | "The relay refused the mail"
  | "The relay cannot be used"
  | "The mail was not sent yet"
  | "The mail may have been sent"
  | "Mail cannot wait here"
  | "The idempotency key is not valid"
  | "The idempotency key was used for another request"
  | "The same request is under way"
  | "Idempotency is not available"
  | "The journal is not set up"
  | "The journal does not answer"
  | "The mail is not scheduled"
  | "Not an id"
  | "Not an address"
  | "Not found"
  | "Method not allowed"
  | "Not configured"
  | "Internal error";

export interface ProblemDetails {
  readonly status: number;
  readonly name: ProblemName;
  readonly title: ProblemTitle;
  readonly message: string;
  /** Bad fields, with JSON Pointers into the request body. */
  readonly errors?: readonly Problem[];
  /** The mail in question. */
  readonly id?: string;
  /** Further members, as `cause`, `stage`, `reply`. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The answer to `request` for a problem. */
export function problemResponse(request: Request, details: ProblemDetails): Response {
  const { status, name, title, message, errors, id, more, headers } = details;
  const body = {
    statusCode: status,
    name,
    message,
    type: `${TYPE_BASE}${slugOf(title)}`,
    title,
    status,
    detail: message,
    ...(id === undefined ? {} : { id, instance: `/emails/${id}` }),
    // RFC 6901 §6: as a fragment of the request body.
    ...(errors === undefined
      ? {}
      : { errors: errors.map(({ pointer, detail }) => ({ detail, pointer: `#${pointer}` })) }),
    ...more,
  };
  const accept = request.headers.get("accept") ?? "";
  const isAsked = accepts(accept, "application/problem+json");
  return Response.json(body, {
    status,
    headers: {
      "content-type": isAsked ? "application/problem+json" : "application/json",
      "cache-control": "no-store",
      vary: "Accept",
      ...headers,
    },
  });
}

/** Whether the media type is wanted by name (RFC 9110 §12.5.1): `q=0` says that it is not. */
function accepts(accept: string, type: string): boolean {
  return accept.split(",").some((range) => {
    const [name, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    return name === type && (q === undefined || Number(q.slice(2)) > 0);
  });
}

/** Each title has a section of the README with this anchor. */
const TYPE_BASE = "https://github.com/postrider/postrider#";

function slugOf(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}
