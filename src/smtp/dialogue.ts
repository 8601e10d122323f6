/**
 * The SMTP conversation of one connection as a value machine: events in, effects out, no socket, no
 * clock, no environment. It runs the opening, then any number of transactions, then QUIT, and is the one
 * place that ends a dialogue and settles what was submitted to it (RFC 5321 §3).
 */
import type { Capabilities } from "./capabilities.ts";
import { encodeCommand, InvalidCommand, QUIT, type Command } from "./command.ts";
import type { DialogueOptions, Effect, Interruption } from "./effect.ts";
import { Opening, type Move } from "./opening.ts";
import { failed, type Failure, type FailureCause } from "./outcome.ts";
import { describeReply, ReplyDecoder, type Reply } from "./reply.ts";
import { timeoutMs, type Stage } from "./timeouts.ts";
import {
  CONTENT_STEP,
  lackFor,
  NOTHING_STEP,
  TransactionRun,
  type Step,
  type Transaction,
} from "./transaction.ts";
import { Transcript } from "./transcript.ts";

type State =
  | { readonly stage: "opening"; readonly opening: Opening }
  | { readonly stage: "ready"; readonly capabilities: Capabilities }
  | InTransaction
  | { readonly stage: "quit" }
  | { readonly stage: "closed" };

interface InTransaction {
  readonly stage: "transaction";
  readonly capabilities: Capabilities;
  readonly run: TransactionRun;
  /** Replies are matched to these in order. */
  readonly owed: Step[];
}

export class Dialogue {
  readonly #options: DialogueOptions;
  readonly #transcript: Transcript;
  readonly #queue: Transaction[] = [];
  #decoder = new ReplyDecoder();
  #state: State;
  #effects: Effect[] = [];
  #tls: "none" | "up" | "proven" = "none";
  #needsReset = false;
  #quitting = false;
  #failure: Failure | undefined;

  constructor(options: DialogueOptions) {
    this.#options = options;
    this.#transcript = new Transcript(options.credentials);
    this.#state = { stage: "opening", opening: new Opening(options) };
  }

  /** What the relay offers, once the dialogue is ready for mail. Nothing it said before TLS. */
  get capabilities(): Capabilities | undefined {
    return "capabilities" in this.#state ? this.#state.capabilities : undefined;
  }

  /** Why the dialogue ended, where it did not end by QUIT. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  get transcript(): readonly string[] {
    return this.#transcript.lines();
  }

  /** Mail can be submitted, and nothing is under way. */
  get isReady(): boolean {
    return this.#state.stage === "ready";
  }

  /** No transaction can begin any more. */
  get isOver(): boolean {
    return this.#state.stage === "closed" || this.#state.stage === "quit";
  }

  /** A reply is owed. */
  get isAwaiting(): boolean {
    const state = this.#state;
    if (state.stage === "transaction") return state.owed.length > 0;
    if (state.stage === "opening") return !["connect", "tls"].includes(state.opening.stage);
    return state.stage === "quit";
  }

  /** The connection stands. */
  start(): Effect[] {
    return this.#open("connect", (opening) => opening.start());
  }

  /** TLS is up, the certificate checked: all that came in the clear is gone (RFC 3207 §4.2). */
  secured(): Effect[] {
    return this.#open("tls", (opening) => {
      this.#tls = "up";
      this.#decoder = new ReplyDecoder();
      this.#transcript.note("TLS");
      return opening.secured();
    });
  }

  /** Takes a transaction, which begins when the dialogue is ready. Settled once, whatever comes. */
  submit(transaction: Transaction): Effect[] {
    this.#queue.push(transaction);
    if (this.#state.stage === "ready") this.#next(this.#state.capabilities);
    else if (this.isOver) this.#settleQueue();
    return this.#drain();
  }

  /** Octets came. */
  receive(chunk: Uint8Array): Effect[] {
    this.#decoder.push(chunk);
    if (this.#tls === "up" && chunk.length > 0) this.#tls = "proven";
    while (this.#state.stage !== "closed" && this.#stage() !== "tls") {
      const decoded = this.#decoder.next();
      if (decoded === undefined) break;
      if (decoded.type === "fault") this.#breakOff("protocol", decoded.detail);
      else this.#take(decoded.reply);
    }
    return this.#drain();
  }

  /**
   * The content was handed over but for its final dot, which goes out now: from here on all of it may
   * have arrived (RFC 5321 §6.1).
   */
  contentSent(): Effect[] {
    if (this.#state.stage === "transaction") this.#write(FINAL_DOT, CONTENT_STEP);
    return this.#drain();
  }

  /** The content could not be produced to its end: the stream must die, or half a mail would count. */
  contentFailed(detail: string): Effect[] {
    if (this.#state.stage === "transaction") this.#breakOff("validation", detail);
    return this.#drain();
  }

  /** The stream is dead. `detail` is the platform's own word for it. */
  interrupt(interruption: Interruption, detail?: string): Effect[] {
    const stage = this.#stage();
    const because = detail === undefined ? "" : ` (${detail})`;
    if (this.isOver) {
      this.#close();
    } else if (interruption === "timeout") {
      this.#breakOff("timeout", `the relay took too long at stage ${stage}`);
    } else if (interruption === "connect") {
      this.#breakOff("connection", `no connection to the relay${because}`);
    } else if (interruption === "tls" || this.#tls === "up") {
      this.#breakOff("tls", `${TLS_FAILED}${because}`, "tls");
    } else {
      this.#breakOff("connection", `the relay closed the connection at stage ${stage}${because}`);
    }
    return this.#drain();
  }

  /** Ends the dialogue with QUIT, after what is queued. */
  quit(): Effect[] {
    this.#quitting = true;
    if (this.#state.stage === "ready") this.#next(this.#state.capabilities);
    else if (this.#stage() === "connect") this.#close();
    return this.#drain();
  }

  #open(stage: "connect" | "tls", event: (opening: Opening) => Move): Effect[] {
    const state = this.#state;
    if (state.stage !== "opening" || state.opening.stage !== stage) {
      throw new TypeError(`the dialogue is not at stage ${stage}`);
    }
    this.#make(event(state.opening));
    return this.#drain();
  }

  #take(reply: Reply): void {
    this.#transcript.server(reply);
    const state = this.#state;
    // RFC 5321 §3.8: 421 may come at any time and ends the session.
    if (reply.code === 421 && state.stage !== "quit") {
      this.#endByReply("the relay is closing the connection", reply);
      return;
    }
    switch (state.stage) {
      case "opening":
        this.#make(state.opening.take(reply, this.#decoder.pendingBytes));
        return;
      case "transaction":
        this.#takeInTransaction(state, this.#transcript.redactReply(reply));
        return;
      case "ready":
        this.#breakOff("protocol", `a reply that nothing asked for: ${describeReply(reply)}`);
        return;
      case "quit":
      case "closed":
        this.#close();
        return;
    }
  }

  #make(move: Move): void {
    switch (move.type) {
      case "await":
        this.#await(this.#stage());
        return;
      case "write":
        this.#command(move.command);
        return;
      case "swap":
        this.#effects.push({ type: "startTls" });
        return;
      case "ready":
        this.#next(move.capabilities);
        return;
      case "refuse":
        this.#end(this.#failureOf(move.cause, move.message, { reply: move.reply }));
        this.#state = { stage: "quit" };
        this.#command(QUIT);
        return;
      case "break-off":
        this.#breakOff(move.cause, move.message);
        return;
    }
  }

  /** Begins the next transaction, or quits, or stands ready. */
  #next(capabilities: Capabilities): void {
    this.#state = { stage: "ready", capabilities };
    for (let transaction = this.#queue.shift(); transaction; transaction = this.#queue.shift()) {
      const run = this.#begin(transaction, capabilities);
      if (run === undefined) continue;
      const state: InTransaction = { stage: "transaction", capabilities, run, owed: [] };
      this.#state = state;
      this.#advance(state);
      return;
    }
    if (!this.#quitting) return;
    this.#state = { stage: "quit" };
    this.#command(QUIT);
  }

  /** A run for the transaction, or undefined where it is refused before MAIL. */
  #begin(transaction: Transaction, capabilities: Capabilities): TransactionRun | undefined {
    const refuse = (message: string, more: { readonly extension?: string } = {}): undefined => {
      const failure = this.#failureOf("validation", message, { stage: "mail", ...more });
      this.#effects.push({ type: "settle", transaction, outcome: failed(failure), begun: false });
    };
    const lack = lackFor(transaction, capabilities);
    if (lack !== undefined) return refuse(lack.message, { extension: lack.extension });
    try {
      return new TransactionRun(transaction, capabilities, { reset: this.#needsReset });
    } catch (error) {
      if (!(error instanceof InvalidCommand)) throw error;
      return refuse(error.message);
    }
  }

  #takeInTransaction(state: InTransaction, reply: Reply): void {
    const step = state.owed[0];
    if (step === undefined) {
      // No reply is owed while content is on its way: the relay gives up on it, or has lost count.
      if (reply.code < 400) this.#breakOff("protocol", "a reply came before the final dot");
      else this.#endByReply("the relay broke off the message", reply);
      return;
    }
    const next = state.run.take(step, reply);
    if (next.type === "fault") {
      this.#breakOff("protocol", next.detail);
      return;
    }
    state.owed.shift();
    if (next.type === "continue") {
      this.#advance(state);
    } else if (this.#hasUnaskedReply()) {
      // DATA is the last command of a group (RFC 2920 §3.1): nothing can be owed behind its 354.
    } else if (next.type === "content") {
      this.#effects.push({ type: "content", transaction: state.run.transaction });
    } else {
      this.#write(FINAL_DOT, NOTHING_STEP);
    }
  }

  #advance(state: InTransaction): void {
    const steps = state.run.advance(state.owed.length);
    if (steps.length > 0 && state.owed.length === 0 && this.#hasUnaskedReply()) return;
    for (const step of steps) this.#write(step.command, step);
    const first = state.owed[0];
    const outcome = first === undefined ? state.run.outcome(this.#transcript.lines()) : undefined;
    if (first !== undefined) this.#await(first.stage);
    if (outcome === undefined) return;
    const { transaction } = state.run;
    this.#needsReset = state.run.leavesTransactionOpen;
    this.#effects.push({ type: "settle", transaction, outcome, begun: true });
    this.#next(state.capabilities);
  }

  /** Writes a command outside a transaction. */
  #command(command: Command): void {
    if (this.#hasUnaskedReply()) return;
    this.#write(command);
    this.#await(this.#stage());
  }

  /** RFC 5321 §4.3.1: a reply that is here before its command was written is not its reply. */
  #hasUnaskedReply(): boolean {
    if (this.#decoder.pendingBytes === 0) return false;
    const decoded = this.#decoder.next();
    if (decoded?.type === "reply" && decoded.reply.code === 421) this.#take(decoded.reply);
    else this.#breakOff("protocol", "the relay sent more than the reply that was asked for");
    return true;
  }

  #write(command: Command, step?: Step): void {
    this.#transcript.client(command.log);
    this.#effects.push({ type: "write", bytes: encodeCommand(command) });
    if (step === undefined || this.#state.stage !== "transaction") return;
    this.#state.owed.push(step);
    if (command === FINAL_DOT) this.#await("content");
  }

  #await(stage: Stage): void {
    const ms = timeoutMs(stage, this.#options.timeouts ?? {});
    this.#effects.push({ type: "await", stage, timeoutMs: ms });
  }

  /** The stage that a failure now belongs to. */
  #stage(): Stage {
    const state = this.#state;
    switch (state.stage) {
      case "opening":
        return state.opening.stage;
      case "transaction":
        return state.owed[0]?.stage ?? state.run.stage;
      case "ready":
        return "mail";
      case "quit":
      case "closed":
        return "quit";
    }
  }

  /** Ends the dialogue by the relay's own word; it closes the connection, so QUIT is left out. */
  #endByReply(what: string, reply: Reply): void {
    this.#end(this.#failureOf("reply", `${what}: ${describeReply(reply)}`, { reply }));
    this.#close();
  }

  /** Ends the dialogue at once: on this stream nothing more is written, not even QUIT. */
  #breakOff(cause: FailureCause, message: string, stage: Stage = this.#stage()): void {
    this.#end(this.#failureOf(cause, message, { stage }));
    this.#close();
  }

  #end(failure: Failure): void {
    if (this.isOver) return;
    this.#failure = failure;
    if (this.#state.stage === "transaction") {
      const { run, owed } = this.#state;
      const contentSent = owed.some((step) => step.type === "content");
      const evidence = contentSent ? ({ contentSent } as const) : {};
      const outcome = failed({ ...failure, ...run.refusals(), ...evidence });
      this.#effects.push({ type: "settle", transaction: run.transaction, outcome, begun: true });
    }
    this.#settleQueue();
  }

  #settleQueue(): void {
    const ended = "the session had ended before this mail was begun";
    const failure = this.#failure ?? this.#failureOf("connection", ended, { stage: "connect" });
    const outcome = failed(failure);
    for (const transaction of this.#queue.splice(0)) {
      this.#effects.push({ type: "settle", transaction, outcome, begun: false });
    }
  }

  #failureOf(
    cause: FailureCause,
    message: string,
    evidence: {
      readonly stage?: Stage;
      readonly reply?: Reply | undefined;
      readonly extension?: string;
    },
  ): Failure {
    const { reply, stage = this.#stage(), ...more } = evidence;
    return {
      cause,
      stage,
      ...more,
      ...(reply === undefined ? {} : { reply: this.#transcript.redactReply(reply) }),
      message: this.#transcript.redact(message),
      transcript: this.#transcript.lines(),
    };
  }

  #close(): void {
    if (this.#state.stage === "closed") return;
    this.#state = { stage: "closed" };
    this.#effects.push({ type: "close" });
  }

  #drain(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

const FINAL_DOT: Command = { line: ".", log: "." };

const TLS_FAILED =
  "the TLS handshake failed: the relay's certificate is untrusted, expired or made out to another " +
  "name, or the relay does not speak TLS 1.2 or later";
