/**
 * From the greeting to the point where mail can be sent: EHLO, STARTTLS, EHLO again, AUTH. What a relay
 * said before TLS is never kept: capabilities leave this file only with the last move, and those of the
 * clear-text EHLO are only asked for STARTTLS (RFC 3207 §4.2).
 */
import { NO_CAPABILITIES, parseCapabilities, type Capabilities } from "./capabilities.ts";
import { ehlo, helo, STARTTLS, type Command } from "./command.ts";
import type { DialogueOptions } from "./effect.ts";
import type { FailureCause } from "./outcome.ts";
import { describeReply, type Reply } from "./reply.ts";
import { AuthExchange, type AuthStep, type Question } from "./sasl/exchange.ts";
import type { GiveUp, Mechanism } from "./sasl/mechanism.ts";
import { chooseMechanisms } from "./sasl/mechanisms.ts";
import type { Stage } from "./timeouts.ts";

/** What comes next. */
export type Move =
  | { readonly type: "await" }
  | { readonly type: "write"; readonly command: Command }
  | { readonly type: "swap" }
  | { readonly type: "ask"; readonly question: Question }
  | { readonly type: "ready"; readonly capabilities: Capabilities }
  /** Mail may follow in the same group: the verdict comes with its replies (RFC 4954 §4). */
  | { readonly type: "ahead"; readonly command: Command; readonly capabilities: Capabilities }
  /** An orderly end: QUIT may follow. */
  | {
      readonly type: "refuse";
      readonly cause: FailureCause;
      readonly message: string;
      readonly reply?: Reply;
      /** Where it is not the stage of the opening. */
      readonly stage?: Stage;
    }
  /** The stream cannot be trusted: nothing may follow. */
  | { readonly type: "break-off"; readonly cause: FailureCause; readonly message: string };

type State =
  | { readonly stage: "connect" | "greeting" | "ehlo" | "starttls" }
  | { readonly stage: "tls"; readonly next: "greeting" | "ehlo" }
  | {
      readonly stage: "auth";
      readonly capabilities: Capabilities;
      readonly exchange: AuthExchange;
      /** The mechanisms still to try, where the relay does not take this one after all. */
      readonly others: readonly Mechanism[];
      /** A mechanism has its question; no reply is owed meanwhile. */
      readonly isAsking: boolean;
    };

export class Opening {
  readonly #options: DialogueOptions;
  #state: State = { stage: "connect" };
  #secured = false;
  #isHelo = false;

  constructor(options: DialogueOptions) {
    this.#options = options;
  }

  get stage(): Stage {
    return this.#state.stage;
  }

  /** The mechanism under way. */
  get mechanism(): Mechanism | undefined {
    return this.#state.stage === "auth" ? this.#state.exchange.mechanism : undefined;
  }

  /** A reply is owed. */
  get isAwaiting(): boolean {
    const state = this.#state;
    if (state.stage === "auth") return !state.isAsking;
    return state.stage !== "connect" && state.stage !== "tls";
  }

  /** The connection stands. */
  start(): Move {
    return this.#options.security === "tls" ? this.#swap("greeting") : this.#awaitGreeting();
  }

  /** TLS is up, the certificate checked. */
  secured(): Move {
    const isBeforeGreeting = this.#state.stage === "tls" && this.#state.next === "greeting";
    this.#secured = true;
    return isBeforeGreeting ? this.#awaitGreeting() : this.#hello();
  }

  /** What follows from a reply, behind which `leftOctets` more came in the same breath. */
  take(reply: Reply, leftOctets: number): Move {
    const state = this.#state;
    switch (state.stage) {
      case "greeting":
        return reply.code === 220
          ? this.#hello()
          : unwelcome(reply, "the relay refused the connection");
      case "ehlo":
        return this.#takeHello(reply);
      case "starttls":
        return this.#takeStartTls(reply, leftOctets);
      case "auth":
        return this.#takeAuth(state, reply);
      case "connect":
      case "tls":
        return breakOff("protocol", `a reply that nothing asked for: ${describeReply(reply)}`);
    }
  }

  #awaitGreeting(): Move {
    this.#state = { stage: "greeting" };
    return { type: "await" };
  }

  #hello(): Move {
    this.#state = { stage: "ehlo" };
    const { ehloName } = this.#options;
    return { type: "write", command: this.#isHelo ? helo(ehloName) : ehlo(ehloName) };
  }

  #takeHello(reply: Reply): Move {
    const { security, disableExtensions, credentials } = this.#options;
    const mustSecure = security === "starttls" && !this.#secured;
    const canDoWithHelo = !mustSecure && credentials === undefined && !this.#isHelo;
    if (reply.code >= 500 && canDoWithHelo) {
      // RFC 5321 §3.2: HELO for a relay that knows no EHLO; never where TLS or AUTH are needed.
      this.#isHelo = true;
      return this.#hello();
    }
    if (reply.code !== 250) {
      return unwelcome(reply, `the relay refused ${this.#isHelo ? "HELO" : "EHLO"}`);
    }
    const capabilities = this.#isHelo
      ? NO_CAPABILITIES
      : parseCapabilities(reply, disableExtensions);
    if (!mustSecure) return this.#authenticate(capabilities);
    this.#state = { stage: "starttls" };
    if (capabilities.keywords.has("STARTTLS")) return { type: "write", command: STARTTLS };
    const message = "the relay does not offer STARTTLS, and nothing is sent without TLS";
    return { type: "refuse", cause: "tls", message };
  }

  #takeStartTls(reply: Reply, leftOctets: number): Move {
    if (reply.code !== 220) return refuse("tls", "the relay refused STARTTLS", reply);
    // RFC 3207 §4.2: octets after the 220 were put there before TLS, by whoever sits on the wire.
    if (leftOctets > 0) {
      return breakOff("tls", "plain text follows the reply to STARTTLS: someone injects replies");
    }
    return this.#swap("ehlo");
  }

  #swap(next: "greeting" | "ehlo"): Move {
    this.#state = { stage: "tls", next };
    return { type: "swap" };
  }

  /** The mechanism's answer to the question that was put to it. */
  answer(answer: Uint8Array | GiveUp | undefined): Move {
    const state = this.#state;
    if (state.stage !== "auth") throw new TypeError("no mechanism was asked");
    const answered = { ...state, isAsking: false };
    this.#state = answered;
    return this.#follow(answered, state.exchange.answer(answer));
  }

  #authenticate(capabilities: Capabilities): Move {
    const { credentials, security, allowInsecureAuth, mechanisms } = this.#options;
    if (credentials === undefined) return { type: "ready", capabilities };
    const offered = capabilities.authMechanisms;
    const [first, ...others] = chooseMechanisms(offered, credentials, mechanisms);
    if (!this.#secured && !(security === "none" && allowInsecureAuth === true)) {
      return refuseAuth("credentials are not sent without TLS");
    }
    if (first === undefined) {
      return refuseAuth(
        offered.length === 0
          ? "the relay does not offer AUTH, and credentials are configured"
          : `no AUTH mechanism in common: the relay offers ${offered.join(" ")}`,
      );
    }
    return this.#try(first, others, capabilities);
  }

  #try(mechanism: Mechanism, others: readonly Mechanism[], capabilities: Capabilities): Move {
    const exchange = new AuthExchange(mechanism);
    this.#state = { stage: "auth", capabilities, exchange, others, isAsking: true };
    return { type: "ask", question: { mechanism } };
  }

  #takeAuth(state: State & { stage: "auth" }, reply: Reply): Move {
    if (state.isAsking) {
      return breakOff("protocol", `a reply that nothing asked for: ${describeReply(reply)}`);
    }
    return this.#follow(state, state.exchange.take(reply));
  }

  #follow(state: State & { stage: "auth" }, step: AuthStep): Move {
    switch (step.type) {
      case "write":
        return this.#mayGoAhead(state)
          ? { type: "ahead", command: step.command, capabilities: state.capabilities }
          : { type: "write", command: step.command };
      case "ask":
        this.#state = { ...state, isAsking: true };
        return step;
      case "done":
        return { type: "ready", capabilities: state.capabilities };
      case "gave-up":
        return step.mayPass === true
          ? { type: "refuse", cause: "connection", stage: "auth", message: step.reason }
          : refuseAuth(`authentication was given up: ${step.reason}`);
      case "refused":
        return this.#afterRefusal(state, step.reply);
      case "unexpected":
        return breakOff("protocol", "what came in place of a reply to AUTH is none");
    }
  }

  /** Only where the same has worked before: else content would go to a relay that knows us not. */
  #mayGoAhead({ exchange, capabilities }: State & { stage: "auth" }): boolean {
    const isProven = this.#options.provenMechanism === exchange.mechanism.name;
    return isProven && exchange.isSaid && capabilities.keywords.has("PIPELINING");
  }

  #afterRefusal(state: State & { stage: "auth" }, reply: Reply): Move {
    const { exchange, others, capabilities } = state;
    const [next, ...rest] = others;
    // RFC 4954 §4: 504 says that the mechanism is not there; any other no is about the credentials,
    // and the same password is not tried again by another mechanism.
    const isUnknown = reply.code === 504 && !exchange.isChallenged;
    if (isUnknown && next !== undefined) return this.#try(next, rest, capabilities);
    const again = reply.code >= 500 ? exchange.mechanism.again?.() : undefined;
    if (again !== undefined) return this.#try(again, [], capabilities);
    const { remark } = exchange.mechanism;
    const what = `the relay refused the credentials${remark === undefined ? "" : ` (${remark})`}`;
    return refuse("auth", what, reply);
  }
}

function refuseAuth(message: string): Move {
  return { type: "refuse", cause: "auth", stage: "auth", message };
}

/** A reply that is not the one hoped for: the relay's no, or no SMTP at all. */
function unwelcome(reply: Reply, what: string): Move {
  return reply.code >= 400
    ? refuse("reply", what, reply)
    : breakOff("protocol", `${describeReply(reply)} is no answer at this stage`);
}

function refuse(cause: FailureCause, what: string, reply: Reply): Move {
  return { type: "refuse", cause, message: `${what}: ${describeReply(reply)}`, reply };
}

function breakOff(cause: FailureCause, message: string): Move {
  return { type: "break-off", cause, message };
}
