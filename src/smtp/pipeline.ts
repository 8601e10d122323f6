/**
 * The mails under way in one session, in the order in which they were begun. Where the relay offers
 * PIPELINING, a mail begins as soon as the one before it is handed over, and its final reply is awaited
 * with those of others (RFC 2920 §3.1, RFC 3030 §2). Replies come in the order of the commands, so that
 * each belongs to the first mail that is owed one.
 */
import type { Capabilities } from "./capabilities.ts";
import type { Command } from "./command.ts";
import type { Opening } from "./opening.ts";
import { failed, type Failure, type TransactionOutcome } from "./outcome.ts";
import type { Reply } from "./reply.ts";
import type { Stage } from "./timeouts.ts";
import type { Transaction } from "./transaction.ts";
import type { Transcript } from "./transcript.ts";
import { Transfer, type Line, type TransferMove } from "./transfer.ts";

/** What comes next, in order. */
export type PipelineMove =
  | Extract<TransferMove, { readonly type: "await" | "given-up" }>
  | {
      readonly type: "break-off";
      readonly cause: "protocol" | "connection";
      readonly detail: string;
      readonly extension?: string;
    }
  | { readonly type: "write"; readonly command: Command; readonly isFirst: boolean }
  | {
      readonly type: "content";
      readonly framing: "dots" | "octets";
      readonly transaction: Transaction;
    }
  | ({ readonly type: "settle" } & Settlement)
  /** The relay did not take the AUTH that the mails went out with. */
  | { readonly type: "in-vain" };

export interface Settlement {
  readonly transaction: Transaction;
  readonly outcome: TransactionOutcome;
  readonly begun: boolean;
}

/** A transaction that was submitted. */
export interface Submitted {
  readonly transaction: Transaction;
  /** The relay was heard from so lately that it must be there. */
  readonly isAlive: boolean;
  /** It could not begin at once. */
  readonly hasWaited: boolean;
}

export interface PipelineOptions {
  readonly capabilities: Capabilities;
  readonly transcript: Transcript;
  readonly isSecured: boolean;
  /** Mails without a final reply that there may be at once, and so may be in doubt when it dies. */
  readonly window: number;
  /** AUTH is written, and its reply comes before all others. */
  readonly auth?: Opening;
}

export class Pipeline {
  readonly #options: PipelineOptions;
  /** What each of the mails knows of the others. */
  readonly #line: Line = {
    begin: () => {
      this.#transactions += 1;
    },
    hasRoom: () => this.hasRoom,
    isProven: () => this.#isProven,
    isLast: (transfer) => this.#transfers.at(-1) === transfer,
    owedBeside: (transfer) =>
      this.#transfers.reduce(
        (sum, other) => sum + (other === transfer ? 0 : other.owed),
        this.#auth === undefined ? 0 : 1,
      ),
  };
  /** The last one writes; those before it are handed over. */
  #transfers: Transfer[] = [];
  /** Those with another transaction to come, once whoever writes is done. */
  #waiting: Transfer[] = [];
  #transactions = 0;
  #needsReset = false;
  /** The relay took a mail in this session: it is known to do what it offers. */
  #isProven = false;
  #fault: string | undefined;
  #auth: Opening | undefined;
  /** AUTH was refused, with mails behind it: none may be begun, and these may begin elsewhere. */
  #refusal: Failure | undefined;
  /** The relay takes for an answer to its challenge what was a command: nothing of it counts. */
  #isLost = false;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#auth = options.auth;
  }

  get isEmpty(): boolean {
    return this.#transfers.length === 0 && this.#waiting.length === 0;
  }

  get isAwaiting(): boolean {
    return this.#auth !== undefined || this.#transfers.some(({ isAwaiting }) => isAwaiting);
  }

  /** The stage that a failure now belongs to. */
  get stage(): Stage {
    return this.#auth === undefined ? (this.#head?.stage ?? "mail") : "auth";
  }

  /** Another transaction may begin in this session (RFC 9422 §4.1). */
  get hasRoom(): boolean {
    if (this.#refusal !== undefined) return false;
    return this.#transactions < (this.#options.capabilities.limits.mailMax ?? Infinity);
  }

  /** Begins what may begin now; takes it from the queue. */
  fill(queue: Submitted[]): readonly PipelineMove[] {
    const moves: PipelineMove[] = [];
    for (;;) {
      const writer = this.#transfers.at(-1);
      if (writer !== undefined && !writer.isHandedOver) break;
      const waiting = this.#waiting.shift();
      const next = waiting === undefined && this.#mayBegin ? queue.shift() : undefined;
      if (waiting !== undefined) {
        this.#transfers.push(waiting);
        moves.push(...this.#made(waiting, waiting.goOn(this.#reset(writer))));
      } else if (next !== undefined) {
        const transfer = this.#transferOf(next, writer);
        this.#transfers.push(transfer);
        moves.push(...this.#made(transfer, transfer.begin()));
      } else break;
    }
    return moves.length === 0 ? moves : this.#awaiting(moves);
  }

  /** What follows from a reply. */
  take(reply: Reply): readonly PipelineMove[] {
    if (this.#auth !== undefined) return this.#takeAuth(this.#auth, reply);
    const head = this.#head;
    if (head === undefined) return [];
    const moves = this.#made(head, head.take(reply));
    const writer = this.#transfers.at(-1);
    // A reply to another makes room in a group that was full.
    if (writer !== undefined && writer !== head) moves.push(...this.#made(writer, writer.resume()));
    if (this.#fault !== undefined && this.#transfers[0] === writer) {
      moves.push({ type: "break-off", cause: "connection", detail: this.#fault });
    }
    return this.#awaiting(moves);
  }

  /** All of the content is handed over, but for the final dot of DATA. */
  contentSent(): readonly PipelineMove[] {
    const writer = this.#transfers.at(-1);
    return writer === undefined ? [] : this.#awaiting(this.#made(writer, writer.contentSent()));
  }

  /**
   * The content cannot be read to its end. The stream must die, or half a mail would count; but the
   * mails before it are with the relay already, and their replies are still to come.
   */
  contentFailed(detail: string): readonly PipelineMove[] {
    const writer = this.#transfers.at(-1);
    if (writer === undefined) return [];
    if (this.#transfers[0] === writer) return [{ type: "break-off", cause: "connection", detail }];
    this.#fault = detail;
    return this.#awaiting([]);
  }

  /** How each of the mails ended where the session ends now. Nothing is under way afterwards. */
  end(failure: Failure): readonly Settlement[] {
    const head = this.#head;
    const ended = [...this.#transfers, ...this.#waiting].map((transfer) => {
      const { transaction } = transfer;
      // The relay's last word answers the head: what was written behind that it has not worked on.
      const stage = failure.reply === undefined ? transfer.stage : "mail";
      const own = transfer === head ? failure : { ...failure, stage };
      if (this.#isLost) return { transaction, outcome: failed(failure), begun: false };
      return { transaction, outcome: transfer.end(own), begun: true };
    });
    this.#transfers = [];
    this.#waiting = [];
    return ended;
  }

  #takeAuth(auth: Opening, reply: Reply): readonly PipelineMove[] {
    const move = auth.take(reply, 0);
    this.#auth = undefined;
    if (move.type === "ready") return this.#awaiting([]);
    const message = "message" in move ? move.message : "the relay asked for more than one AUTH";
    const facts = { stage: "auth", reply } as const;
    this.#refusal = this.#options.transcript.failure("auth", message, facts);
    if (reply.code >= 400) return this.#awaiting([{ type: "in-vain" }]);
    this.#isLost = true;
    return [{ type: "in-vain" }, { type: "break-off", cause: "protocol", detail: message }];
  }

  /** Whose reply comes next: the first that is owed one, else the one that writes. */
  get #head(): Transfer | undefined {
    return this.#transfers.find(({ isAwaiting }) => isAwaiting) ?? this.#transfers.at(-1);
  }

  get #mayBegin(): boolean {
    if (!this.hasRoom || this.#fault !== undefined) return false;
    if (this.#transfers.length === 0) return true;
    const isPipelining = this.#options.capabilities.keywords.has("PIPELINING");
    return isPipelining && this.#isProven && this.#transfers.length < this.#options.window;
  }

  /**
   * Whether RSET goes first. Behind a BDAT without its reply: were that refused, the relay would wait
   * for RSET (RFC 3030 §2), and a group cannot wait to hear of it.
   */
  #reset(before: Transfer | undefined): boolean {
    return before === undefined ? this.#needsReset : before.isByBdat;
  }

  #transferOf(submitted: Submitted, before: Transfer | undefined): Transfer {
    const { capabilities, transcript, isSecured } = this.#options;
    const { transaction, hasWaited } = submitted;
    const needsReset = this.#reset(before);
    // Behind others, and first of all, the relay has just answered.
    const isAnswering = hasWaited && (before !== undefined || this.#transactions === 0);
    // Many relays take one mail to a session, and close it without a word.
    const isKnownToStay = this.#transactions !== 1;
    const isAlive = isAnswering || (submitted.isAlive && isKnownToStay);
    return new Transfer(transaction, {
      capabilities,
      transcript,
      isSecured,
      needsReset,
      isAlive,
      line: this.#line,
    });
  }

  #made(transfer: Transfer, moves: readonly TransferMove[]): PipelineMove[] {
    const made: PipelineMove[] = [];
    for (const move of moves) {
      const own = this.#madeOne(transfer, move);
      if (own !== undefined) made.push(own);
    }
    return made;
  }

  #madeOne(transfer: Transfer, move: TransferMove): PipelineMove | undefined {
    const { transaction } = transfer;
    switch (move.type) {
      case "content":
        return { ...move, transaction };
      case "again":
        this.#leave(transfer);
        this.#waiting.push(transfer);
        return undefined;
      case "done":
        this.#leave(transfer);
        if (move.outcome.status === "accepted") this.#isProven = true;
        // Whatever it says of a mail from somebody it does not know: with AUTH it may say otherwise.
        else if (this.#refusal !== undefined) {
          return { type: "settle", transaction, outcome: failed(this.#refusal), begun: false };
        }
        return { ...move, type: "settle", transaction };
      case "await":
        // What is awaited first may belong to another.
        return undefined;
      case "break-off":
        return { ...move, cause: "protocol" };
      case "write":
      case "given-up":
        return move;
    }
  }

  #leave(transfer: Transfer): void {
    this.#transfers = this.#transfers.filter((other) => other !== transfer);
    this.#needsReset = transfer.needsReset;
  }

  #awaiting(moves: PipelineMove[]): readonly PipelineMove[] {
    // While content goes out, replies are taken as they come.
    const isSending = this.#transfers.at(-1)?.isStreaming === true;
    const isBusy = moves.some(({ type }) => type === "content" || type === "break-off");
    if (isSending || isBusy || !this.isAwaiting) return moves;
    const stage = this.#auth === undefined ? this.#head?.awaitedStage : "auth";
    return [...moves, { type: "await", stage: stage ?? "mail" }];
  }
}
