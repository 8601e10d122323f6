/**
 * `Idempotency-Key`: of all requests with the same key one is carried out, and the others get its answer
 * (draft-ietf-httpapi-idempotency-key-header, with the statuses and names of the Resend API). The journal
 * keeps keys for a day.
 */
import { nameOf } from "../dispatch/order.ts";
import type { ClaimHolder, KeptAnswer } from "../store/claims.ts";
import type { JournalMail } from "../store/journal.ts";
import type { Store } from "../store/store.ts";
import { abandonedAnswer } from "./abandoned.ts";
import type { Body } from "./body.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { hindranceDetails } from "./hindrance.ts";
import type { ProblemDetails } from "./problem.ts";
import { refuse } from "./refuse.ts";
import type { Surroundings } from "./surroundings.ts";

const KEPT_MS = 86_400_000;
const MAX_KEY_CHARACTERS = 256;
/** What a request does besides its attempt. */
const LEASE_MARGIN_MS = 20_000;

/** What is asked for under a key. */
export interface Asked {
  /** Whatever makes it another request: path, options, body. */
  readonly of: unknown;
  /** Ids for as many mails as are asked for. */
  readonly ids: readonly string[];
}

/** The key of the request; undefined where it has none. */
export function readKey(request: Request, hasJournal: boolean): Body<string | undefined> {
  const given = request.headers.get("idempotency-key");
  if (given === null) return { ok: true, value: undefined };
  if (!hasJournal) return { ok: false, problem: NO_JOURNAL };
  // A String of RFC 8941 §3.3.3, as the draft has it, or bare, as all SDKs send it.
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(given.trim())?.[1];
  const key = quoted === undefined ? given.trim() : quoted.replaceAll(/\\(["\\])/g, "$1");
  const isFit = key.length > 0 && key.length <= MAX_KEY_CHARACTERS;
  return isFit ? { ok: true, value: key } : { ok: false, problem: BAD_KEY };
}

/** The answer of `work`, or that of the request that had the key before. */
export async function once(
  request: Request,
  { key, asked }: { readonly key: string | undefined; readonly asked: Asked },
  around: Surroundings,
  work: () => Promise<Response>,
): Promise<Response> {
  const { store, caller, config } = around;
  if (key === undefined || store === undefined) return work();
  const holder = { scope: `${caller.name} ${key}`, ids: asked.ids };
  const nowMs = Date.now();
  let claim: Awaited<ReturnType<Store["claims"]["claim"]>>;
  try {
    claim = await store.claims.claim({
      ...holder,
      fingerprint: await fingerprintOf(asked.of),
      nowMs,
      leaseMs: config.service.attemptMs + LEASE_MARGIN_MS,
      expiresAtMs: nowMs + KEPT_MS,
    });
  } catch (error) {
    const hindrance = { kind: "broken", binding: "JOURNAL", error } as const;
    return refuse(request, hindranceDetails(hindrance));
  }
  switch (claim.kind) {
    case "claimed":
      return kept(holder, around, work);
    case "answered":
      return replayed(claim.answer);
    case "busy":
      return refuse(request, BUSY);
    case "other":
      return refuse(request, OTHER);
    case "abandoned": {
      const mails = await mailsOf(claim.ids, store);
      const answer = await abandonedAnswer(request, mails, around);
      // Nothing had come of it: it is carried out now.
      return kept(holder, around, answer === undefined ? work : async () => answer);
    }
  }
}

/** Carries it out; a request whose client is gone still keeps its answer. */
async function kept(
  holder: ClaimHolder,
  around: Surroundings,
  work: () => Promise<Response>,
): Promise<Response> {
  const working = keep(holder, around, work);
  around.outlive(working);
  return working;
}

async function keep(
  holder: ClaimHolder,
  { store, log }: Surroundings,
  work: () => Promise<Response>,
): Promise<Response> {
  let response: Response | undefined;
  try {
    response = await work();
    return response;
  } finally {
    try {
      // What was not sent may be asked for again; what may have been sent, may not.
      const isKept = response !== undefined && (response.ok || response.status === MAY_BE_SENT);
      if (response === undefined || !isKept) await store?.claims.release(holder);
      else {
        const body: unknown = await response.clone().json();
        await store?.claims.answer(holder, { status: response.status, body });
      }
    } catch (error) {
      log("error", "claims.fault", { error: nameOf(error) });
    }
  }
}

/** The status of an unknown outcome. */
const MAY_BE_SENT = 504;

async function mailsOf(ids: readonly string[], store: Store): Promise<readonly JournalMail[]> {
  const mails = await Promise.all(ids.map(async (id) => store.journal.mail(id)));
  return mails.filter((mail) => mail !== undefined);
}

function replayed({ status, body }: KeptAnswer): Response {
  return Response.json(body, {
    status,
    headers: { "cache-control": "no-store", vary: "Accept", "idempotency-replayed": "true" },
  });
}

const NO_JOURNAL: ProblemDetails = {
  status: 400,
  name: "invalid_idempotency_key",
  title: "Idempotency is not available",
  message:
    "This deployment cannot honour an `Idempotency-Key`, and will not ignore it: that needs the D1 binding JOURNAL in wrangler.toml. Leave the header out, or bind it.",
};

const BAD_KEY: ProblemDetails = {
  status: 400,
  name: "invalid_idempotency_key",
  title: "The idempotency key is not valid",
  message: `An \`Idempotency-Key\` has 1 to ${MAX_KEY_CHARACTERS} characters.`,
};

const BUSY: ProblemDetails = {
  status: 409,
  name: "concurrent_idempotent_requests",
  title: "The same request is under way",
  message: "A request with this `Idempotency-Key` is being carried out. Ask again for its answer.",
  headers: { "retry-after": "5" },
};

const OTHER: ProblemDetails = {
  status: 409,
  name: "invalid_idempotent_request",
  title: "The idempotency key was used for another request",
  message:
    "This `Idempotency-Key` was used with another body within the last 24 hours. Use a new key.",
};
