/** One AUTH command from its first line to its verdict (RFC 4954 §4): base64, challenges, giving up. */
import { auth, authResponse, fitsInitialResponse, type Command } from "../command.ts";
import type { Reply } from "../reply.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import type { Mechanism } from "./mechanism.ts";

export type AuthStep =
  | { readonly type: "answer"; readonly command: Command }
  | { readonly type: "done" }
  /** The relay said no, or something that is no reply to AUTH at all. */
  | { readonly type: "refused" | "unexpected" }
  | { readonly type: "nonsense"; readonly detail: string };

/** RFC 4954 §4 sets no number; no mechanism needs more. */
const MAX_CHALLENGES = 8;

export class AuthExchange {
  readonly #mechanism: Mechanism;
  #challenges = 0;
  #cancelled = false;

  constructor(mechanism: Mechanism) {
    this.#mechanism = mechanism;
  }

  /** The AUTH command, with an initial response where the mechanism has one and it fits. */
  start(): Command {
    const { name } = this.#mechanism;
    const octets = this.#mechanism.start();
    if (octets === undefined) return auth(name);
    // RFC 4954 §4: an empty initial response is written as `=`.
    const response = encodeBase64(octets) || "=";
    return fitsInitialResponse(name, response) ? auth(name, response) : auth(name);
  }

  /** What follows from a reply. */
  take(reply: Reply): AuthStep {
    if (this.#cancelled) {
      const detail = `the relay's ${this.#mechanism.name} challenge makes no sense`;
      return reply.code >= 400 ? { type: "nonsense", detail } : { type: "unexpected" };
    }
    if (reply.code === 235) return { type: "done" };
    if (reply.code === 334) return { type: "answer", command: this.#answer(reply) };
    return { type: reply.code >= 400 ? "refused" : "unexpected" };
  }

  #answer(reply: Reply): Command {
    // RFC 4954 §4: what is not strict base64 is answered with `*`.
    const challenge = decodeBase64(reply.lines[0]?.trim() ?? "");
    this.#challenges += 1;
    const answer =
      challenge === undefined || this.#challenges > MAX_CHALLENGES
        ? undefined
        : this.#mechanism.next(challenge);
    this.#cancelled = answer === undefined;
    return authResponse(answer === undefined ? "*" : encodeBase64(answer));
  }
}
