/**
 * What OAUTHBEARER and XOAUTH2 share: a token, fetched when it is needed; a failure that comes as a
 * challenge, is answered with a farewell and only then refused; and one more try with a new token.
 */
import { encodeBase64 } from "./base64.ts";
import type { GiveUp, Mechanism, MechanismFactory, TokenCredentials } from "./mechanism.ts";

export interface BearerSyntax {
  /** What the client says first. */
  readonly message: (username: string, token: string) => string;
  /** What answers the challenge that tells of a failure. */
  readonly farewell: string;
}

export function bearer(name: string, syntax: BearerSyntax): MechanismFactory {
  return {
    name,
    create: (credentials) =>
      "accessToken" in credentials ? new Bearer(name, syntax, credentials, false) : undefined,
  };
}

/** What a relay calls a token that has expired: HTTP's words at Google, RFC 6750 §3.1 elsewhere. */
const STALE: ReadonlySet<unknown> = new Set(["400", "401", 400, 401, "invalid_token"]);
const MAX_REMARK_CHARACTERS = 300;
/** As much of a token in a row as is no longer chance. */
const MIN_ECHO_CHARACTERS = 8;

class Bearer implements Mechanism {
  readonly name: string;
  /** What the failure said; nothing where it said nothing that can be read. */
  remark?: string;
  readonly #syntax: BearerSyntax;
  readonly #credentials: TokenCredentials;
  readonly #isRefresh: boolean;
  #token: string | undefined;
  #stage: "new" | "greeted" | "asked" | "over" = "new";
  /** A refusal without a word may well be one of these: Microsoft sends no challenge. */
  #mayBeStale = true;

  constructor(
    name: string,
    syntax: BearerSyntax,
    credentials: TokenCredentials,
    isRefresh: boolean,
  ) {
    this.name = name;
    this.#syntax = syntax;
    this.#credentials = credentials;
    this.#isRefresh = isRefresh;
  }

  get secrets(): readonly string[] {
    return this.#token === undefined ? [] : [this.#token];
  }

  /** Throws a TypeError where user name or token cannot be sent, an Error where there is no token. */
  async start(): Promise<Uint8Array> {
    if (/[^ -~\u00a0-\uffff]/.test(this.#credentials.username)) {
      throw new TypeError("the user name has a control character");
    }
    const token = checkedToken(await this.#fetchToken());
    this.#token = token;
    this.#stage = "greeted";
    return this.#message(token);
  }

  next(challenge: Uint8Array): Uint8Array | GiveUp {
    const token = this.#token;
    const stage = this.#stage;
    this.#stage = "over";
    if (token === undefined || stage === "new" || stage === "over") {
      this.#mayBeStale = false;
      return { reason: `the relay's ${this.name} challenge comes when none is due` };
    }
    if (challenge.length === 0 && stage === "greeted") {
      // The response did not fit the AUTH command, and the relay asks for it (RFC 4954 §4).
      this.#stage = "asked";
      return this.#message(token);
    }
    const said = parseFailure(challenge);
    this.#mayBeStale = STALE.has(said.status);
    const remark = withoutEchoes(said.text, token);
    if (remark !== "") this.remark = remark;
    return new TextEncoder().encode(this.#syntax.farewell);
  }

  again(): Mechanism | undefined {
    const isFetched = typeof this.#credentials.accessToken === "function";
    const isUsed = this.#token !== undefined;
    if (!isFetched || !isUsed || this.#isRefresh || !this.#mayBeStale) return undefined;
    this.#mayBeStale = false;
    return new Bearer(this.name, this.#syntax, this.#credentials, true);
  }

  #message(token: string): Uint8Array {
    return new TextEncoder().encode(this.#syntax.message(this.#credentials.username, token));
  }

  async #fetchToken(): Promise<unknown> {
    const { accessToken } = this.#credentials;
    if (typeof accessToken === "string") return accessToken;
    try {
      return await accessToken({ refresh: this.#isRefresh });
    } catch {
      // Not a word of what was thrown, nor as `cause`: it may quote a token, or a client's secret.
      throw new Error("the access token could not be fetched: the function for it failed");
    }
  }
}

/** A caller's function can give anything at run time. */
function checkedToken(token: unknown): string {
  if (typeof token !== "string" || token === "") {
    throw new TypeError("the access token is empty, or is not a string");
  }
  // RFC 6750 §2.1 allows less; a space or a control character would end the token, or the message.
  if (!/^[!-~]+$/.test(token)) {
    throw new TypeError("the access token has a character other than visible ASCII");
  }
  return token;
}

/** What RFC 7628 §3.2.2 sends as JSON, and others as they like. */
function parseFailure(challenge: Uint8Array): { readonly status?: unknown; readonly text: string } {
  const text = new TextDecoder().decode(challenge);
  try {
    const json: unknown = JSON.parse(text);
    const status = typeof json === "object" && json !== null && "status" in json && json.status;
    // Written anew, so that `\u0061` hides nothing.
    return { status, text: JSON.stringify(json) };
  } catch {
    return { text };
  }
}

/** The text, short, on one line, and without any longer part of the token, plain or in base64. */
function withoutEchoes(text: string, token: string): string {
  const encoder = new TextEncoder();
  const encoded = ["", " ", "  "].map((shift) => encodeBase64(encoder.encode(shift + token)));
  const forms = [token, ...encoded];
  const size = Math.min(MIN_ECHO_CHARACTERS, token.length);
  const line = text.slice(0, MAX_REMARK_CHARACTERS).replace(unprintable(), " ");
  let kept = "";
  let hiddenTo = 0;
  for (let at = 0; at < line.length; at += 1) {
    const piece = line.slice(at, at + size);
    if (piece.length === size && forms.some((form) => form.includes(piece))) {
      if (at >= hiddenTo) kept += "***";
      hiddenTo = at + size;
    } else if (at >= hiddenTo) kept += line.charAt(at);
  }
  return kept.trim();
}

/** Not a literal: V8 reads the tables of its properties whenever a Worker starts. */
function unprintable(): RegExp {
  return new RegExp(String.raw`[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]`, "gu");
}
