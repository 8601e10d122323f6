/**
 * The posting in the body of a request, whichever way it is written: JSON, a form, or a whole message.
 * What it may be is not decided here; see `parsePosting`.
 */
import { LIMITS } from "../mail/limits.ts";
import { parsePosting, type Posting } from "../posting.ts";
import type { Problem } from "../smtp/outcome.ts";
import { invalidMailDetails } from "./answer.ts";
import type { Body, MailBody } from "./body.ts";
import { readForm } from "./form.ts";
import { readJson } from "./json.ts";
import { readMessage } from "./message.ts";
import type { ProblemDetails } from "./problem.ts";

/** A valid posting, and what it was made of. */
export interface PostingBody {
  readonly posting: Posting;
  readonly input: unknown;
}

/** The valid posting in the body, or what to answer: every problem that was found, together. */
export async function readPosting(request: Request): Promise<Body<PostingBody>> {
  const body = await readMailInput(request);
  if (!body.ok) return body;
  const { input, problems } = body.value;
  const parsed = parsePosting(input);
  if (parsed.ok && problems.length === 0) {
    return { ok: true, value: { posting: parsed.value, input } };
  }
  const further = parsed.ok
    ? []
    : parsed.problems.filter(({ pointer }) => !isIn(pointer, problems));
  const all = [...problems, ...further].slice(0, LIMITS.problems);
  return { ok: false, problem: invalidMailDetails(all) };
}

/** The body of a request that takes nothing but JSON. */
export async function readJsonBody(request: Request, mostOctets?: number): Promise<Body<unknown>> {
  const encoding = request.headers.get("content-encoding") ?? "identity";
  const isJson = mediaTypeOf(request) === "application/json";
  if (!isJson || encoding !== "identity") return { ok: false, problem: NO_JSON };
  return readJson(request, mostOctets);
}

async function readMailInput(request: Request): Promise<Body<MailBody>> {
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") return { ok: false, problem: UNSUPPORTED };
  switch (mediaTypeOf(request)) {
    case "application/json": {
      const json = await readJson(request);
      return json.ok ? { ok: true, value: { input: json.value, problems: [] } } : json;
    }
    case "multipart/form-data":
      return readForm(request);
    case "message/rfc822":
      return readMessage(request);
    default:
      return { ok: false, problem: UNSUPPORTED };
  }
}

function mediaTypeOf(request: Request): string {
  const [type = ""] = (request.headers.get("content-type") ?? "").split(";");
  return type.trim().toLowerCase();
}

/** Whether the place, or one around it, has a problem already. */
function isIn(pointer: string, problems: readonly Problem[]): boolean {
  return problems.some((one) => one.pointer !== "" && `${pointer}/`.startsWith(`${one.pointer}/`));
}

const UNSUPPORTED: ProblemDetails = {
  status: 415,
  name: "validation_error",
  title: "The media type is not supported",
  message:
    "Send the mail as `Content-Type: application/json`, `multipart/form-data` or `message/rfc822`, " +
    "without Content-Encoding.",
  headers: { accept: "application/json, multipart/form-data, message/rfc822" },
};

const NO_JSON: ProblemDetails = {
  status: 415,
  name: "validation_error",
  title: "The media type is not supported",
  message: "Send the body as `Content-Type: application/json`, without Content-Encoding.",
  headers: { accept: "application/json" },
};
