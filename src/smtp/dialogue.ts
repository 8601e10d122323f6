/**
 * The SMTP conversation of one connection as a value machine: events in, effects out, no socket, no
 * clock, no environment. It runs the opening, then any number of transactions, then QUIT, and is the one
 * place that ends a dialogue and settles what was submitted to it (RFC 5321 §3).
 */
import type { Capabilities } from "./capabilities.ts";
import { encodeCommand, QUIT, type Command } from "./command.ts";
import type { DialogueOptions, Effect, Interruption } from "./effect.ts";
import { Opening, type Move } from "./opening.ts";
import { failed, type Failure, type FailureCause, type TransactionOutcome } from "./outcome.ts";
import { describeReply, ReplyDecoder, type Reply } from "./reply.ts";
import type { GiveUp } from "./sasl/mechanism.ts";
import { timeoutMs, type Stage } from "./timeouts.ts";
import type { Transaction } from "./transaction.ts";
import { Transcript, type Facts } from "./transcript.ts";
import { Transfer, type TransferMove } from "./transfer.ts";

type State =
  | { readonly stage: "opening"; readonly opening: Opening }
  | { readonly stage: "ready"; readonly capabilities: Capabilities }
  | {
      readonly stage: "transfer";
      readonly capabilities: Capabilities;
      readonly transfer: Transfer;
    }
  | { readonly stage: "quit" }
  | { readonly stage: "closed" };

export class Dialogue {
  readonly #options: DialogueOptions;
  readonly #transcript: Transcript;
  readonly #queue: Transaction[] = [];
  #decoder = new ReplyDecoder();
  #state: State;
  #effects: Effect[] = [];
  #tls: "none" | "up" | "proven" = "none";
  #needsReset = false;
  /** Transactions that MAIL was written for (RFC 9422 §4.1). */
  #transactions = 0;
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
    if (state.stage === "transfer") return state.transfer.isAwaiting;
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
   * The content was handed over, but for the final dot of DATA, which goes out now: from here on all of
   * it may have arrived (RFC 5321 §6.1).
   */
  contentSent(): Effect[] {
    if (this.#state.stage === "transfer") this.#carryOn(this.#state.transfer.contentSent());
    return this.#drain();
  }

  /**
   * The content could not be read to its end, which may pass: the stream must die, or half a mail would
   * count.
   */
  contentFailed(detail: string): Effect[] {
    if (this.#state.stage === "transfer") this.#breakOff("connection", detail);
    return this.#drain();
  }

  /** The stream is dead. `detail` is the platform's own word for it. */
  interrupt(interruption: Interruption, detail?: string): Effect[] {
    const stage = this.#stage();
    const because = detail === undefined ? "" : ` (${detail})`;
    if (interruption === "timeout") {
      this.#breakOff("timeout", `the relay took too long at stage ${stage}`);
    } else if (interruption === "fault") {
      this.#breakOff("config", `a fault in Postrider or its configuration${because}`);
    } else if (interruption === "connect") {
      this.#breakOff("connection", `no connection to the relay${because}`);
    } else if (interruption === "tls" || this.#tls === "up") {
      this.#breakOff("tls", `${TLS_FAILED}${because}`, { stage: "tls" });
    } else {
      this.#breakOff("connection", `the relay closed the connection at stage ${stage}${because}`);
    }
    return this.#drain();
  }

  /** Ends the dialogue with QUIT, after what is queued. */
  quit(): Effect[] {
    this.#quitting = true;
    if (this.#state.stage === "ready") this.#next(this.#state.capabilities);
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
    this.#transcript.server(reply);
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
      case "transfer":
        this.#takeInTransfer(state.transfer, this.#transcript.redactReply(reply));
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
      case "ask":
        this.#effects.push({ type: "ask", question: move.question });
        return;
      case "ready":
        this.#next(move.capabilities);
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

  /** Begins the next mail, or quits, or stands ready. */
  #next(capabilities: Capabilities): void {
    this.#state = { stage: "ready", capabilities };
    const room = (capabilities.limits.mailMax ?? Infinity) - this.#transactions;
    const transaction = room > 0 ? this.#queue.shift() : undefined;
    if (transaction !== undefined) {
      const transfer = new Transfer(transaction, {
        capabilities,
        transcript: this.#transcript,
        isSecured: this.#tls !== "none",
        needsReset: this.#needsReset,
        isFresh: this.#transactions === 0,
        room,
      });
      this.#state = { stage: "transfer", capabilities, transfer };
      this.#carryOn(transfer.begin());
    } else if (this.#quitting || room <= 0) {
      // RFC 9422 §4.1: what is left over MAILMAX needs another session.
      this.#state = { stage: "quit" };
      this.#settleQueue();
      this.#command(QUIT);
    }
  }

  #takeInTransfer(transfer: Transfer, reply: Reply): void {
    const moves = transfer.take(reply);
    if (moves[0]?.type === "given-up") this.#endByReply("the relay broke off the message", reply);
    else this.#carryOn(moves);
  }

  /** Performs the moves of the mail under way. */
  #carryOn(moves: readonly TransferMove[]): void {
    for (const move of moves) {
      const state = this.#state;
      if (state.stage !== "transfer") return;
      switch (move.type) {
        case "write":
          if (move.isFirst && this.#hasUnaskedReply()) return;
          this.#write(move.command);
          break;
        case "await":
          this.#await(move.stage);
          break;
        case "content":
          // DATA is the last command of a group (RFC 2920 §3.1): nothing can be owed behind its 354.
          if (move.framing === "dots" && this.#hasUnaskedReply()) return;
          this.#effects.push({ ...move, transaction: state.transfer.transaction });
          break;
        case "done": {
          const { transaction, transactions, needsReset } = state.transfer;
          this.#transactions += transactions;
          this.#needsReset = needsReset;
          this.#settle(transaction, move.outcome, move);
          this.#next(state.capabilities);
          break;
        }
        case "break-off":
          this.#breakOff("protocol", move.detail, move);
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
      case "transfer":
        return state.transfer.stage;
      case "ready":
        return "mail";
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
    if (this.#state.stage === "transfer") {
      const { transfer } = this.#state;
      this.#settle(transfer.transaction, transfer.end(failure), { begun: true });
    }
    this.#settleQueue();
  }

  #settleQueue(): void {
    const ended = "the session had ended before this mail was begun";
    const failure =
      this.#failure ?? this.#transcript.failure("connection", ended, { stage: "connect" });
    for (const transaction of this.#queue.splice(0)) {
      this.#settle(transaction, failed(failure), { begun: false });
    }
  }

  #settle(
    transaction: Transaction,
    outcome: TransactionOutcome,
    { begun }: { readonly begun: boolean },
  ): void {
    this.#effects.push({ type: "settle", transaction, outcome, begun });
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

const TLS_FAILED =
  "the TLS handshake failed: the relay's certificate is untrusted, expired or made out to another " +
  "name, or the relay does not speak TLS 1.2 or later";
