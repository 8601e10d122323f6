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

export interface ProblemDetails {
  readonly status: number;
  readonly name: ProblemName;
  readonly title: string;
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
  const accept = request.headers.get("accept")?.toLowerCase();
  const asked = accept?.includes("application/problem+json") === true;
  return Response.json(body, {
    status,
    headers: {
      "content-type": asked ? "application/problem+json" : "application/json",
      "cache-control": "no-store",
      vary: "Accept",
      ...headers,
    },
  });
}

/** Each title has a section of the README with this anchor. */
const TYPE_BASE = "https://github.com/postrider/postrider#";

function slugOf(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}
