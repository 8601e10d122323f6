/** Cross-origin requests (Fetch Standard): no page may call, but those of CORS_ORIGINS. */
import type { Context, MiddlewareHandler } from "hono";
import { cors } from "hono/cors";

import { readCorsOrigins } from "../config.ts";
import type { Env } from "../env.ts";

/** Answers preflights, which carry no token, and marks the answers that a page may read. */
export function crossOrigin(): MiddlewareHandler<{ Bindings: Env }> {
  return async (c, next) => {
    const origins = await readCorsOrigins(c.env);
    if (origins.length === 0 || (c.req.method === "OPTIONS" && !isPreflight(c))) return next();
    const isAnybody = origins.includes("*");
    const guard = cors({
      origin: isAnybody ? "*" : [...origins],
      allowMethods: METHODS,
      allowHeaders: REQUEST_FIELDS,
      exposeHeaders: ANSWER_FIELDS,
      maxAge: MAX_AGE_SECONDS,
    });
    return guard(c, next);
  };
}

/** What browsers keep at most of an answer to a preflight is two hours. */
const MAX_AGE_SECONDS = 7200;
const METHODS = ["GET", "HEAD", "POST", "PATCH", "DELETE"];
/** User-Agent, since the SDK for JavaScript sets it, and some browsers let it. */
const REQUEST_FIELDS = [
  "Authorization",
  "Content-Type",
  "Idempotency-Key",
  "Prefer",
  "User-Agent",
  "X-Batch-Validation",
  "X-Envelope-From",
  "X-Envelope-To",
];
const ANSWER_FIELDS = [
  "Idempotency-Replayed",
  "Location",
  "Preference-Applied",
  "RateLimit",
  "RateLimit-Limit",
  "RateLimit-Policy",
  "RateLimit-Remaining",
  "RateLimit-Reset",
  "Retry-After",
  "WWW-Authenticate",
];

function isPreflight(c: Context): boolean {
  const { headers } = c.req.raw;
  return headers.has("origin") && headers.has("access-control-request-method");
}
