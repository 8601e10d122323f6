/** POST /emails: body to Mail, then to the relay or to the queue, and what became of it as the answer. */
import { compositionFault } from "../composition.ts";
import type { Config } from "../config.ts";
import type { Env } from "../env.ts";
import { createLog } from "../log.ts";
import type { ParsedMail } from "../mail/mail.ts";
import type { Connect } from "../net/connection.ts";
import { forbidden } from "../policy.ts";
import { MAX_QUEUED_OCTETS, queuedMail, type QueuedMail } from "../queued-mail.ts";
import type { RelayMemory } from "../relay-memory.ts";
import { wayOf, type Way } from "../relay/way.ts";
import { routeOptions } from "../route-options.ts";
import { sessionLog } from "../session-log.ts";
import { failed, type Outcome, type Problem } from "../smtp/outcome.ts";
import { outcomeResponse } from "./answer.ts";
import { dryRunResponse } from "./dry-run.ts";
import { readMail } from "./mail-input.ts";
import type { ProblemDetails } from "./problem.ts";
import { readDryRun } from "./query.ts";
import { refuse } from "./refuse.ts";

/** What a request is answered with. */
export interface Surroundings {
  readonly env: Env;
  readonly config: Config;
  readonly connect: Connect;
  readonly memory: RelayMemory;
  /**
   * Lets work end although the client hangs up: that cancels the request, and would cut the mail in
   * the middle.
   */
  readonly outlive: (work: Promise<unknown>) => void;
}

/** The answer to POST /emails, for a caller who may send. */
export async function sendMail(request: Request, around: Surroundings): Promise<Response> {
  const { env, config } = around;
  if (request.headers.has("idempotency-key")) return refuse(request, NO_JOURNAL);
  const dryRun = readDryRun(request);
  if (!dryRun.ok) return refuse(request, dryRun.problem);
  const body = await readMail(request);
  if (!body.ok) return refuse(request, body.problem);
  const mail = body.value;
  const problems = forbidden(mail, config);
  if (problems.length > 0) return refuse(request, notAllowed(problems));

  const id = crypto.randomUUID();
  if (dryRun.value) {
    const octets = config.delivery === "queue" ? queuedMail(id, mail).octets : 0;
    if (octets > MAX_QUEUED_OCTETS) return refuse(request, tooLargeForQueue(octets));
    return dryRunResponse(request, mail, routeOptions(config, env));
  }
  const wantsAsync = prefersAsync(request.headers.get("prefer"));
  if (config.delivery === "queue" || (wantsAsync && env.MAIL_QUEUE !== undefined)) {
    // Told now, while the caller is there: what is in the bucket is looked up, and not read yet.
    const fault = await compositionFault(mail, routeOptions(config, env));
    if (fault !== undefined) {
      const { messageId } = mail;
      return outcomeResponse(request, id, { ...failed(fault), messageId, relay: "" });
    }
    const { body: queued, octets } = queuedMail(id, mail);
    if (octets <= MAX_QUEUED_OCTETS) {
      const isQueued = await enqueue(queued, around);
      if (!isQueued) return refuse(request, QUEUE_FAILED);
      return queuedResponse(id, mail, wantsAsync ? { "preference-applied": "respond-async" } : {});
    }
    // A preference is a hint (RFC 7240 §2): what the queue cannot hold is sent at once instead.
    if (config.delivery === "queue") return refuse(request, tooLargeForQueue(octets));
  }
  return outcomeResponse(request, id, await deliver(id, mail, around));
}

/** Settles when the work is done and its sessions are let go of. */
export async function closedAfter(
  work: Promise<unknown>,
  route: Pick<Way, "close">,
): Promise<void> {
  try {
    await work;
  } finally {
    await route.close();
  }
}

async function deliver(id: string, mail: ParsedMail, around: Surroundings): Promise<Outcome> {
  const { config, connect, memory, outlive } = around;
  const onSession = sessionLog(createLog(config.logLevel));
  const route = wayOf(config, around.env, { connect, memory, onSession });
  const sending = route.deliver(mail).then((outcome) => {
    // Told here, since nobody else hears of it where the client is gone.
    logOutcome(config, id, outcome);
    return outcome;
  });
  outlive(closedAfter(sending, route));
  return sending;
}

async function enqueue(body: QueuedMail, around: Surroundings): Promise<boolean> {
  const { env, config, outlive } = around;
  const log = createLog(config.logLevel);
  try {
    const sending = env.MAIL_QUEUE?.send(body, { contentType: "json" });
    if (sending !== undefined) outlive(sending);
    await sending;
    log("info", "mail.queued", { id: body.id });
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.name : typeof error;
    log("error", "queue.refused", { id: body.id, error: reason });
    return false;
  }
}

function logOutcome(config: Config, id: string, outcome: Outcome): void {
  const failure = outcome.status === "accepted" ? undefined : outcome.failure;
  createLog(config.logLevel)(failure === undefined ? "info" : "warn", `mail.${outcome.status}`, {
    id,
    relay: outcome.relay,
    cause: failure?.cause,
    stage: failure?.stage,
    extension: failure?.extension,
    code: outcome.status === "accepted" ? outcome.reply.code : failure?.reply?.code,
    enhanced: failure?.reply?.enhanced,
  });
}

function queuedResponse(id: string, mail: ParsedMail, applied: Record<string, string>): Response {
  return Response.json(
    { id, messageId: mail.messageId, status: "queued" },
    { status: 202, headers: { ...applied, vary: "Prefer", "cache-control": "no-store" } },
  );
}

/** RFC 7240 §2. Its parameters, other preferences and their order do not matter. */
function prefersAsync(prefer: string | null): boolean {
  const unquoted = (prefer ?? "").replaceAll(/"[^"]*"/g, "");
  return unquoted.split(",").some((one) => /^\s*respond-async\s*(?:;|$)/i.test(one));
}

function notAllowed(errors: readonly Problem[]): ProblemDetails {
  return {
    status: 403,
    name: "validation_error",
    title: "Not allowed here",
    message: errors.map(({ detail }) => detail).join(" "),
    errors,
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

const QUEUE_FAILED: ProblemDetails = {
  status: 503,
  name: "application_error",
  title: "The mail was not sent yet",
  message: "The queue did not take the mail. It was not sent; try again.",
  headers: { "retry-after": "10" },
};

const NO_JOURNAL: ProblemDetails = {
  status: 400,
  name: "invalid_idempotency_key",
  title: "Idempotency is not available",
  message:
    "This deployment cannot honour an `Idempotency-Key`, and will not ignore it. Leave the header out.",
};
