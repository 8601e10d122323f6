/**
 * Of all requests with the same key one is carried out, and the others get its answer, whichever way they
 * come in. The journal keeps keys for a day. What an answer looks like is not decided here.
 */
import type { Config } from "../config.ts";
import { nameOf, type Office } from "../dispatch/order.ts";
import type { Claim, ClaimHolder, KeptAnswer } from "../store/claims.ts";
import type { JournalMail } from "../store/journal.ts";
import type { Store } from "../store/store.ts";
import type { Fate } from "./fate.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { keptBody } from "./kept-body.ts";

const KEPT_MS = 86_400_000;
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

/** What a request came to, and what that makes of its key. */
export interface Done<T> {
  readonly answer: T;
  readonly fate: Fate;
}

/** How a request with a key is to be answered. */
export type Once<T> =
  | { readonly kind: "done"; readonly answer: T }
  /** As the request was that had the key before. */
  | { readonly kind: "replayed"; readonly kept: KeptAnswer }
  /** That one is being carried out. */
  | { readonly kind: "busy" }
  /** That one asked for something else. */
  | { readonly kind: "other" }
  /** Whether there was one cannot be told. Nothing was done. */
  | { readonly kind: "broken"; readonly error: unknown };

export interface Keyed {
  /** Names who asks, and the key; at most 512 characters. */
  readonly scope: string;
  readonly asked: Asked;
}

type Keeper = Pick<Office, "log" | "outlive"> & { readonly config: Config; readonly store: Store };

/** Work under a key, and its answer as it is kept. */
export interface Work<T> {
  readonly carryOut: (mails: Mails) => Promise<Done<T>>;
  readonly keep: (answer: T) => Promise<KeptAnswer>;
}

/** What the work came to, or the request that had the key before. Rejects where the work does. */
export async function once<T>(
  { scope, asked }: Keyed,
  keeper: Keeper,
  { carryOut, keep }: Work<T>,
): Promise<Once<T>> {
  const holder = { scope, ids: asked.ids };
  const fingerprint = await fingerprintOf(asked.of);
  let claim: Claim;
  try {
    claim = await claimOf(holder, fingerprint, keeper);
  } catch (error) {
    return { kind: "broken", error };
  }
  switch (claim.kind) {
    case "answered":
      return { kind: "replayed", kept: claim.answer };
    case "busy":
    case "other":
      return claim;
    case "claimed":
    case "abandoned": {
      const ids = claim.kind === "abandoned" ? claim.ids : undefined;
      const working = settle(holder, keeper, {
        keep,
        carryOut: async () => {
          if (ids === undefined) return carryOut({ ids: asked.ids, known: new Map() });
          const mails = await resumed(holder, ids, keeper.store);
          return mails === undefined ? undefined : carryOut(mails);
        },
      });
      // A request whose client is gone still keeps its answer.
      keeper.outlive(working);
      return working;
    }
  }
}

async function claimOf(
  holder: ClaimHolder,
  fingerprint: string,
  { config, store: { claims } }: Keeper,
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

/** Carries it out, and settles the claim; undefined where an attempt is under way, or has yet to be found dead. */
async function settle<T>(
  holder: ClaimHolder,
  { store: { claims }, config, log }: Keeper,
  {
    carryOut,
    keep,
  }: Pick<Work<T>, "keep"> & { readonly carryOut: () => Promise<Done<T> | undefined> },
): Promise<Once<T>> {
  let done: Done<T> | undefined;
  try {
    done = await carryOut();
    return done === undefined ? { kind: "busy" } : { kind: "done", answer: done.answer };
  } finally {
    try {
      // What was not sent may be asked for again; what may have been sent, may not.
      if (done === undefined || done.fate === "open") await claims.leave(holder);
      else if (done.fate === "void") await claims.release(holder);
      else {
        const { status, body } = await keep(done.answer);
        const kept = { status, body: keptBody(body, config) };
        const answer = async (): Promise<void> => claims.answer(holder, kept);
        await answer().catch(answer).catch(answer);
      }
    } catch (error) {
      log("error", "claims.fault", { error: nameOf(error) });
    }
  }
}
