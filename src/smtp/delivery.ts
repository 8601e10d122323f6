/**
 * A mail on its way over one session: as many transactions as the relay's limits make of it, and one
 * result per recipient in the end (RFC 5321 §4.5.3.1.10, RFC 9422 §4).
 */
import type { Capabilities } from "./capabilities.ts";
import {
  dispositionOf,
  failed,
  isTransient,
  type Failure,
  type RefusedRecipient,
  type TransactionOutcome,
} from "./outcome.ts";
import { lackOf, type Lack } from "./parameters.ts";
import type { Reply } from "./reply.ts";
import { TransactionRun, type RunOptions, type Transaction } from "./transaction.ts";

type Accepted = Extract<TransactionOutcome, { readonly status: "accepted" }>;

export class Delivery {
  readonly transaction: Transaction;
  readonly #capabilities: Capabilities;
  readonly #accepted: string[] = [];
  readonly #refused: RefusedRecipient[] = [];
  /** Recipients that no transaction has had yet. */
  #left: readonly string[];
  readonly #unknown: string[] = [];
  #reply: Reply | undefined;

  constructor(transaction: Transaction, capabilities: Capabilities) {
    this.transaction = transaction;
    this.#capabilities = capabilities;
    this.#left = transaction.forwardPaths;
  }

  /** What the relay lacks for it, so that MAIL need not be tried; undefined where nothing. */
  lack(options: { readonly isSecured: boolean }): Lack | undefined {
    const { maxSizeOctets, keywords, limits } = this.#capabilities;
    const { sizeOctets = 0, smtpUtf8, eightBit, requests, recipientPolicy } = this.transaction;
    if (maxSizeOctets !== undefined && sizeOctets > maxSizeOctets) {
      const message = `the message has ${sizeOctets} octets, the relay takes ${maxSizeOctets}`;
      return { extension: "SIZE", message };
    }
    if (smtpUtf8 && !keywords.has("SMTPUTF8")) {
      const message = "an address is not ASCII, and the relay does not offer SMTPUTF8";
      return { extension: "SMTPUTF8", message };
    }
    if (eightBit === true && !keywords.has("8BITMIME")) {
      const message = "the message has 8-bit content, and the relay does not offer 8BITMIME";
      return { extension: "8BITMIME", message };
    }
    if (recipientPolicy === "all" && this.#chunkOf(this.#left).length < this.#left.length) {
      const name = limits.rcptMax === undefined ? "RCPTDOMAINMAX" : "RCPTMAX";
      const message = `to send to all recipients or none takes one transaction, and the relay's ${name} is too low`;
      return { extension: "LIMITS", message };
    }
    return requests === undefined ? undefined : lackOf(requests, this.#capabilities, options);
  }

  /**
   * The first transaction. Throws `InvalidCommand` where a recipient cannot stand in a command, be it one
   * of a later transaction: this must show before any has the mail.
   */
  first(options: RunOptions): TransactionRun {
    const run = this.next(options);
    if (run.transaction.forwardPaths.length < this.#left.length) {
      void new TransactionRun(this.transaction, this.#capabilities, options);
    }
    return run;
  }

  /** The next transaction. Throws `InvalidCommand` where the envelope cannot stand in a command. */
  next(options: RunOptions): TransactionRun {
    const forwardPaths = this.#chunkOf(this.#left);
    const isWhole = forwardPaths === this.transaction.forwardPaths;
    const transaction = isWhole ? this.transaction : { ...this.transaction, forwardPaths };
    return new TransactionRun(transaction, this.#capabilities, options);
  }

  /** Takes how a transaction ended: the whole outcome, or undefined where there is another to come. */
  absorb(run: TransactionRun, outcome: TransactionOutcome): TransactionOutcome | undefined {
    const tried = new Set(run.transaction.forwardPaths);
    const left = this.#left.filter((path) => !tried.has(path));
    if (outcome.status === "accepted") {
      this.#add(outcome);
      // RFC 5321 §4.5.3.1.10: 452, or 552 of old, after others were taken, says that these are enough.
      const over = outcome.refused.filter(({ reply }) => reply.code === 452 || reply.code === 552);
      this.#left = [...over.map(({ recipient }) => recipient), ...left];
      this.#refused.push(...outcome.refused.filter((refusal) => !over.includes(refusal)));
      return this.#left.length === 0 ? this.#whole() : undefined;
    }
    const refused = outcome.failure.refused ?? [];
    const isAboutThem = outcome.failure.stage === "rcpt" && refused.length === tried.size;
    if (!isAboutThem || this.transaction.recipientPolicy === "all" || left.length === 0) {
      return this.end(outcome.failure, run);
    }
    // These are refused one by one, which says nothing about the others.
    this.#refused.push(...refused);
    this.#left = left;
    return undefined;
  }

  /** The outcome where the transaction under way, if any, and all that would follow come to nothing. */
  end(failure: Failure, run?: TransactionRun): TransactionOutcome {
    const refusals = run?.refusals().refused ?? [];
    if (this.#reply === undefined) return this.#failed(failure, refusals);
    // Some have it already, so the mail is accepted, and each of the others has a result of its own.
    this.#refused.push(...refusals);
    const known = new Set(refusals.map(({ recipient }) => recipient));
    const tried = new Set(run?.transaction.forwardPaths);
    const isUnknown = dispositionOf(failure) === "unknown";
    for (const recipient of this.#left.filter((path) => !known.has(path))) {
      if (!tried.has(recipient)) {
        const reply = { code: 451, lines: [`4.4.2 Not tried: ${failure.message}`] };
        this.#refused.push({ recipient, reply, untried: true });
      } else if (isUnknown) {
        this.#unknown.push(recipient);
      } else {
        const reply = failure.reply ?? { code: 451, lines: [`4.4.2 ${failure.message}`] };
        this.#refused.push({ recipient, reply });
      }
    }
    return this.#whole();
  }

  /** Nobody has it: the failure, with the refusals of all transactions. */
  #failed(failure: Failure, refusals: readonly RefusedRecipient[]): TransactionOutcome {
    const refused = [...this.#refused, ...refusals];
    const evidence = refused.length === 0 ? {} : { refused };
    // Refused one by one: a recipient that may be taken later makes the mail worth a retry.
    const later =
      failure.stage === "rcpt" && this.transaction.recipientPolicy === "any"
        ? refused.find(({ reply }) => isTransient(reply))
        : undefined;
    const reply = failure.cause === "reply" && later !== undefined ? { reply: later.reply } : {};
    return failed({ ...failure, ...reply, ...evidence });
  }

  #add(outcome: Accepted): void {
    this.#accepted.push(...outcome.accepted);
    this.#reply = outcome.reply;
  }

  #whole(): TransactionOutcome {
    const { forwardPaths } = this.transaction;
    const reply = this.#reply ?? { code: 250, lines: [] };
    if (this.#accepted.length === forwardPaths.length) {
      return { status: "accepted", accepted: forwardPaths, refused: [], reply };
    }
    const accepted = new Set(this.#accepted);
    const refused = new Map(this.#refused.map((refusal) => [refusal.recipient, refusal]));
    return {
      status: "accepted",
      accepted: forwardPaths.filter((path) => accepted.has(path)),
      refused: forwardPaths.flatMap((path) => refused.get(path) ?? []),
      ...(this.#unknown.length === 0 ? {} : { unknown: this.#unknown }),
      reply,
    };
  }

  /** As many of the recipients, in order, as one transaction may have (RFC 9422 §4.2, §4.3). */
  #chunkOf(paths: readonly string[]): readonly string[] {
    const { rcptMax = Infinity, rcptDomainMax = Infinity } = this.#capabilities.limits;
    if (rcptMax >= paths.length && rcptDomainMax >= paths.length) return paths;
    const domains = new Set<string>();
    const chunk: string[] = [];
    for (const path of paths) {
      const domain = path.slice(path.lastIndexOf("@") + 1).toLowerCase();
      if (!domains.has(domain) && domains.size >= rcptDomainMax) continue;
      if (chunk.length >= rcptMax) break;
      domains.add(domain);
      chunk.push(path);
    }
    return chunk;
  }
}
