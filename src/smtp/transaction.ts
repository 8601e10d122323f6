/**
 * One mail transaction (RFC 5321 §3.3): which commands may be written now, and what their replies add
 * up to. Works in groups where the relay offers PIPELINING (RFC 2920 §3.1), else command by command; the
 * content goes by BDAT where it offers CHUNKING (RFC 3030 §2), else by DATA. Knows the envelope and the
 * size, never the content; the dialogue owns the stream and the order of replies.
 */
import type { Capabilities } from "./capabilities.ts";
import { bdatLast, checkCommand, DATA, mailFrom, rcptTo, RSET, type Command } from "./command.ts";
import {
  failed,
  isTransient,
  type Failure,
  type RefusedRecipient,
  type TransactionOutcome,
} from "./outcome.ts";
import { mailWords, rcptWords, type Requests } from "./parameters.ts";
import { describeReply, type Reply } from "./reply.ts";
import type { Stage } from "./timeouts.ts";

export interface Transaction {
  /** "" is the null reverse-path (RFC 5321 §4.5.5). */
  readonly reversePath: string;
  /** At least one, without duplicates. */
  readonly forwardPaths: readonly string[];
  /** An address or header field needs it (RFC 6531 §3.4). */
  readonly smtpUtf8: boolean;
  /** The content has octets over 127, besides what SMTPUTF8 implies (RFC 6152 §3). */
  readonly eightBit?: boolean;
  /** Octets of the content with its CRLFs, before dot-stuffing (RFC 1870 §5); absent if unknown. */
  readonly sizeOctets?: number;
  /** `all`: nothing is sent unless every recipient is taken. */
  readonly recipientPolicy: RecipientPolicy;
  readonly requests?: Requests | undefined;
}

export type RecipientPolicy = "any" | "all";

/**
 * Something that a reply is owed for. `content`: the final dot is written, or all octets of BDAT, and
 * the reply decides about the whole mail; until then it is `bdat`. `nothing`: a lone final dot, only to
 * leave DATA (RFC 2920 §3.1).
 */
export interface Step {
  readonly type: "rset" | "mail" | "rcpt" | "data" | "bdat" | "content" | "nothing";
  readonly stage: Stage;
}

export type CommandStep = Step & { readonly command: Command };

/** What a reply leads to: nothing special, the content, a lone final dot, or the end of the stream. */
export type Next =
  | { readonly type: "continue" }
  | { readonly type: "content" }
  | { readonly type: "lone-dot" }
  | { readonly type: "fault"; readonly detail: string };

export interface RunOptions {
  /** The relay may still hold pieces of the transaction before: RSET goes first. */
  readonly reset: boolean;
  /**
   * Content may go out before the relay has answered MAIL and RCPT. Not on a session that has been idle:
   * if it died since, all content would be handed over at once, and nobody could tell.
   */
  readonly mayGoUnasked: boolean;
}

type FailureFacts = Omit<Failure, "transcript">;

/**
 * Replies that may be outstanding. A relay writes its replies while we write; so many of them fit any
 * socket buffer, so that neither side waits for the other to read (RFC 2920 §3.1), and all of the 100
 * recipients that every relay takes (RFC 5321 §4.5.3.1.8) go in one group with the content.
 */
const MAX_OUTSTANDING = 250;
/**
 * Content up to this goes out in the group of its MAIL and RCPT; more waits to hear that somebody is to
 * get it, which costs a round trip and saves the octets (RFC 3030 §2: the relay must read them all).
 */
const MAX_UNASKED_OCTETS = 64 * 1024;

export class TransactionRun {
  readonly transaction: Transaction;
  /** Octets to announce by BDAT; undefined where the content goes by DATA. */
  readonly #bdatOctets: number | undefined;
  readonly #mayGoUnasked: boolean;
  readonly #pipelining: boolean;
  readonly #rcptCommands: readonly Command[];
  readonly #accepted = new Set<string>();
  readonly #refused: RefusedRecipient[] = [];
  #toWrite: CommandStep[];
  #nextRcpt = 0;
  #answeredRcpts = 0;
  #contentAsked = false;
  #wasContentUnknown = false;
  #failure: FailureFacts | undefined;
  #finalReply: Reply | undefined;

  /** Throws `InvalidCommand` where the envelope cannot stand in a command. */
  constructor(transaction: Transaction, capabilities: Capabilities, options: RunOptions) {
    const { reversePath, forwardPaths, sizeOctets, smtpUtf8, eightBit, requests } = transaction;
    const { keywords } = capabilities;
    this.transaction = transaction;
    this.#pipelining = keywords.has("PIPELINING");
    this.#bdatOctets = keywords.has("CHUNKING") ? sizeOctets : undefined;
    this.#mayGoUnasked = options.mayGoUnasked && (sizeOctets ?? 0) <= MAX_UNASKED_OCTETS;
    const mail = mailFrom(reversePath, {
      sizeOctets: keywords.has("SIZE") ? sizeOctets : undefined,
      smtpUtf8,
      // RFC 6532 §3.1: header fields in UTF-8 are 8-bit content.
      eightBitMime: (smtpUtf8 || eightBit === true) && keywords.has("8BITMIME"),
      words: requests === undefined ? undefined : mailWords(requests),
    });
    this.#rcptCommands = forwardPaths.map((path) =>
      rcptTo(path, requests === undefined ? [] : rcptWords(requests, path)),
    );
    checkCommand(mail);
    this.#rcptCommands.forEach(checkCommand);
    this.#toWrite = [{ type: "mail", stage: "mail", command: mail }];
    if (options.reset) this.#toWrite.unshift({ type: "rset", stage: "mail", command: RSET });
  }

  /** The content goes by BDAT. */
  get isByBdat(): boolean {
    return this.#bdatOctets !== undefined;
  }

  /** The commands that may be written while `outstanding` replies are owed, and some to other mails. */
  advance(outstanding: number, beside = 0): readonly CommandStep[] {
    const steps: CommandStep[] = [];
    for (;;) {
      const owed = outstanding + steps.length;
      if (owed + beside >= (this.#pipelining ? MAX_OUTSTANDING : 1)) return steps;
      const step = this.#toWrite.shift() ?? this.#nextStep(owed);
      if (step === undefined) return steps;
      steps.push(step);
    }
  }

  /** Takes the reply to a step. */
  take(step: Step, reply: Reply): Next {
    if (reply.code >= 300 && reply.code < 400 && step.type !== "data") {
      return unexpected(step.type, reply);
    }
    const positive = reply.code < 300;
    switch (step.type) {
      case "rset":
        return positive ? CONTINUE : unexpected(step.type, reply);
      case "mail":
        if (!positive) this.#fail("mail", reply, "the relay refused the sender");
        return CONTINUE;
      case "rcpt":
        this.#takeRcpt(reply, positive);
        return CONTINUE;
      case "data":
        return this.#takeData(reply);
      case "bdat":
        // The relay gives up before it has all: what is left must still follow (RFC 3030 §2).
        return positive ? unexpected(step.type, reply) : this.#takeContent(reply);
      case "content":
        return this.#takeContent(reply);
      case "nothing":
        // Even a 2yz: what was accepted is an empty message to nobody.
        return CONTINUE;
    }
  }

  /** How it ended, where no reply is owed and no command is left. A failure needs the transcript. */
  outcome(transcript: () => readonly string[]): TransactionOutcome | undefined {
    if (this.#finalReply !== undefined) {
      const accepted = this.transaction.forwardPaths.filter((path) => this.#accepted.has(path));
      return { status: "accepted", accepted, refused: this.#refused, reply: this.#finalReply };
    }
    const failure = this.#failure ?? this.#recipientFailure();
    return failure === undefined
      ? undefined
      : failed({ ...failure, ...this.refusals(), transcript: transcript() });
  }

  /** The refused recipients so far, as a part of a Failure. */
  refusals(): { readonly refused?: readonly RefusedRecipient[] } {
    return this.#refused.length === 0 ? {} : { refused: this.#refused };
  }

  /** The relay offers CHUNKING and does not know BDAT. */
  get wasBdatUnknown(): boolean {
    return this.#bdatOctets !== undefined && this.#wasContentUnknown;
  }

  /** The stage of what is done while no reply is owed. */
  get stage(): Stage {
    return this.#contentAsked ? "content" : "mail";
  }

  /** Whether the relay may still hold a piece of this transaction (RFC 5321 §4.1.1.5). */
  get leavesTransactionOpen(): boolean {
    const isDone = this.#finalReply !== undefined || this.#failure?.stage === "content";
    // RFC 3030 §2: after a BDAT that failed the relay waits for RSET.
    return !isDone || (this.#bdatOctets !== undefined && this.#finalReply === undefined);
  }

  #nextStep(owed: number): CommandStep | undefined {
    if (this.#failure !== undefined || this.#contentAsked) return undefined;
    const rcpt = this.#rcptCommands[this.#nextRcpt];
    if (rcpt !== undefined) {
      this.#nextRcpt += 1;
      return { type: "rcpt", stage: "rcpt", command: rcpt };
    }
    // To send to all or to none, every reply must be known before the content.
    const isBdat = this.#bdatOctets !== undefined;
    const mustWait =
      !this.#pipelining ||
      this.transaction.recipientPolicy === "all" ||
      (isBdat && !this.#mayGoUnasked);
    if (owed > 0 && mustWait) return undefined;
    if (this.#recipientFailure() !== undefined) return undefined;
    this.#contentAsked = true;
    return this.#bdatOctets === undefined
      ? { type: "data", stage: "data", command: DATA }
      : { type: "bdat", stage: "content", command: bdatLast(this.#bdatOctets) };
  }

  #takeRcpt(reply: Reply, positive: boolean): void {
    const recipient = this.transaction.forwardPaths[this.#answeredRcpts] ?? "";
    this.#answeredRcpts += 1;
    // RFC 5321 §3.4: 251 and 252 are acceptances; an address in their text is not for us to use.
    if (positive) this.#accepted.add(recipient);
    else this.#refused.push({ recipient, reply });
  }

  #takeData(reply: Reply): Next {
    if (reply.code === 354) return { type: this.#isWanted ? "content" : "lone-dot" };
    if (reply.code < 400) return unexpected("data", reply);
    if (this.#isWanted) this.#fail("data", reply, "the relay refused to take the message");
    return CONTINUE;
  }

  #takeContent(reply: Reply): Next {
    // RFC 5321 §4.2.4: whoever knows the command would refuse it otherwise.
    this.#wasContentUnknown = [500, 502, 504].includes(reply.code);
    // A BDAT for nobody may be accepted or not: what decides came before.
    if (!this.#isWanted) return CONTINUE;
    if (reply.code < 300) this.#finalReply = reply;
    else this.#fail("content", reply, "the relay refused the message");
    return CONTINUE;
  }

  get #isWanted(): boolean {
    return this.#failure === undefined && this.#recipientFailure() === undefined;
  }

  #recipientFailure(): FailureFacts | undefined {
    const count = this.transaction.forwardPaths.length;
    const [first, ...others] = this.#refused;
    if (first === undefined) return undefined;
    const none = this.#refused.length === count;
    const all = this.transaction.recipientPolicy === "all";
    if (!none && !all) return undefined;
    // One that may be taken later makes a mail for any worth a retry; one that never is, makes a mail
    // for all of them hopeless.
    const decides = ({ reply }: RefusedRecipient): boolean => isTransient(reply) !== all;
    const { reply } = [first, ...others].find(decides) ?? first;
    const who = none ? (count === 1 ? "the recipient" : "every recipient") : "a recipient";
    return failureBy(reply, "rcpt", `the relay refused ${who}`);
  }

  #fail(stage: Stage, reply: Reply, what: string): void {
    this.#failure = { ...failureBy(reply, stage, what), ...extensionOf(stage, reply) };
  }
}

const CONTINUE: Next = { type: "continue" };

function failureBy(reply: Reply, stage: Stage, what: string): FailureFacts {
  // RFC 4954 §6: 530 and 538 are about our access, wherever they come.
  const cause = reply.code === 530 || reply.code === 538 ? "auth" : "reply";
  return { cause, stage, reply, message: `${what}: ${describeReply(reply)}` };
}

function unexpected(to: Step["type"], reply: Reply): Next {
  return { type: "fault", detail: `${describeReply(reply)} is no answer to ${to}` };
}

/** RFC 1870 §6.1: 552 at MAIL or after the content, or 5.3.4 (RFC 3463 §3.4), is about the size. */
function extensionOf(stage: Stage, reply: Reply): { readonly extension?: string } {
  const isAboutSize = reply.enhanced === "5.3.4" || (reply.code === 552 && !reply.enhanced);
  return isAboutSize && (stage === "mail" || stage === "content") ? { extension: "SIZE" } : {};
}
