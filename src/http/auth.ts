/** Bearer tokens (RFC 6750 §2.1), compared in constant time. */
import type { ConfigProblem } from "../config.ts";
import type { Caller, Right, Token } from "../tokens.ts";
import type { Body } from "./body.ts";
import type { ProblemDetails } from "./problem.ts";

/** Who calls, or what to answer to somebody without a token, or with a wrong one. */
export async function authenticate(
  request: Request,
  tokens: readonly Token[],
): Promise<Body<Caller>> {
  const given = /^Bearer +([^ ]+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (given === undefined) return { ok: false, problem: NO_TOKEN };
  const caller = await callerOf(given, tokens);
  return caller === undefined ? { ok: false, problem: WRONG_TOKEN } : { ok: true, value: caller };
}

/** What to answer where the token may not do this. */
export function restricted(caller: Caller, right: Right): ProblemDetails | undefined {
  if (caller.rights.has(right)) return undefined;
  return {
    status: 401,
    name: "restricted_api_key",
    title: "The API token may not do this",
    message: `The API token \`${caller.name}\` lacks the right \`${right}\`: see API_TOKENS.`,
    headers: { "www-authenticate": 'Bearer error="insufficient_scope"' },
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
async function callerOf(given: string, tokens: readonly Token[]): Promise<Caller | undefined> {
  const digest = await sha256(given);
  let found: Token | undefined;
  for (const token of tokens) {
    if (crypto.subtle.timingSafeEqual(digest, await sha256(token.secret))) found = token;
  }
  if (found === undefined) return undefined;
  // A name that stays the same when others are added or taken away, and tells nothing of the token.
  const name = found.name ?? `token-${hexOf(new Uint8Array(digest, 0, 4))}`;
  const { rights, senders } = found;
  return { name, rights, ...(senders === undefined ? {} : { senders }) };
}

function hexOf(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

async function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}

const NO_TOKEN: ProblemDetails = {
  status: 401,
  name: "missing_api_key",
  title: "No API token",
  message: "Missing API token. Send it as `Authorization: Bearer <token>`.",
  // RFC 6750 §3.1: no error code where the request has no credentials at all.
  headers: { "www-authenticate": "Bearer" },
};

const WRONG_TOKEN: ProblemDetails = {
  status: 403,
  name: "invalid_api_key",
  title: "Wrong API token",
  message: "The API token is not one of API_TOKENS.",
  headers: { "www-authenticate": 'Bearer error="invalid_token"' },
};
