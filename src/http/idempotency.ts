/**
 * `Idempotency-Key` over HTTP (draft-ietf-httpapi-idempotency-key-header, with the statuses and names of the
 * Resend API): the header, and the answers. Who is carried out and who is not is decided in `idempotency/`.
 */
import type { Fate } from "../idempotency/fate.ts";
import { isKey, MAX_KEY_CHARACTERS } from "../idempotency/key.ts";
import { once as onceOf, type Asked, type Mails } from "../idempotency/once.ts";
import type { KeptAnswer } from "../store/claims.ts";
import type { Body } from "./body.ts";
import { hindranceDetails } from "./hindrance.ts";
import type { ProblemDetails } from "./problem.ts";
import { refuse } from "./refuse.ts";
import type { Surroundings } from "./surroundings.ts";

/** What a request came to, and what that makes of its key. */
export interface Answered {
  readonly response: Response;
  readonly fate: Fate;
}

/** The key of the request; undefined where it has none. */
export function readKey(request: Request, hasJournal: boolean): Body<string | undefined> {
  const given = request.headers.get("idempotency-key");
  if (given === null) return { ok: true, value: undefined };
  if (!hasJournal) return { ok: false, problem: NO_JOURNAL };
  // A String of RFC 8941 §3.3.3, as the draft has it, or bare, as all SDKs send it.
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(given.trim())?.[1];
  const key = quoted === undefined ? given.trim() : quoted.replaceAll(/\\(["\\])/g, "$1");
  return isKey(key) ? { ok: true, value: key } : { ok: false, problem: BAD_KEY };
}

/** The answer of `work`, or that of the request that had the key before. */
export async function once(
  request: Request,
  { key, asked }: { readonly key: string | undefined; readonly asked: Asked },
  { store, caller, ...office }: Surroundings,
  work: (mails: Mails) => Promise<Answered>,
): Promise<Response> {
  if (key === undefined || store === undefined) {
    return (await work({ ids: asked.ids, known: new Map() })).response;
  }
  const result = await onceOf<Response>(
    { scope: `${caller.name} ${key}`, asked },
    { ...office, store },
    {
      carryOut: async (mails) => {
        const { response, fate } = await work(mails);
        return { answer: response, fate };
      },
      keep: async (response) => ({ status: response.status, body: await response.clone().json() }),
    },
  );
  switch (result.kind) {
    case "done":
      return result.answer;
    case "replayed":
      return replayed(result.kept);
    case "busy":
      return refuse(request, BUSY);
    case "other":
      return refuse(request, OTHER);
    case "broken": {
      const { error } = result;
      const hindrance = { kind: "broken", binding: "JOURNAL", error, isUncertain: false } as const;
      return refuse(request, hindranceDetails(hindrance));
    }
  }
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
