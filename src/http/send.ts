/** POST /emails: body to posting, then to a relay or to where it waits, and what became of it as the answer. */
import { dispatch } from "../dispatch/dispatch.ts";
import { hindranceOf } from "../dispatch/later.ts";
import type { Dispatched, Order } from "../dispatch/order.ts";
import { waitingOf } from "../enqueue.ts";
import { guarded, type Guarded } from "../guard.ts";
import { fateOf } from "../idempotency/fate.ts";
import { forbidden } from "../policy.ts";
import { routeOptions } from "../route-options.ts";
import type { Problem } from "../smtp/outcome.ts";
import { stagedMail } from "../staging.ts";
import { outcomeResponse } from "./answer.ts";
import { dryRunResponse } from "./dry-run.ts";
import { hindranceDetails, tooLarge } from "./hindrance.ts";
import { once, readKey, type Answered } from "./idempotency.ts";
import { knownResponse } from "./known-mail.ts";
import { readPosting } from "./posting-input.ts";
import { problemResponse, type ProblemDetails } from "./problem.ts";
import { readDryRun } from "./query.ts";
import { refuse } from "./refuse.ts";
import type { Surroundings } from "./surroundings.ts";

/** The answer to POST /emails, for a caller who may send. */
export async function sendMail(request: Request, around: Surroundings): Promise<Response> {
  const { config, caller, store } = around;
  const key = readKey(request, store !== undefined);
  if (!key.ok) return refuse(request, key.problem);
  const dryRun = readDryRun(request);
  if (!dryRun.ok) return refuse(request, dryRun.problem);
  const body = await readPosting(request);
  if (!body.ok) return refuse(request, body.problem);
  const { posting, input } = body.value;
  const problems = forbidden(posting.mail, config, caller.senders);
  if (problems.length > 0) return refuse(request, notAllowed(problems));
  const newId = crypto.randomUUID();
  if (dryRun.value) return shown(request, { id: newId, posting }, around);
  const asked = { of: ["POST", "/emails", input], ids: [newId] };
  return once(request, { key: key.value, asked }, around, async ({ ids: [id = newId], known }) => {
    const mail = known.get(id);
    if (mail !== undefined) return { response: knownResponse(request, mail), fate: "settled" };
    return send(request, { id, posting }, around);
  });
}

async function send(request: Request, order: Order, around: Surroundings): Promise<Answered> {
  const { env, config, caller } = around;
  const wantsAsync = prefersAsync(request.headers.get("prefer"));
  const mustWait = config.delivery === "queue";
  const mayWait = wantsAsync && env.MAIL_QUEUE !== undefined;
  const options = { defer: mustWait || mayWait, retryLater: false, token: caller.name };
  let [result] = await dispatch([order], options, around);
  const isTooLarge = result?.kind === "hindered" && result.hindrance.kind === "too-large";
  if (isTooLarge && !mustWait && order.posting.scheduledAt === undefined) {
    // A preference is a hint (RFC 7240 §2): what the queue cannot hold is sent at once instead.
    [result] = await dispatch([order], { ...options, defer: false }, around);
  }
  if (result === undefined) throw new TypeError("no result");
  const response = answer(request, order, result, wantsAsync);
  return { response, fate: fateOf([result]) };
}

function answer(
  request: Request,
  { id, posting }: Order,
  result: Dispatched,
  wantsAsync: boolean,
): Response {
  switch (result.kind) {
    case "tried":
      return outcomeResponse(request, id, result.outcome, result.suppressed);
    case "waiting": {
      const { scheduledAt, mail } = posting;
      const { status, suppressed = [] } = result;
      return Response.json(
        {
          id,
          messageId: mail.messageId,
          status,
          ...(scheduledAt === undefined ? {} : { scheduledAt: scheduledAt.toISOString() }),
          ...(suppressed.length === 0 ? {} : { suppressed }),
        },
        {
          status: 202,
          headers: {
            location: `/emails/${id}`,
            vary: "Prefer",
            "cache-control": "no-store",
            ...(wantsAsync ? { "preference-applied": "respond-async" } : {}),
          },
        },
      );
    }
    case "suppressed":
      return problemResponse(request, suppressedDetails(id, result.recipients));
    case "hindered":
      return problemResponse(request, hindranceDetails(result.hindrance));
  }
}

/** The mail as it would go, or why it would not: nothing is sent, and nothing kept. */
async function shown(
  request: Request,
  { id, posting }: Order,
  { env, config, store }: Surroundings,
): Promise<Response> {
  const waits = config.delivery === "queue" || posting.scheduledAt !== undefined;
  if (waits) {
    const hindrance = hindranceOf(posting, { env, store, nowMs: Date.now() });
    if (hindrance !== undefined) return refuse(request, hindranceDetails(hindrance));
    const { SPOOL, ...others } = env;
    const waiting = SPOOL === undefined ? await waitingOf(id, posting, others) : undefined;
    if (waiting?.ok === false) return refuse(request, tooLarge(waiting));
  }
  let guard: Guarded | undefined;
  try {
    [guard] = await guarded([posting], store);
  } catch (error) {
    const hindrance = { kind: "broken", binding: "JOURNAL", error, isUncertain: false } as const;
    return refuse(request, hindranceDetails(hindrance));
  }
  const { posting: addressed, suppressed } = guard ?? { posting, suppressed: [] };
  const isForNobody = posting.mail.envelope.to.every((to) => suppressed.includes(to));
  if (isForNobody) return refuse(request, suppressedDetails(id, suppressed));
  return dryRunResponse(request, stagedMail(addressed.mail, config), routeOptions(config, env));
}

/** RFC 7240 §2. Its parameters, other preferences and their order do not matter. */
function prefersAsync(prefer: string | null): boolean {
  const unquoted = (prefer ?? "").replaceAll(/"[^"]*"/g, "");
  return unquoted.split(",").some((one) => /^\s*respond-async\s*(?:;|$)/i.test(one));
}

/** What to answer where the mail is from, or for, somebody that is not allowed. */
export function notAllowed(errors: readonly Problem[]): ProblemDetails {
  return {
    status: 403,
    name: "validation_error",
    title: "Not allowed here",
    message: errors.map(({ detail }) => detail).join(" "),
    errors,
  };
}

/** What to answer where nobody is left to write to. */
export function suppressedDetails(id: string, recipients: readonly string[]): ProblemDetails {
  return {
    status: 422,
    name: "validation_error",
    title: "All recipients are suppressed",
    message: `Nobody is left to write to: ${recipients.join(", ")} on the suppression list (\`GET /suppressions\`). Nothing was sent.`,
    id,
    more: { suppressed: recipients, retryable: false },
  };
}
