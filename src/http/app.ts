/** The HTTP door: routes and their order of checks. What is decided here is only who answers what. */
import { Hono, type Context } from "hono";

import { readConfig, readTokens, type ConfigProblem } from "../config.ts";
import type { Env } from "../env.ts";
import { createLog } from "../log.ts";
import type { Connect } from "../net/connection.ts";
import type { RelayMemory } from "../relay-memory.ts";
import type { Result } from "../result.ts";
import { openStore } from "../store/d1/store.ts";
import type { Right } from "../tokens.ts";
import { authenticate, misconfigured, restricted } from "./auth.ts";
import { sendBatch } from "./batch.ts";
import type { Body } from "./body.ts";
import type { ProblemDetails } from "./problem.ts";
import { refuse } from "./refuse.ts";
import { sendMail } from "./send.ts";
import type { Surroundings } from "./surroundings.ts";
import { verify } from "./verify.ts";

type Bound = { Bindings: Env };

const NO_STORE = { "cache-control": "no-store" };

/** The routes, over a way to dial, and what is known of the relays. */
export function createApp(connect: Connect, memory: RelayMemory): Hono<Bound> {
  // One environment variable of the SDKs, two conventions about its last slash: `//emails` is `/emails`.
  const app = new Hono<Bound>({ getPath: (request) => pathOf(request.url) });
  const guarded =
    (right: Right, work: Work) =>
    async (c: Context<Bound>): Promise<Response> => {
      const around = await admit(c, right, { connect, memory });
      if (!around.ok) return refuse(c.req.raw, around.problem);
      return work(c.req.raw, around.value, c.req.param("id") ?? "");
    };

  app.get("/", (c) => c.json({ name: "postrider", health: "/health", send: "POST /emails" }));
  app.get("/health", async (c) => health(c));
  app.post("/emails", guarded("send", sendMail));
  app.post("/emails/batch", guarded("send", sendBatch));
  app.post("/verify", guarded("read", verify));
  for (const [path, allowed] of [
    ["/", "GET, HEAD"],
    ["/health", "GET, HEAD"],
    ["/emails", "POST"],
    ["/emails/batch", "POST"],
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

/** Answers a request of somebody who may make it; `id` is that of the path, where it has one. */
type Work = (request: Request, around: Surroundings, id: string) => Promise<Response>;

/** What a caller with a token and this right is answered with. */
async function admit(
  c: Context<Bound>,
  right: Right,
  net: Pick<Surroundings, "connect" | "memory">,
): Promise<Body<Surroundings>> {
  const { env } = c;
  const [tokens, config] = await Promise.all([readTokens(env), readConfig(env)]);
  if (!tokens.ok) {
    return { ok: false, problem: misconfigured([...tokens.problems, ...problemsOf(config)]) };
  }
  const caller = await authenticate(c.req.raw, tokens.value);
  if (!caller.ok) return caller;
  const problem = restricted(caller.value, right);
  if (problem !== undefined) return { ok: false, problem };
  if (!config.ok) return { ok: false, problem: misconfigured(config.problems) };
  const value: Surroundings = {
    ...net,
    env,
    config: config.value,
    caller: caller.value,
    log: createLog(config.value.logLevel),
    ...(env.JOURNAL === undefined ? {} : { store: openStore(env.JOURNAL) }),
    outlive: (work) => outliveClient(c, work),
  };
  return { ok: true, value };
}

async function health(c: Context<Bound>): Promise<Response> {
  const [tokens, config] = await Promise.all([readTokens(c.env), readConfig(c.env)]);
  const problems = [...problemsOf(tokens), ...problemsOf(config)];
  return problems.length === 0
    ? c.json({ status: "ok" }, 200, NO_STORE)
    : c.json({ status: "misconfigured", problems }, 503, NO_STORE);
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
