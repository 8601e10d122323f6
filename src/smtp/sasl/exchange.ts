/**
 * One AUTH command from its first line to its verdict (RFC 4954 §4): base64, challenges, giving up. It
 * says what the mechanism is asked and takes the answer later, since a mechanism may need time.
 */
import { auth, authResponse, fitsInitialResponse, type Command } from "../command.ts";
import type { Reply } from "../reply.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import type { GiveUp, Mechanism } from "./mechanism.ts";

/** What the mechanism has to answer: nothing for its initial response, or a challenge. */
export interface Question {
  readonly mechanism: Mechanism;
  readonly challenge?: Uint8Array;
}

export type AuthStep =
  | { readonly type: "write"; readonly command: Command }
  | { readonly type: "ask"; readonly question: Question }
  | { readonly type: "done" }
  /** The relay said no. */
  | { readonly type: "refused"; readonly reply: Reply }
  /** No reply to AUTH at all. */
  | { readonly type: "unexpected" }
  /** We gave up: the reason is ours to tell. */
  | { readonly type: "gave-up"; readonly reason: string; readonly mayPass?: boolean };

/** RFC 4954 §4 sets no number; no mechanism needs more. */
const MAX_CHALLENGES = 8;

export class AuthExchange {
  readonly mechanism: Mechanism;
  #challenges = 0;
  #started = false;
  #isWhole = false;
  #reason: string | undefined;

  constructor(mechanism: Mechanism) {
    this.mechanism = mechanism;
  }

  /** The relay asked for more than the AUTH command: it has this mechanism, whatever it says now. */
  get isChallenged(): boolean {
    return this.#challenges > 0;
  }

  /** All that the mechanism has to say went out with AUTH: only the verdict is missing. */
  get isSaid(): boolean {
    return this.#isWhole && this.mechanism.isOneWay === true;
  }

  /** The mechanism's answer: to the start, or to the challenge it was asked. */
  answer(answer: Uint8Array | GiveUp | undefined): AuthStep {
    const isStart = !this.#started;
    this.#started = true;
    if (answer instanceof Uint8Array) {
      const command = isStart ? this.#first(answer) : authResponse(encodeBase64(answer));
      return { type: "write", command };
    }
    if (answer === undefined) {
      const none = `${this.mechanism.name} has no answer`;
      return { type: "write", command: isStart ? this.#first(answer) : this.#giveUp(none) };
    }
    const { reason, mayPass = false } = answer;
    // Nothing is written yet that would have to be taken back.
    if (isStart) return { type: "gave-up", reason, mayPass };
    return { type: "write", command: this.#giveUp(reason) };
  }

  /** What follows from a reply. */
  take(reply: Reply): AuthStep {
    if (this.#reason !== undefined) {
      // After `*` the only proper reply is 501 or another no; a 235 counts for nothing.
      return reply.code >= 400 ? { type: "gave-up", reason: this.#reason } : { type: "unexpected" };
    }
    if (reply.code === 334) return this.#challenge(reply);
    if (reply.code >= 400) return { type: "refused", reply };
    if (reply.code !== 235) return { type: "unexpected" };
    if (this.mechanism.isProven !== false) return { type: "done" };
    return { type: "gave-up", reason: "the relay let us in without proving that it knows us" };
  }

  #challenge(reply: Reply): AuthStep {
    this.#challenges += 1;
    // RFC 4954 §4: what is not strict base64 is answered with `*`.
    const challenge = decodeBase64(reply.lines[0]?.trim() ?? "");
    if (challenge === undefined || this.#challenges > MAX_CHALLENGES) {
      const reason =
        challenge === undefined ? "its challenge is not base64" : "it never comes to an end";
      return { type: "write", command: this.#giveUp(`${this.mechanism.name}: ${reason}`) };
    }
    return { type: "ask", question: { mechanism: this.mechanism, challenge } };
  }

  #first(response: Uint8Array | undefined): Command {
    const { name } = this.mechanism;
    if (response === undefined) return auth(name);
    // RFC 4954 §4: an empty initial response is `=`; one that does not fit waits for a challenge.
    const base64 = encodeBase64(response) || "=";
    this.#isWhole = fitsInitialResponse(name, base64);
    return this.#isWhole ? auth(name, base64) : auth(name);
  }

  #giveUp(reason: string): Command {
    this.#reason = reason;
    return authResponse("*");
  }
}
