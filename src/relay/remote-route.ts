/**
 * The way to the relays by the objects that keep their sessions: tries relays in order by the Route's
 * own rule. A call that breaks without an answer is never made again, for the mail may have been sent.
 */
import type { ParsedMail } from "../mail/mail.ts";
import { wordsOf } from "../net/within.ts";
import { labelOf, type Relay } from "../relay-options.ts";
import { mayGoElsewhere } from "../route.ts";
import { failed, type Failure, type Outcome } from "../smtp/outcome.ts";
import { mailOf, nameOf, shardOf, type DeliveryJob, type RelaySessionsBinding } from "./job.ts";

export interface RemoteRouteOptions {
  /** Tried in order; at least one. */
  readonly relays: readonly [Relay, ...Relay[]];
  readonly shards: number;
  readonly binding: RelaySessionsBinding;
}

export class RemoteRoute {
  readonly #options: RemoteRouteOptions;

  constructor(options: RemoteRouteOptions) {
    this.#options = options;
  }

  /** How the mail ended. Never rejects for a Mail that was parsed. */
  async deliver(mail: ParsedMail): Promise<Outcome> {
    const [first, ...others] = this.#options.relays;
    let outcome = await this.#ask(0, first, mail);
    for (const [index, relay] of others.entries()) {
      // What could not be composed was no relay's fault.
      const isComposed = outcome.status === "accepted" || outcome.failure.stage !== "compose";
      if (!isComposed || !mayGoElsewhere(outcome)) break;
      outcome = await this.#ask(index + 1, relay, mail);
    }
    return outcome;
  }

  /** Nothing to be let go of: the sessions are not ours. */
  async close(): Promise<void> {
    return Promise.resolve();
  }

  async #ask(index: number, relay: Relay, mail: ParsedMail): Promise<Outcome> {
    const { binding, shards } = this.#options;
    const { messageId } = mail;
    const label = labelOf(relay);
    let answer: Promise<Outcome>;
    try {
      const job: DeliveryJob = { relay: index, label, mail: mailOf(mail) };
      answer = binding.getByName(nameOf(label, shardOf(messageId, shards))).deliver(job);
    } catch (error) {
      return { ...failed(notAsked(error)), messageId, relay: label };
    }
    try {
      return await answer;
    } catch (error) {
      return { ...failed(notAnswered(error)), messageId, relay: label };
    }
  }
}

function notAsked(error: unknown): Failure {
  const message = `the object that keeps the relay's sessions could not be called: ${reasonOf(error)}`;
  return { cause: "connection", stage: "connect", message, transcript: [] };
}

/** Whatever the error says of itself, the call may have come to its end and only the answer be lost. */
function notAnswered(error: unknown): Failure {
  const message = `the object that keeps the relay's sessions gave no answer, so the mail may have been sent: ${reasonOf(error)}`;
  return { cause: "connection", stage: "content", contentSent: true, message, transcript: [] };
}

function reasonOf(error: unknown): string {
  return wordsOf(error) ?? "no reason is known";
}
