/**
 * Idempotency keys: who comes first with a key may send, and everybody after gets the same answer
 * (draft-ietf-httpapi-idempotency-key-header). An interface; `d1/` has it over D1.
 */

/** A stored answer: status and JSON body. */
export interface KeptAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Who has a claim: no two requests bring the same ids. */
export interface ClaimHolder {
  /** Names the token and the key; at most 512 characters. */
  readonly scope: string;
  /** The ids that its mails are to have, new ones for each request. */
  readonly ids: readonly string[];
}

export interface ClaimRequest extends ClaimHolder {
  /** A digest of what is asked for. */
  readonly fingerprint: string;
  readonly nowMs: number;
  /** The first request may take so long. */
  readonly leaseMs: number;
  /** The key is forgotten after that. */
  readonly expiresAtMs: number;
}

/** What became of a claim. */
export type Claim =
  /** It is this request's; the mails are to have the ids of the request. */
  | { readonly kind: "claimed" }
  /** The same was asked before, and answered so. */
  | { readonly kind: "answered"; readonly answer: KeptAnswer }
  /** The same was asked, and is being worked on. */
  | { readonly kind: "busy" }
  /**
   * The same was asked, and whoever worked on it died. The claim is this request's now, and the mails are
   * to have these ids, in this order; what has become of those that were begun, the journal knows.
   */
  | { readonly kind: "abandoned"; readonly ids: readonly string[] }
  /** Something else was asked under this key. */
  | { readonly kind: "other" };

export interface Claims {
  /**
   * Atomic: of any number of requests at once with the same scope, one gets `claimed`. May be called again
   * where its answer was lost: it knows its own claim by the ids.
   */
  claim(request: ClaimRequest): Promise<Claim>;
  /**
   * Keeps the answer for those that come after. No effect for a request whose claim another has taken
   * over, or that has answered.
   */
  answer(holder: ClaimHolder, answer: KeptAnswer): Promise<void>;
  /**
   * Gives the mails other ids, before any is written down under them: whoever takes the claim over looks
   * for these. No effect as for `answer`.
   */
  renumber(holder: ClaimHolder, ids: readonly string[]): Promise<void>;
  /**
   * The request ends without an answer that can be kept: the next one takes the claim over at once. No
   * effect as for `answer`.
   */
  leave(holder: ClaimHolder): Promise<void>;
  /** The request came to nothing: the key may be used again. No effect as for `answer`. */
  release(holder: ClaimHolder): Promise<void>;
  /** Forgets what has expired, so many that a clock that calls it every hour keeps up; returns how many. */
  forget(nowMs: number): Promise<number>;
}
