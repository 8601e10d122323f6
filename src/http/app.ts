/** The HTTP door: routes and their order of checks. What is decided here is only who answers what. */
import { Hono, type Context } from "hono";

import { readConfig, readTokens, type Config, type ConfigProblem } from "../config.ts";
import type { Env } from "../env.ts";
import { createLog } from "../log.ts";
import type { Connect } from "../net/connection.ts";
import type { Result } from "../result.ts";
import type { RelayMemory } from "../relay-memory.ts";
import { Route } from "../route.ts";
import { routeOptions } from "../route-options.ts";
import { sessionLog } from "../session-log.ts";
import { misconfigured, unauthorised } from "./auth.ts";
import { drain } from "./body.ts";
import type { ProblemDetails } from "./problem.ts";
import { refuse } from "./refuse.ts";
import { closedAfter, sendMail, type Surroundings } from "./send.ts";

type Bound = { Bindings: Env };

const NO_STORE = { "cache-control": "no-store" };

/** The routes, over a way to dial, and what is known of the relays. */
export function createApp(connect: Connect, memory: RelayMemory): Hono<Bound> {
  // One environment variable of the SDKs, two conventions about its last slash: `//emails` is `/emails`.
  const app = new Hono<Bound>({ getPath: (request) => pathOf(request.url) });
  const guarded = async (c: Context<Bound>, work: Work): Promise<Response> => {
    const config = await admit(c);
    if (!config.ok) return refuse(c.req.raw, config.problem);
    const outlive = (sending: Promise<unknown>): void => outliveClient(c, sending);
    return work(c.req.raw, { env: c.env, config: config.value, connect, memory, outlive });
  };

  app.get("/", (c) => c.json({ name: "postrider", health: "/health", send: "POST /emails" }));
  app.get("/health", async (c) => health(c));
  app.post("/emails", async (c) => guarded(c, sendMail));
  app.post("/verify", async (c) => guarded(c, verify));
  for (const [path, allowed] of [
    ["/", "GET, HEAD"],
    ["/health", "GET, HEAD"],
    ["/emails", "POST"],
    ["/verify", "POST"],
  ] as const) {
    app.all(path, async (c) => refuse(c.req.raw, wrongMethod(c.req.method, allowed)));
  }
  app.notFound(async (c) => refuse(c.req.raw, NOT_FOUND));
  app.onError(async (error, c) => {
    createLog("error")("error", "http.fault", { error: error.name });
    return refuse(c.req.raw, FAULT);
  });
  return app;
}

type Work = (request: Request, around: Surroundings) => Promise<Response>;

type Admission =
  | { readonly ok: true; readonly value: Config }
  | { readonly ok: false; readonly problem: ProblemDetails };

/** The configuration, for a caller with a token. */
async function admit(c: Context<Bound>): Promise<Admission> {
  const [tokens, config] = await Promise.all([readTokens(c.env), readConfig(c.env)]);
  if (!tokens.ok) {
    return { ok: false, problem: misconfigured([...tokens.problems, ...problemsOf(config)]) };
  }
  const problem = await unauthorised(c.req.raw, tokens.value);
  if (problem !== undefined) return { ok: false, problem };
  return config.ok ? config : { ok: false, problem: misconfigured(config.problems) };
}

async function health(c: Context<Bound>): Promise<Response> {
  const [tokens, config] = await Promise.all([readTokens(c.env), readConfig(c.env)]);
  const problems = [...problemsOf(tokens), ...problemsOf(config)];
  return problems.length === 0
    ? c.json({ status: "ok" }, 200, NO_STORE)
    : c.json({ status: "misconfigured", problems }, 503, NO_STORE);
}

async function verify(request: Request, around: Surroundings): Promise<Response> {
  await drain(request);
  const { config, connect } = around;
  const onSession = sessionLog(createLog(config.logLevel));
  const route = new Route({ ...routeOptions(config, around.env), connect, onSession });
  const asking = route.verify();
  around.outlive(closedAfter(asking, route));
  const relays = await asking;
  const ok = relays.every((report) => report.ok);
  // 200 in either case: the question was answered, and the answer is in `ok`.
  return Response.json({ ok, relays }, { headers: NO_STORE });
}

function outliveClient(c: Context<Bound>, work: Promise<unknown>): void {
  const settled = work.catch(() => undefined);
  try {
    c.executionCtx.waitUntil(settled);
  } catch {
    // Hono throws where the caller gave no context: then the request lives as long as its answer.
  }
}

function problemsOf(result: Result<unknown, readonly ConfigProblem[]>): readonly ConfigProblem[] {
  return result.ok ? [] : result.problems;
}

/** The path of a URL, with runs of slashes and a last one left out. */
function pathOf(url: string): string {
  const path = new URL(url).pathname.replaceAll(/\/{2,}/g, "/");
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
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
