/**
 * The SMTP conversation of one connection as a value machine: events in, effects out, no socket, no
 * clock, no environment. It runs the opening, then any number of transactions, then QUIT, and is the one
 * place that ends a dialogue and settles what was submitted to it (RFC 5321 §3).
 */
import type { Capabilities } from "./capabilities.ts";
import { encodeCommand, QUIT, type Command } from "./command.ts";
import { DEFAULT_WINDOW, type DialogueOptions, type Effect, type Interruption } from "./effect.ts";
import { faultOf } from "./interruption.ts";
import { Opening, type Move } from "./opening.ts";
import { failed, type Failure, type FailureCause } from "./outcome.ts";
import { Pipeline, type PipelineMove, type Submitted } from "./pipeline.ts";
import { describeReply, ReplyDecoder, type Reply } from "./reply.ts";
import type { GiveUp } from "./sasl/mechanism.ts";
import { timeoutMs, type Stage } from "./timeouts.ts";
import type { Transaction } from "./transaction.ts";
import { Transcript, type Facts } from "./transcript.ts";

type State =
  | { readonly stage: "opening"; readonly opening: Opening }
  | { readonly stage: "open"; readonly capabilities: Capabilities; readonly pipeline: Pipeline }
  | { readonly stage: "quit" | "closed" };

export class Dialogue {
  readonly #options: DialogueOptions;
  readonly #transcript: Transcript;
  readonly #queue: Submitted[] = [];
  #decoder = new ReplyDecoder();
  #state: State;
  readonly #effects: Effect[] = [];
  #tls: "none" | "up" | "proven" = "none";
  #quitting = false;
  #authenticatedBy: string | undefined;
  #isInVain = false;
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

  /** The mechanism by which the relay took the credentials. */
  get authenticatedBy(): string | undefined {
    return this.#authenticatedBy;
  }

  /** The mails went out with an AUTH that the relay did not take. */
  get isInVain(): boolean {
    return this.#isInVain;
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
    return this.#state.stage === "open" && this.#state.pipeline.isEmpty;
  }

  /** No transaction can begin any more. */
  get isOver(): boolean {
    return this.#state.stage === "closed" || this.#state.stage === "quit";
  }

  /** A reply is owed. */
  get isAwaiting(): boolean {
    const state = this.#state;
    if (state.stage === "open") return state.pipeline.isAwaiting;
    if (state.stage === "opening") return state.opening.isAwaiting;
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

  /** The mechanism's answer, or the reason why it has none, to the question it was asked. */
  answer(answer: Uint8Array | GiveUp | undefined): Effect[] {
    return this.#open("auth", (opening) => opening.answer(answer));
  }

  /**
   * Takes a transaction, which begins as soon as it may. Settled once, whatever comes. `isAlive`: the
   * relay was heard from so lately that it must be there.
   */
  submit(
    transaction: Transaction,
    { isAlive = false }: { readonly isAlive?: boolean } = {},
  ): Effect[] {
    this.#queue.push({ transaction, isAlive, hasWaited: !this.isReady });
    if (this.#state.stage === "open") this.#proceed();
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
   * The content was handed over, but for the final dot of DATA, which goes out now: from here on all of
   * it may have arrived (RFC 5321 §6.1).
   */
  contentSent(): Effect[] {
    if (this.#state.stage === "open") this.#carryOn(this.#state.pipeline.contentSent());
    return this.#drain();
  }

  /** The content could not be read to its end, which may pass. Nothing more of it may be written. */
  contentFailed(detail: string): Effect[] {
    if (this.#state.stage === "open") this.#carryOn(this.#state.pipeline.contentFailed(detail));
    return this.#drain();
  }

  /** The stream is dead. `detail` is the platform's own word for it. */
  interrupt(interruption: Interruption, detail?: string): Effect[] {
    const { cause, message, ...facts } = faultOf(interruption, {
      stage: this.#stage(),
      isHandshake: this.#tls === "up",
      detail,
    });
    this.#breakOff(cause, message, facts);
    return this.#drain();
  }

  /** Ends the dialogue with QUIT, after what is queued. */
  quit(): Effect[] {
    this.#quitting = true;
    if (this.#state.stage === "open") this.#proceed();
    else if (this.#stage() === "connect") {
      this.#settleQueue();
      this.#close();
    }
    return this.#drain();
  }

  #open(stage: "connect" | "tls" | "auth", event: (opening: Opening) => Move): Effect[] {
    const state = this.#state;
    if (state.stage !== "opening" || state.opening.stage !== stage) {
      throw new TypeError(`the dialogue is not at stage ${stage}`);
    }
    this.#make(event(state.opening));
    return this.#drain();
  }

  #take(reply: Reply): void {
    const shown = this.#transcript.server(reply);
    const state = this.#state;
    // RFC 5321 §3.8: 421 may come at any time and ends the session.
    if (reply.code === 421) {
      this.#endByReply("the relay is closing the connection", reply);
      return;
    }
    switch (state.stage) {
      case "opening":
        this.#make(state.opening.take(reply, this.#decoder.pendingBytes));
        return;
      case "open":
        this.#takeOpen(state.pipeline, shown);
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
      case "ask":
        this.#effects.push({ type: "ask", question: move.question });
        return;
      case "ready":
        this.#stand(move.capabilities);
        return;
      case "ahead":
        this.#command(move.command);
        // Without a mail there is nothing to gain.
        if (this.#queue.length > 0) this.#stand(move.capabilities, { isAhead: true });
        return;
      case "refuse":
        this.#end(move.cause, move.message, move);
        this.#state = { stage: "quit" };
        this.#command(QUIT);
        return;
      case "break-off":
        this.#breakOff(move.cause, move.message);
        return;
    }
  }

  /** Mail can begin. */
  #stand(capabilities: Capabilities, { isAhead = false } = {}): void {
    if (this.#state.stage !== "opening") return;
    const { opening } = this.#state;
    this.#authenticatedBy = opening.mechanism?.name;
    const pipeline = new Pipeline({
      ...(isAhead ? { auth: opening } : {}),
      capabilities,
      transcript: this.#transcript,
      isSecured: this.#tls !== "none",
      window: this.#options.window ?? DEFAULT_WINDOW,
    });
    this.#state = { stage: "open", capabilities, pipeline };
    this.#proceed();
  }

  /** Begins what mail may begin, or quits where no more is to come. */
  #proceed(): void {
    if (this.#state.stage !== "open") return;
    const { pipeline } = this.#state;
    // Looked at before the next mail is begun, so that it may begin elsewhere.
    const isIdle = pipeline.isEmpty && (this.#queue.length > 0 || this.#quitting);
    if (isIdle && this.#hasUnaskedReply()) return;
    this.#perform(pipeline.fill(this.#queue));
    // Else a reply that nobody asked for has ended it.
    const isStanding = this.#state.stage === "open" && pipeline.isEmpty;
    if (isStanding && (this.#quitting || !pipeline.hasRoom)) {
      // RFC 9422 §4.1: what is left over MAILMAX needs another session.
      this.#state = { stage: "quit" };
      this.#settleQueue();
      this.#command(QUIT);
    }
  }

  #takeOpen(pipeline: Pipeline, reply: Reply): void {
    if (pipeline.isEmpty) {
      this.#breakOff("protocol", `a reply that nothing asked for: ${describeReply(reply)}`);
      return;
    }
    const moves = pipeline.take(reply);
    if (moves[0]?.type === "given-up") this.#endByReply("the relay broke off the message", reply);
    else this.#carryOn(moves);
  }

  /** Performs the moves of the mails under way, and begins others. */
  #carryOn(moves: readonly PipelineMove[]): void {
    this.#perform(moves);
    this.#proceed();
  }

  #perform(moves: readonly PipelineMove[]): void {
    for (const move of moves) {
      if (this.#state.stage !== "open") return;
      switch (move.type) {
        case "write":
          if (move.isFirst && this.#hasUnaskedReply()) return;
          this.#write(move.command);
          break;
        case "await":
          this.#await(move.stage);
          break;
        case "content":
        case "settle": {
          // DATA is the last command of a group (RFC 2920 §3.1): nothing can be owed behind its 354.
          const isLast = move.type === "content" && move.framing === "dots";
          if (isLast && this.#hasUnaskedReply()) return;
          this.#effects.push(move);
          break;
        }
        case "break-off":
          this.#breakOff(move.cause, move.detail, move);
          break;
        case "in-vain":
          this.#authenticatedBy = undefined;
          this.#isInVain = true;
          break;
        case "given-up":
          break;
      }
    }
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

  #write(command: Command): void {
    this.#transcript.client(command.log);
    const mechanism = this.#state.stage === "opening" ? this.#state.opening.mechanism : undefined;
    if (mechanism !== undefined) this.#transcript.hideAnswer(command.line, mechanism);
    this.#effects.push({ type: "write", bytes: encodeCommand(command) });
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
      case "open":
        return state.pipeline.stage;
      case "quit":
      case "closed":
        return "quit";
    }
  }

  /** Ends the dialogue by the relay's own word; it closes the connection, so QUIT is left out. */
  #endByReply(what: string, reply: Reply): void {
    this.#end("reply", `${what}: ${describeReply(reply)}`, { reply });
    this.#close();
  }

  /** Ends the dialogue at once: on this stream nothing more is written, not even QUIT. */
  #breakOff(cause: FailureCause, message: string, facts: Partial<Facts> = {}): void {
    this.#end(cause, message, facts);
    this.#close();
  }

  #end(cause: FailureCause, message: string, facts: Partial<Facts>): void {
    if (this.isOver) return;
    const { stage = this.#stage(), reply, extension } = facts;
    const failure = this.#transcript.failure(cause, message, { stage, reply, extension });
    this.#failure = failure;
    if (this.#state.stage === "open") {
      for (const settlement of this.#state.pipeline.end(failure)) {
        this.#effects.push({ type: "settle", ...settlement });
      }
    }
    this.#settleQueue();
  }

  #settleQueue(): void {
    const ended = "the session had ended before this mail was begun";
    const failure =
      this.#failure ?? this.#transcript.failure("connection", ended, { stage: "connect" });
    for (const { transaction } of this.#queue.splice(0)) {
      this.#effects.push({ type: "settle", transaction, outcome: failed(failure), begun: false });
    }
  }

  #close(): void {
    if (this.#state.stage === "closed") return;
    this.#state = { stage: "closed" };
    this.#effects.push({ type: "close" });
  }

  #drain(): Effect[] {
    return this.#effects.splice(0);
  }
}
