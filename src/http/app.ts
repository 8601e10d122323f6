/** The HTTP door: routes and their order of checks. What is decided here is only who answers what. */
import { Hono, type Context } from "hono";

import { readConfig, readTokens, type Config } from "../config.ts";
import type { Env } from "../env.ts";
import { createLog } from "../log.ts";
import type { Mail } from "../mail/mail.ts";
import { parseMail } from "../mail/parse-mail.ts";
import type { Connect } from "../net/connection.ts";
import { forbidden } from "../policy.ts";
import { MAX_QUEUED_OCTETS, queuedMail } from "../queued-mail.ts";
import { Route } from "../route.ts";
import { invalidMailDetails, outcomeResponse } from "./answer.ts";
import { misconfigured, unauthorised } from "./auth.ts";
import { drain, readJson } from "./body.ts";
import { problemResponse, type ProblemDetails } from "./problem.ts";

type Bound = { Bindings: Env };

/** The routes, over a way to dial. */
export function createApp(connect: Connect): Hono<Bound> {
  // One environment variable of the SDKs, two conventions about its last slash: `//emails` is `/emails`.
  const app = new Hono<Bound>({ getPath: (request) => pathOf(request.url) });

  app.get("/", (c) => c.json({ name: "postrider", health: "/health", send: "POST /emails" }));
  app.get("/health", async (c) => health(c));
  app.post("/emails", async (c) => guarded(c, (config) => sendOne(c, config, connect)));
  app.post("/verify", async (c) => guarded(c, (config) => verify(c, config, connect)));
  for (const [path, allowed] of [
    ["/", "GET"],
    ["/health", "GET"],
    ["/emails", "POST"],
    ["/verify", "POST"],
  ] as const) {
    app.all(path, async (c) => refuse(c, wrongMethod(c.req.method, allowed)));
  }
  app.notFound(async (c) => refuse(c, NOT_FOUND));
  app.onError(async (error, c) => {
    createLog("error")("error", "http.fault", { error: error.name });
    return refuse(c, FAULT);
  });
  return app;
}

async function guarded(
  c: Context<Bound>,
  work: (config: Config) => Promise<Response>,
): Promise<Response> {
  const problem = await unauthorised(c.req.raw, c.env);
  if (problem !== undefined) return refuse(c, problem);
  const config = await readConfig(c.env);
  return config.ok ? work(config.value) : refuse(c, misconfigured(config.problems));
}

async function health(c: Context<Bound>): Promise<Response> {
  const [tokens, config] = [await readTokens(c.env), await readConfig(c.env)];
  const problems = [...(tokens.ok ? [] : tokens.problems), ...(config.ok ? [] : config.problems)];
  return problems.length === 0
    ? c.json({ status: "ok" })
    : c.json({ status: "misconfigured", problems }, 503);
}

async function sendOne(c: Context<Bound>, config: Config, connect: Connect): Promise<Response> {
  const request = c.req.raw;
  if (c.req.header("idempotency-key") !== undefined) return refuse(c, NO_JOURNAL);
  const body = await readJson(request);
  if (!body.ok) return refuse(c, body.problem);
  const parsed = parseMail(body.value);
  if (!parsed.ok) return refuse(c, invalidMailDetails(parsed.problems));
  const mail = parsed.value;
  const problems = forbidden(mail, config);
  if (problems.length > 0) return refuse(c, notAllowed(problems));

  const id = crypto.randomUUID();
  const wantsAsync = prefersAsync(c.req.header("prefer"));
  if (config.delivery === "queue" || (wantsAsync && c.env.MAIL_QUEUE !== undefined)) {
    const queued = await enqueue(c, id, mail, { wantsAsync });
    // A preference is a hint (RFC 7240 §2): what the queue cannot hold is sent at once instead.
    if (config.delivery === "queue" || queued.ok) return queued;
  }
  const route = new Route({ relays: config.relays, connect });
  const sending = route.deliver(mail);
  // A client that hangs up cancels the request; without this the mail would stop in the middle.
  c.executionCtx.waitUntil(sending.then(async () => route.close()));
  const outcome = await sending;
  const failure = outcome.status === "accepted" ? undefined : outcome.failure;
  createLog(config.logLevel)(failure === undefined ? "info" : "warn", `mail.${outcome.status}`, {
    id,
    relay: outcome.relay,
    cause: failure?.cause,
    stage: failure?.stage,
    code: failure === undefined ? undefined : failure.reply?.code,
  });
  return outcomeResponse(request, id, outcome);
}

async function enqueue(
  c: Context<Bound>,
  id: string,
  mail: Mail,
  { wantsAsync }: { readonly wantsAsync: boolean },
): Promise<Response> {
  const { body, octets } = queuedMail(id, mail);
  if (octets > MAX_QUEUED_OCTETS) return refuse(c, tooLargeForQueue(octets));
  try {
    await c.env.MAIL_QUEUE?.send(body, { contentType: "json" });
  } catch {
    return refuse(c, QUEUE_FAILED);
  }
  const applied = wantsAsync ? { "preference-applied": "respond-async" } : {};
  const headers = { ...applied, vary: "Prefer", "cache-control": "no-store" };
  return c.json({ id, messageId: mail.messageId, status: "queued" }, 202, headers);
}

async function verify(c: Context<Bound>, config: Config, connect: Connect): Promise<Response> {
  await drain(c.req.raw);
  const route = new Route({ relays: config.relays, connect });
  const relays = await route.verify();
  c.executionCtx.waitUntil(route.close());
  const ok = relays.every((report) => report.ok);
  // 200 in either case: the question was answered, and the answer is in `ok`.
  return c.json({ ok, relays }, 200, { "cache-control": "no-store" });
}

async function refuse(c: Context<Bound>, details: ProblemDetails): Promise<Response> {
  await drain(c.req.raw);
  return problemResponse(c.req.raw, details);
}

/** The path of a URL, with runs of slashes and a last one left out. */
function pathOf(url: string): string {
  const path = new URL(url).pathname.replaceAll(/\/{2,}/g, "/");
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** RFC 7240 §4.1. Parameters, other preferences and their order do not matter. */
function prefersAsync(prefer: string | undefined): boolean {
  const names = prefer?.split(/[,;]/).map((part) => part.trim().toLowerCase());
  return names?.includes("respond-async") === true;
}

function notAllowed(errors: NonNullable<ProblemDetails["errors"]>): ProblemDetails {
  return {
    status: 403,
    name: "validation_error",
    title: "Not allowed here",
    message: errors.map(({ detail }) => detail).join(" "),
    errors,
  };
}

function wrongMethod(method: string, allow: string): ProblemDetails {
  return {
    status: 405,
    name: "method_not_allowed",
    title: "Method not allowed",
    message: `${method} is not allowed here; use ${allow}.`,
    headers: { allow },
  };
}

function tooLargeForQueue(octets: number): ProblemDetails {
  return {
    status: 413,
    name: "validation_error",
    title: "The mail is too large for the queue",
    message: `As a queue message the mail has ${octets} octets; the queue takes ${MAX_QUEUED_OCTETS}. Send it with DELIVERY=direct, or with smaller attachments.`,
  };
}

const NOT_FOUND: ProblemDetails = {
  status: 404,
  name: "not_found",
  title: "Not found",
  message: "There is nothing at this path. Mail is sent by `POST /emails`.",
};

const FAULT: ProblemDetails = {
  status: 500,
  name: "application_error",
  title: "Internal error",
  message: "Something is wrong in Postrider itself. Whether the mail was sent cannot be told.",
};

const QUEUE_FAILED: ProblemDetails = {
  status: 503,
  name: "application_error",
  title: "The mail was not sent yet",
  message: "The queue did not take the mail. Nothing was sent; it is safe to try again.",
  headers: { "retry-after": "10" },
};

const NO_JOURNAL: ProblemDetails = {
  status: 400,
  name: "invalid_idempotency_key",
  title: "Idempotency is not available",
  message:
    "This deployment cannot honour an `Idempotency-Key`, and will not ignore it. Leave the header out.",
};
