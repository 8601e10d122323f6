/**
 * `Idempotency-Key`: of all requests with the same key one is carried out, and the others get its answer
 * (draft-ietf-httpapi-idempotency-key-header, with the statuses and names of the Resend API). The journal
 * keeps keys for a day.
 */
import { nameOf } from "../dispatch/order.ts";
import type { Claim, ClaimHolder, KeptAnswer } from "../store/claims.ts";
import type { JournalMail } from "../store/journal.ts";
import type { Store } from "../store/store.ts";
import type { Body } from "./body.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { hindranceDetails } from "./hindrance.ts";
import { keptBody } from "./kept-body.ts";
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
  /** New ids for as many mails as are asked for. */
  readonly ids: readonly string[];
}

/** The mails that are asked for, by the ids that they are to have. */
export interface Mails {
  readonly ids: readonly string[];
  /** Those that a request before this one had begun, and what became of them. */
  readonly known: ReadonlyMap<string, JournalMail>;
}

/** What a request came to. */
export interface Answered {
  readonly response: Response;
  /** Whether anything came of it cannot be told now: the journal will know when it is asked again. */
  readonly isOpen?: true;
  /** Nothing was sent and nothing will be, whatever the status: the key may be used again. */
  readonly isVoid?: true;
}

type Work = (mails: Mails) => Promise<Answered>;

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
  work: Work,
): Promise<Response> {
  const { store, caller } = around;
  if (key === undefined || store === undefined) {
    return (await work({ ids: asked.ids, known: new Map() })).response;
  }
  const holder = { scope: `${caller.name} ${key}`, ids: asked.ids };
  const fingerprint = await fingerprintOf(asked.of);
  let claim: Claim;
  try {
    claim = await claimOf(holder, fingerprint, around, store);
  } catch (error) {
    const hindrance = { kind: "broken", binding: "JOURNAL", error, isUncertain: false } as const;
    return refuse(request, hindranceDetails(hindrance));
  }
  switch (claim.kind) {
    case "answered":
      return replayed(claim.answer);
    case "busy":
      return refuse(request, BUSY);
    case "other":
      return refuse(request, OTHER);
    case "claimed":
      return kept(holder, { around, store }, async () =>
        work({ ids: asked.ids, known: new Map() }),
      );
    case "abandoned": {
      const { ids } = claim;
      return kept(holder, { around, store }, async () => {
        const mails = await resumed(holder, ids, store);
        if (mails !== undefined) return work(mails);
        // An attempt is under way, or has yet to be found dead.
        return { response: await refuse(request, BUSY), isOpen: true };
      });
    }
  }
}

async function claimOf(
  holder: ClaimHolder,
  fingerprint: string,
  { config }: Surroundings,
  { claims }: Store,
): Promise<Claim> {
  const nowMs = Date.now();
  const leaseMs = config.service.attemptMs + LEASE_MARGIN_MS;
  const request = { ...holder, fingerprint, nowMs, leaseMs, expiresAtMs: nowMs + KEPT_MS };
  const claim = async (): Promise<Claim> => claims.claim(request);
  return claim().catch(claim).catch(claim);
}

/** The mails of a request that died; undefined where one of them is being tried at this moment. */
async function resumed(
  holder: ClaimHolder,
  ids: readonly string[],
  { journal, claims }: Store,
): Promise<Mails | undefined> {
  const found = await journal.mails(ids);
  if (found.some(({ status }) => status === "sending")) return undefined;
  const known = new Map(found.map((mail) => [mail.id, mail]));
  // What came to nothing does not use up a key: it is carried out anew, as another mail.
  const failed = found.filter(({ status }) => NOTHING_SENT.has(status));
  for (const { id } of failed) known.delete(id);
  if (failed.length === 0) return { ids, known };
  const isFailed = new Set(failed.map(({ id }) => id));
  const renewed = ids.map((id) => (isFailed.has(id) ? crypto.randomUUID() : id));
  await claims.renumber(holder, renewed);
  return { ids: renewed, known };
}

const NOTHING_SENT: ReadonlySet<JournalMail["status"]> = new Set([
  "failed",
  "refused",
  "suppressed",
]);

interface Keeping {
  readonly around: Surroundings;
  readonly store: Store;
}

/** Carries it out; a request whose client is gone still keeps its answer. */
async function kept(
  holder: ClaimHolder,
  keeping: Keeping,
  work: () => Promise<Answered>,
): Promise<Response> {
  const working = keep(holder, keeping, work);
  keeping.around.outlive(working);
  return working;
}

async function keep(
  holder: ClaimHolder,
  { around, store: { claims } }: Keeping,
  work: () => Promise<Answered>,
): Promise<Response> {
  let answered: Answered | undefined;
  try {
    answered = await work();
    return answered.response;
  } finally {
    try {
      // What was not sent may be asked for again; what may have been sent, may not.
      if (answered === undefined || answered.isOpen === true) await claims.leave(holder);
      else if (isKept(answered)) {
        const { status } = answered.response;
        const body = keptBody(await answered.response.clone().json(), around.config);
        const answer = async (): Promise<void> => claims.answer(holder, { status, body });
        await answer().catch(answer).catch(answer);
      } else await claims.release(holder);
    } catch (error) {
      around.log("error", "claims.fault", { error: nameOf(error) });
    }
  }
}

function isKept({ response: { ok, status }, isVoid }: Answered): boolean {
  return (ok && isVoid !== true) || status === MAY_BE_SENT;
}

/** The status of an unknown outcome. */
const MAY_BE_SENT = 504;

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
