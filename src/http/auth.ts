/** Bearer tokens (RFC 6750 §2.1), compared in constant time. */
import type { ConfigProblem } from "../config.ts";
import type { ProblemDetails } from "./problem.ts";

/** Undefined where the request may pass, else what to answer. */
export async function unauthorised(
  request: Request,
  tokens: readonly string[],
): Promise<ProblemDetails | undefined> {
  const given = /^Bearer +([^ ]+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (given === undefined) {
    return {
      status: 401,
      name: "missing_api_key",
      title: "No API token",
      message: "Missing API token. Send it as `Authorization: Bearer <token>`.",
      // RFC 6750 §3.1: no error code where the request has no credentials at all.
      headers: { "www-authenticate": "Bearer" },
    };
  }
  if (await isOneOf(given, tokens)) return undefined;
  return {
    status: 403,
    name: "invalid_api_key",
    title: "Wrong API token",
    message: "The API token is not one of API_TOKENS.",
    headers: { "www-authenticate": 'Bearer error="invalid_token"' },
  };
}

/** What to answer where the deployment is not configured: names and remedies, never values. */
export function misconfigured(problems: readonly ConfigProblem[]): ProblemDetails {
  return {
    status: 502,
    name: "application_error",
    title: "Not configured",
    message: problems.map(({ name, detail }) => `${name}: ${detail}`).join(" "),
    more: { cause: "config", configuration: problems },
  };
}

/** Compares digests, all of them, so that neither length nor order nor a common start shows in time. */
async function isOneOf(given: string, tokens: readonly string[]): Promise<boolean> {
  const digest = await sha256(given);
  let found = false;
  for (const token of tokens) {
    if (crypto.subtle.timingSafeEqual(digest, await sha256(token))) found = true;
  }
  return found;
}

async function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
