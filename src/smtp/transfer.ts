/**
 * One mail under way: its transactions one after the other, the replies owed in each, and what to do
 * next. The dialogue performs the moves and owns the stream; what a reply means for the mail is decided
 * here and below.
 */
import type { Capabilities } from "./capabilities.ts";
import { InvalidCommand, type Command } from "./command.ts";
import { Delivery } from "./delivery.ts";
import type { Failure, TransactionOutcome } from "./outcome.ts";
import type { Reply } from "./reply.ts";
import type { Stage } from "./timeouts.ts";
import type { Step, Transaction, TransactionRun } from "./transaction.ts";
import type { Transcript } from "./transcript.ts";

/** What comes next, in order. */
export type TransferMove =
  /** `isFirst`: nothing is owed, so nothing may have come that is taken for its reply. */
  | { readonly type: "write"; readonly command: Command; readonly isFirst: boolean }
  | { readonly type: "await"; readonly stage: Stage }
  | { readonly type: "content"; readonly framing: "dots" | "octets" }
  | { readonly type: "done"; readonly outcome: TransactionOutcome; readonly begun: boolean }
  /** Another transaction of the mail is to come, by `goOn`, and somebody else writes now. */
  | { readonly type: "again" }
  /** The relay lost count of the conversation. */
  | { readonly type: "break-off"; readonly detail: string; readonly extension?: string }
  /** The relay gave up on the content and is about to close. */
  | { readonly type: "given-up" };

export interface TransferOptions {
  readonly capabilities: Capabilities;
  readonly transcript: Transcript;
  readonly isSecured: boolean;
  /** The relay may still hold pieces of the mail before. */
  readonly needsReset: boolean;
  /** The relay was heard from so lately that it must be there. */
  readonly isAlive: boolean;
  readonly line: Line;
}

/** The other mails of the session, as far as one has to know of them. */
export interface Line {
  /** There will be a MAIL for one more transaction. */
  readonly begin: () => void;
  /** The session may have one more transaction (RFC 9422 §4.1). */
  readonly hasRoom: () => boolean;
  /** Nobody has begun behind it. */
  readonly isLast: (transfer: Transfer) => boolean;
  /** The relay took a mail in this session: it knows BDAT. */
  readonly isProven: () => boolean;
  /** Replies that are owed to others. */
  readonly owedBeside: (transfer: Transfer) => number;
}

export class Transfer {
  readonly transaction: Transaction;
  readonly #options: TransferOptions;
  readonly #delivery: Delivery;
  /** Replies are matched to these in order. */
  readonly #owed: Step[] = [];
  #run: TransactionRun | undefined;
  #needsReset: boolean;
  /** Octets of BDAT are on their way: nothing else may be written before their last (RFC 3030 §2). */
  #isStreaming = false;

  constructor(transaction: Transaction, options: TransferOptions) {
    this.transaction = transaction;
    this.#options = options;
    this.#needsReset = options.needsReset;
    this.#delivery = new Delivery(transaction, options.capabilities);
  }

  /** Replies that are owed. */
  get owed(): number {
    return this.#owed.length;
  }

  /** All that can be written of the transaction is written: only replies are missing. */
  get isHandedOver(): boolean {
    return !this.#isStreaming && this.#owed.some(({ type }) => type === "content");
  }

  /** Octets of BDAT are on their way. */
  get isStreaming(): boolean {
    return this.#isStreaming;
  }

  /** The content goes by BDAT. */
  get isByBdat(): boolean {
    return this.#run?.isByBdat === true;
  }

  get needsReset(): boolean {
    return this.#needsReset;
  }

  get isAwaiting(): boolean {
    return this.#owed.length > 0;
  }

  /** The stage that a failure now belongs to. */
  get stage(): Stage {
    return this.#owed[0]?.stage ?? this.#run?.stage ?? "mail";
  }

  /** The stage whose time the next reply has: the end of DATA may take long, whoever it is for. */
  get awaitedStage(): Stage {
    return this.#owed[0]?.type === "nothing" ? "content" : this.stage;
  }

  /** Begins the first transaction; done at once where the relay lacks what the mail needs. */
  begin(): readonly TransferMove[] {
    const lack = this.#delivery.lack(this.#options);
    if (lack !== undefined) return [this.#refused(lack.message, lack.extension)];
    const { isAlive, line } = this.#options;
    const refused = this.#checked(() => {
      this.#run = this.#delivery.first({ reset: this.#needsReset, mayGoUnasked: isAlive });
    });
    if (refused !== undefined || this.#run === undefined) return refused ?? [];
    line.begin();
    return this.#advance(this.#run);
  }

  /** Begins the next transaction, in its turn. */
  goOn(needsReset: boolean): readonly TransferMove[] {
    this.#needsReset = needsReset;
    return this.#next();
  }

  /** What may be written now that others are owed less. */
  resume(): readonly TransferMove[] {
    return this.#run === undefined || this.isHandedOver ? [] : this.#advance(this.#run);
  }

  /** What follows from a reply. */
  take(reply: Reply): readonly TransferMove[] {
    const step = this.#owed[0];
    if (step === undefined || this.#run === undefined) {
      // No reply is owed while content is on its way: the relay gives up on it, or has lost count.
      return reply.code >= 400
        ? [{ type: "given-up" }]
        : [{ type: "break-off", detail: "a reply came before the final dot" }];
    }
    const next = this.#run.take(step, reply);
    if (next.type === "fault") {
      // Whoever says that it has the mail may have it.
      if (step.type === "bdat") this.#owed[0] = { type: "content", stage: "content" };
      return [{ type: "break-off", detail: next.detail }];
    }
    this.#owed.shift();
    if (this.#run.wasBdatUnknown && !this.#options.line.isProven()) {
      // It reads the octets as commands: this stream is no conversation any more.
      const detail = "the relay offers CHUNKING and does not know BDAT";
      return [{ type: "break-off", detail, extension: "CHUNKING" }];
    }
    switch (next.type) {
      case "continue":
        return this.#advance(this.#run);
      case "content":
        return [{ type: "content", framing: "dots" }];
      case "lone-dot":
        return this.#endOfDots("nothing");
    }
  }

  /** All of the content is handed over, but for the final dot of DATA. */
  contentSent(): readonly TransferMove[] {
    if (!this.#isStreaming) return this.#endOfDots("content");
    this.#isStreaming = false;
    const bdat = this.#owed.findIndex(({ type }) => type === "bdat");
    // The relay may have refused it before it had all.
    if (bdat === -1) return this.#run === undefined ? [] : this.#advance(this.#run);
    this.#owed[bdat] = { type: "content", stage: "content" };
    return [{ type: "await", stage: this.stage }];
  }

  /** The outcome where the session ends now. */
  end(failure: Failure): TransactionOutcome {
    // What the relay has said already stands, however the session ends.
    const run = failure.extension === "CHUNKING" ? undefined : this.#run;
    const told = run?.outcome(() => failure.transcript);
    if (run !== undefined && told !== undefined && told.status !== "accepted") {
      // Of the recipients that no transaction has had it says nothing: for them the session just ended.
      return this.#delivery.absorb(run, told) ?? this.#delivery.end(failure);
    }
    // RFC 5321 §6.1: from the final dot on only a reply can tell whether the relay has the mail.
    const contentSent = this.#owed.some(({ type }) => type === "content");
    return this.#delivery.end(contentSent ? { ...failure, contentSent } : failure, this.#run);
  }

  #next(): readonly TransferMove[] {
    // Whoever has answered a transaction of the mail is there for the next.
    const mayGoUnasked = this.#options.isAlive || this.#run !== undefined;
    const refused = this.#checked(() => {
      this.#run = this.#delivery.next({ reset: this.#needsReset, mayGoUnasked });
    });
    if (refused !== undefined || this.#run === undefined) return refused ?? [];
    return this.#advance(this.#run);
  }

  /** The refusal, where the work throws because a value cannot stand in a command. */
  #checked(work: () => unknown): readonly TransferMove[] | undefined {
    try {
      work();
      return undefined;
    } catch (error) {
      if (!(error instanceof InvalidCommand)) throw error;
      return [this.#refused(error.message)];
    }
  }

  #advance(run: TransactionRun): readonly TransferMove[] {
    if (this.#isStreaming) return [];
    const beside = this.#options.line.owedBeside(this);
    const steps = run.advance(this.#owed.length, beside);
    const moves = steps.map(({ command }, index): TransferMove => ({
      type: "write",
      command,
      isFirst: this.#owed.length + beside === 0 && index === 0,
    }));
    this.#owed.push(...steps);
    if (steps.at(-1)?.type === "bdat") {
      this.#isStreaming = true;
      return [...moves, { type: "content", framing: "octets" }];
    }
    if (this.#owed.length > 0) return [...moves, { type: "await", stage: this.stage }];
    const outcome = run.outcome(() => this.#options.transcript.lines());
    return outcome === undefined ? moves : this.#conclude(run, outcome);
  }

  #conclude(run: TransactionRun, outcome: TransactionOutcome): readonly TransferMove[] {
    this.#needsReset = run.leavesTransactionOpen;
    const whole = this.#delivery.absorb(run, outcome);
    if (whole !== undefined) return [{ type: "done", outcome: whole, begun: true }];
    const { line } = this.#options;
    if (line.hasRoom()) {
      line.begin();
      return line.isLast(this) ? this.#next() : [{ type: "again" }];
    }
    const full = "the relay takes no more transactions in this session";
    const failure = this.#options.transcript.failure("connection", full, { stage: "mail" });
    return [{ type: "done", outcome: this.#delivery.end(failure), begun: true }];
  }

  #endOfDots(type: "content" | "nothing"): readonly TransferMove[] {
    const isFirst = type === "nothing" && this.#options.line.owedBeside(this) === 0;
    this.#owed.push({ type, stage: type === "content" ? "content" : "data" });
    return [
      { type: "write", command: FINAL_DOT, isFirst },
      { type: "await", stage: "content" },
    ];
  }

  #refused(message: string, extension?: string): TransferMove {
    const facts = { stage: "mail", extension } as const;
    const failure = this.#options.transcript.failure("validation", message, facts);
    return { type: "done", outcome: this.#delivery.end(failure), begun: false };
  }
}

const FINAL_DOT: Command = { line: ".", log: "." };
