/** The HTTP door: routes and their order of checks. What is decided here is only who answers what. */
import { Hono, type Context } from "hono";
import { routePath } from "hono/route";

import { readConfig, readTokens } from "../config.ts";
import type { Env } from "../env.ts";
import { createLog } from "../log.ts";
import type { Connect } from "../net/connection.ts";
import type { RelayMemory } from "../relay-memory.ts";
import type { ServiceSettings } from "../service-config.ts";
import { openStore } from "../store/d1/store.ts";
import type { Right } from "../tokens.ts";
import { traced } from "../trace.ts";
import { authenticate, misconfigured, restricted } from "./auth.ts";
import { sendBatch } from "./batch.ts";
import type { Body } from "./body.ts";
import { crossOrigin } from "./cors.ts";
import { health } from "./health.ts";
import { docs, home, openApi } from "./pages.ts";
import { listMails, showMail } from "./mails.ts";
import type { ProblemDetails } from "./problem.ts";
import { clientKey, limitFields, overLimit } from "./rate-limit.ts";
import { refuse } from "./refuse.ts";
import { cancelMail, rescheduleMail } from "./schedule.ts";
import { sendMail } from "./send.ts";
import {
  addSuppression,
  listSuppressions,
  removeSuppression,
  showSuppression,
} from "./suppressions.ts";
import type { Surroundings } from "./surroundings.ts";
import { verify } from "./verify.ts";

type Bound = { Bindings: Env };

/** The routes, over a way to dial, and what is known of the relays. */
export function createApp(connect: Connect, memory: RelayMemory): Hono<Bound> {
  // One environment variable of the SDKs, two conventions about its last slash: `//emails` is `/emails`.
  const app = new Hono<Bound>({ getPath: (request) => pathOf(request.url) });
  const guarded =
    (right: Right, work: Work) =>
    async (c: Context<Bound>): Promise<Response> => {
      return traced("request", async (note) => {
        // The pattern, and never the path: an address may be in that.
        note({ "http.method": c.req.method, "http.route": routePath(c) });
        const around = await admit(c, right, { connect, memory });
        const answer = around.ok
          ? await work(c.req.raw, around.value, c.req.param("id") ?? "")
          : await refuse(c.req.raw, around.problem);
        note({ "http.status": answer.status });
        if (!around.ok || c.env.RATE_LIMITER === undefined) return answer;
        stamp(answer, around.value.config.service.rateLimit);
        return answer;
      });
    };
  // The order matters: the first that fits a path answers, so `/emails/batch` is no id.
  const serve = (path: string, works: Readonly<Partial<Record<Method, Handler>>>): void => {
    for (const [method, handler] of Object.entries(works)) app.on(method, path, handler);
    const allowed = METHODS.filter((method) => works[method === "HEAD" ? "GET" : method]);
    app.all(path, async (c) => refuse(c.req.raw, wrongMethod(c.req.method, allowed.join(", "))));
  };

  app.use(crossOrigin());
  serve("/", { GET: async (c) => home(c.req.raw, c.env) });
  serve("/docs", { GET: async (c) => docs(c.req.raw) });
  serve("/openapi.json", { GET: async (c) => openApi(c.req.raw) });
  serve("/health", { GET: async (c) => health(c.env) });
  serve("/emails", { GET: guarded("read", listMails), POST: guarded("send", sendMail) });
  serve("/emails/batch", { POST: guarded("send", sendBatch) });
  // Newer SDKs know more than we serve; these would pass for an id.
  for (const path of ["/emails/metrics", "/emails/receiving/*"]) {
    app.all(path, async (c) => refuse(c.req.raw, NOT_FOUND));
  }
  serve("/emails/:id", {
    GET: guarded("read", showMail),
    PATCH: guarded("send", rescheduleMail),
  });
  serve("/emails/:id/cancel", { POST: guarded("send", cancelMail) });
  serve("/suppressions", {
    GET: guarded("read", listSuppressions),
    POST: guarded("send", addSuppression),
  });
  serve("/suppressions/:id", {
    GET: guarded("read", showSuppression),
    DELETE: guarded("send", removeSuppression),
  });
  serve("/verify", { POST: guarded("read", verify) });
  app.notFound(async (c) => refuse(c.req.raw, NOT_FOUND));
  app.onError(async (error, c) => {
    createLog("error")("error", "http.fault", { error: error.name });
    return refuse(c.req.raw, FAULT);
  });
  return app;
}

type Handler = (c: Context<Bound>) => Response | Promise<Response>;

const METHODS = ["GET", "HEAD", "POST", "PATCH", "DELETE"] as const;
/** What is allowed by GET is by HEAD, too. */
type Method = Exclude<(typeof METHODS)[number], "HEAD">;

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
    const others = config.ok ? [] : config.problems;
    return { ok: false, problem: misconfigured([...tokens.problems, ...others]) };
  }
  const log = createLog(config.ok ? config.value.logLevel : "error");
  const rateLimit = config.ok ? config.value.service.rateLimit : undefined;
  const caller = await authenticate(c.req.raw, tokens.value);
  const key = caller.ok ? `token:${caller.value.name}` : clientKey(c.req.raw);
  const over = await overLimit({ env, log }, key, rateLimit);
  if (over !== undefined) return { ok: false, problem: over };
  if (!caller.ok) return caller;
  const problem = restricted(caller.value, right);
  if (problem !== undefined) return { ok: false, problem };
  if (!config.ok) return { ok: false, problem: misconfigured(config.problems) };
  const value: Surroundings = {
    ...net,
    env,
    config: config.value,
    caller: caller.value,
    log,
    wayIn: "http",
    ...(env.JOURNAL === undefined ? {} : { store: openStore(env.JOURNAL) }),
    outlive: (work) => outliveClient(c, work),
  };
  return { ok: true, value };
}

/** Tells of the limit on an answer that keeps to it. */
function stamp({ headers }: Response, rateLimit: ServiceSettings["rateLimit"]): void {
  for (const [name, value] of Object.entries(limitFields(rateLimit))) headers.set(name, value);
}

function outliveClient(c: Context<Bound>, work: Promise<unknown>): void {
  const settled = work.catch(() => undefined);
  try {
    c.executionCtx.waitUntil(settled);
  } catch {
    // Hono throws where the caller gave no context: then the request lives as long as its answer.
  }
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
