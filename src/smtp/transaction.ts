/**
 * One mail transaction (RFC 5321 §3.3): which commands may be written now, and what their replies add
 * up to. Works in groups where the relay offers PIPELINING (RFC 2920 §3.1), else command by command. Knows
 * the envelope and the size, never the content; the dialogue owns the stream and the order of replies.
 */
import type { Capabilities } from "./capabilities.ts";
import { DATA, encodeCommand, mailFrom, rcptTo, RSET, type Command } from "./command.ts";
import { failed, type Failure, type RefusedRecipient, type TransactionOutcome } from "./outcome.ts";
import { describeReply, type Reply } from "./reply.ts";
import type { Stage } from "./timeouts.ts";

export interface Transaction {
  /** "" is the null reverse-path (RFC 5321 §4.5.5). */
  readonly reversePath: string;
  /** At least one, without duplicates. */
  readonly forwardPaths: readonly string[];
  /** An address or header field needs it (RFC 6531 §3.4). */
  readonly smtpUtf8: boolean;
  /** Octets of the content with its CRLFs, before dot-stuffing (RFC 1870 §3); absent if unknown. */
  readonly sizeOctets?: number;
  /** `all`: nothing is sent unless every recipient is taken. */
  readonly recipientPolicy: RecipientPolicy;
}

export type RecipientPolicy = "any" | "all";

/** What the relay lacks for a transaction, so that MAIL need not be tried; undefined where nothing. */
export function lackFor(
  transaction: Transaction,
  capabilities: Capabilities,
): { readonly extension: string; readonly message: string } | undefined {
  const { maxSizeOctets, keywords } = capabilities;
  const { sizeOctets = 0, smtpUtf8 } = transaction;
  if (maxSizeOctets !== undefined && sizeOctets > maxSizeOctets) {
    const message = `the message has ${sizeOctets} octets, the relay takes ${maxSizeOctets}`;
    return { extension: "SIZE", message };
  }
  if (smtpUtf8 && !keywords.has("SMTPUTF8")) {
    const message = "an address is not ASCII, and the relay does not offer SMTPUTF8";
    return { extension: "SMTPUTF8", message };
  }
  return undefined;
}

/** Something that a reply is owed for. */
export interface Step {
  readonly type: "rset" | "mail" | "rcpt" | "data" | "content" | "nothing";
  readonly stage: Stage;
}

export type CommandStep = Step & { readonly command: Command };

/** What a reply leads to: nothing special, the content, a lone final dot, or the end of the stream. */
export type Next =
  | { readonly type: "continue" }
  | { readonly type: "content" }
  | { readonly type: "lone-dot" }
  | { readonly type: "fault"; readonly detail: string };

type FailureFacts = Omit<Failure, "transcript">;

/**
 * Replies that may be outstanding in a group. A relay writes its replies while we write; 100 of them
 * fit any socket buffer, so that neither side waits for the other to read (RFC 2920 §3.1).
 */
const MAX_OUTSTANDING = 100;

/** The final dot is written: the next reply decides about the whole mail. */
export const CONTENT_STEP: Step = { type: "content", stage: "content" };
/** A lone final dot is written, only to leave DATA: its reply decides nothing (RFC 2920 §3.1). */
export const NOTHING_STEP: Step = { type: "nothing", stage: "data" };

export class TransactionRun {
  readonly transaction: Transaction;
  readonly #pipelining: boolean;
  readonly #rcptCommands: readonly Command[];
  readonly #accepted: string[] = [];
  readonly #refused: RefusedRecipient[] = [];
  #toWrite: CommandStep[];
  #nextRcpt = 0;
  #answeredRcpts = 0;
  #dataWritten = false;
  #failure: FailureFacts | undefined;
  #finalReply: Reply | undefined;

  /** Throws `InvalidCommand` where the envelope cannot stand in a command. */
  constructor(transaction: Transaction, capabilities: Capabilities, options: { reset: boolean }) {
    this.transaction = transaction;
    this.#pipelining = capabilities.keywords.has("PIPELINING");
    const mail = mailFrom(transaction.reversePath, {
      ...(transaction.sizeOctets !== undefined && capabilities.keywords.has("SIZE")
        ? { sizeOctets: transaction.sizeOctets }
        : {}),
      smtpUtf8: transaction.smtpUtf8,
      // RFC 6532 §3.1: header fields in UTF-8 are 8-bit content.
      eightBitMime: transaction.smtpUtf8 && capabilities.keywords.has("8BITMIME"),
    });
    this.#rcptCommands = transaction.forwardPaths.map((path) => rcptTo(path));
    for (const command of [mail, ...this.#rcptCommands]) encodeCommand(command);
    this.#toWrite = [{ type: "mail", stage: "mail", command: mail }];
    if (options.reset) this.#toWrite.unshift({ type: "rset", stage: "mail", command: RSET });
  }

  /** The commands that may be written while `outstanding` replies are owed. */
  advance(outstanding: number): readonly CommandStep[] {
    const steps: CommandStep[] = [];
    for (;;) {
      const owed = outstanding + steps.length;
      if (owed >= (this.#pipelining ? MAX_OUTSTANDING : 1)) return steps;
      const step = this.#toWrite.shift() ?? this.#nextStep(owed);
      if (step === undefined) return steps;
      steps.push(step);
    }
  }

  /** Takes the reply to a step. */
  take(step: Step, reply: Reply): Next {
    if (reply.code >= 300 && reply.code < 400 && step.type !== "data") {
      return unexpected(step, reply);
    }
    const positive = reply.code < 300;
    switch (step.type) {
      case "rset":
        return positive ? CONTINUE : unexpected(step, reply);
      case "mail":
        if (!positive) this.#fail("mail", reply, "the relay refused the sender");
        return CONTINUE;
      case "rcpt":
        this.#takeRcpt(reply, positive);
        return CONTINUE;
      case "data":
        return this.#takeData(reply);
      case "content":
        if (positive) this.#finalReply = reply;
        else this.#fail("content", reply, "the relay refused the message");
        return CONTINUE;
      case "nothing":
        // Even a 2yz: what was accepted is an empty message to nobody.
        return CONTINUE;
    }
  }

  /** How it ended, where no reply is owed and no command is left; the transcript is the caller's. */
  outcome(transcript: readonly string[]): TransactionOutcome | undefined {
    if (this.#finalReply !== undefined) {
      const { forwardPaths } = this.transaction;
      // Recipients were refused out of order of the list only by the relay's will: keep our order.
      const accepted = forwardPaths.filter((path) => this.#accepted.includes(path));
      return { status: "accepted", accepted, refused: this.#refused, reply: this.#finalReply };
    }
    const failure = this.#failure ?? this.#recipientFailure();
    return failure === undefined
      ? undefined
      : failed({ ...failure, ...this.refusals(), transcript });
  }

  /** The refused recipients so far, as a part of a Failure. */
  refusals(): { readonly refused?: readonly RefusedRecipient[] } {
    return this.#refused.length === 0 ? {} : { refused: this.#refused };
  }

  /** The stage of what is done while no reply is owed. */
  get stage(): Stage {
    return this.#dataWritten ? "content" : "mail";
  }

  /** Whether the relay may still hold a piece of this transaction (RFC 5321 §4.1.1.5). */
  get leavesTransactionOpen(): boolean {
    return this.#finalReply === undefined && this.#failure?.stage !== "content";
  }

  #nextStep(owed: number): CommandStep | undefined {
    if (this.#failure !== undefined || this.#dataWritten) return undefined;
    const rcpt = this.#rcptCommands[this.#nextRcpt];
    if (rcpt !== undefined) {
      this.#nextRcpt += 1;
      return { type: "rcpt", stage: "rcpt", command: rcpt };
    }
    // To send to all or to none, every reply must be known before DATA.
    const mustWait = !this.#pipelining || this.transaction.recipientPolicy === "all";
    if (owed > 0 && mustWait) return undefined;
    if (owed === 0 && this.#recipientFailure() !== undefined) return undefined;
    this.#dataWritten = true;
    return { type: "data", stage: "data", command: DATA };
  }

  #takeRcpt(reply: Reply, positive: boolean): void {
    const recipient = this.transaction.forwardPaths[this.#answeredRcpts] ?? "";
    this.#answeredRcpts += 1;
    // RFC 5321 §3.4: 251 and 252 are acceptances; an address in their text is not for us to use.
    if (positive) this.#accepted.push(recipient);
    else this.#refused.push({ recipient, reply });
  }

  #takeData(reply: Reply): Next {
    const wanted = this.#failure === undefined && this.#recipientFailure() === undefined;
    if (reply.code === 354) return { type: wanted ? "content" : "lone-dot" };
    if (reply.code < 400) return unexpected({ type: "data", stage: "data" }, reply);
    if (wanted) this.#fail("data", reply, "the relay refused to take the message");
    return CONTINUE;
  }

  #recipientFailure(): FailureFacts | undefined {
    const count = this.transaction.forwardPaths.length;
    const first = this.#refused[0];
    if (first === undefined) return undefined;
    const none = this.#refused.length === count;
    if (!none && this.transaction.recipientPolicy === "any") return undefined;
    const who = none ? (count === 1 ? "the recipient" : "every recipient") : "a recipient";
    return {
      cause: "reply",
      stage: "rcpt",
      reply: first.reply,
      message: `the relay refused ${who}: ${describeReply(first.reply)}`,
    };
  }

  #fail(stage: Stage, reply: Reply, what: string): void {
    this.#failure = {
      cause: "reply",
      stage,
      reply,
      message: `${what}: ${describeReply(reply)}`,
      ...extensionOf(stage, reply),
    };
  }
}

const CONTINUE: Next = { type: "continue" };

function unexpected(step: Step, reply: Reply): Next {
  return { type: "fault", detail: `${describeReply(reply)} is no answer to ${step.type}` };
}

/** RFC 1870 §6.1: 552 at MAIL or after the content, or 5.3.4 (RFC 3463 §3.4), is about the size. */
function extensionOf(stage: Stage, reply: Reply): { readonly extension?: string } {
  const isAboutSize = reply.enhanced === "5.3.4" || (reply.code === 552 && !reply.enhanced);
  return isAboutSize && (stage === "mail" || stage === "content") ? { extension: "SIZE" } : {};
}
