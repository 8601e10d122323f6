/**
 * Drives a Dialogue over a Connection: performs its effects in order, reads when it says so, and turns
 * what the platform throws into interruptions. One loop, one read at a time, no decision about mail.
 */
import { Dialogue } from "../smtp/dialogue.ts";
import type { DialogueOptions, Effect } from "../smtp/effect.ts";
import type { Capabilities } from "../smtp/capabilities.ts";
import type { Content } from "../smtp/content.ts";
import type { Failure, TransactionOutcome } from "../smtp/outcome.ts";
import type { Question } from "../smtp/sasl/exchange.ts";
import { timeoutMs, TIMEOUT_MS } from "../smtp/timeouts.ts";
import type { Transaction } from "../smtp/transaction.ts";
import { Transparency } from "../smtp/transparency.ts";
import { ask } from "./ask.ts";
import type { Address, Connect, Connection } from "./connection.ts";
import { BLOCK_OCTETS, blocksOf, eachBlock } from "./content.ts";
import { Cork } from "./cork.ts";
import { dial } from "./dial.ts";
import { SessionRecord, type SessionReport } from "./session-record.ts";
import { Intake, type Arrival } from "./intake.ts";
import { Watch } from "./watch.ts";
import { within, wordsOf } from "./within.ts";

export interface SessionOptions extends DialogueOptions {
  readonly address: Address;
  readonly connect: Connect;
  /** Called once, when the connection is let go of. */
  readonly onEnd?: (report: SessionReport) => void;
}

export interface Settlement {
  readonly outcome: TransactionOutcome;
  /** False where nothing of the transaction was ever written, so that it may go elsewhere. */
  readonly begun: boolean;
}

/**
 * A session that was heard from no longer ago is taken to be there: content may go out with MAIL and RCPT.
 * One that was idle for longer has to answer MAIL first, so that its silent end cannot leave a mail in doubt.
 */
const TRUST_MS = 5_000;

/** How lately a session must have been heard from not to be given a moment to say that it is closing. */
const FRESH_MS = 1_000;

/** After a failed write, how long a last word of the relay (a 4yz or 5yz) is waited for. */
const LAST_WORD_MS = 250;

/** One connection to a relay and the mails sent over it. Dials at the first need. */
export class Session {
  readonly #options: SessionOptions;
  readonly #dialogue: Dialogue;
  readonly #waiting = new Map<Transaction, Waiting>();
  #connection: Connection | undefined;
  #intake: Intake | undefined;
  readonly #watch = new Watch();
  #todo: Effect[] = [];
  readonly #cork = new Cork();
  #deadline = 0;
  #awaitMs = 0;
  /** The time of the wait has not begun: its command is not out yet. */
  #isArmed = false;
  #heardAt = 0;
  #hasServed = false;
  #looking: Promise<void> | undefined;
  readonly #giveUp = new AbortController();
  #dialled = false;
  readonly #record = new SessionRecord();
  #running = false;
  #loop: Promise<void> | undefined;
  #announceOpen: (() => void) | undefined;
  readonly #opened: Promise<void>;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#dialogue = new Dialogue(options);
    this.#opened = new Promise((resolve) => {
      this.#announceOpen = resolve;
    });
  }

  /** No mail can begin on this session any more. */
  get isOver(): boolean {
    return this.#dialogue.isOver;
  }

  get capabilities(): Capabilities | undefined {
    return this.#dialogue.capabilities;
  }

  get transcript(): readonly string[] {
    return this.#dialogue.transcript;
  }

  /** Resolves when mail can be sent, or with the failure that prevents it. */
  async open(): Promise<Failure | undefined> {
    this.#drive([]);
    await this.#opened;
    return this.#dialogue.failure;
  }

  /** It was ready for mail, be it only for a while. */
  get hasOpened(): boolean {
    return this.#record.hasOpened;
  }

  /** The relay has decided about a mail on it. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  /** The mechanism by which the relay took the credentials. */
  get authenticatedBy(): string | undefined {
    return this.#dialogue.authenticatedBy;
  }

  /** The mails went out with an AUTH that the relay did not take: with another they may be taken. */
  get isInVain(): boolean {
    return this.#dialogue.isInVain;
  }

  /** How the transaction ended. It begins in its turn, and is awaited with others. Never rejects. */
  async submit(transaction: Transaction, content: Content): Promise<Settlement> {
    if (this.#connection !== undefined && !this.#running) {
      // A reply a moment ago is as good a sign as a turn of the event loop for what may have come.
      if (this.#looking === undefined && Date.now() - this.#heardAt < FRESH_MS) {
        this.#receiveEarly();
      } else {
        // Mails that are submitted together look together: one wait at a time.
        this.#looking ??= this.#look();
        await this.#looking;
      }
    }
    const settlement = new Promise<Settlement>((resolve) => {
      this.#waiting.set(transaction, { content, resolve });
    });
    const isAlive = Date.now() - this.#heardAt < TRUST_MS;
    this.#drive(this.#dialogue.submit(transaction, { isAlive }));
    return settlement;
  }

  /** QUIT, as a courtesy: resolves when the connection is let go of, within the quit timeout. */
  async quit(): Promise<void> {
    this.#drive(this.#dialogue.quit());
    if (this.#connection === undefined) this.#giveUp.abort(new Error("nobody waits any more"));
    await this.#loop;
  }

  /** Takes what came while nothing was asked for: a relay that idles out says so, or just closes. */
  async #look(): Promise<void> {
    // A turn of the event loop is enough for what is there.
    await this.#intake?.wait(0);
    this.#looking = undefined;
    this.#receiveEarly();
    this.#drive([]);
    await this.#loop;
  }

  #drive(effects: readonly Effect[]): void {
    this.#todo.push(...effects);
    if (this.#running) {
      this.#intake?.wake();
      return;
    }
    this.#running = true;
    this.#loop = this.#run();
  }

  async #run(): Promise<void> {
    try {
      if (!this.#dialled) await this.#dial();
      await this.#performAll();
    } catch (error) {
      // A fault of ours: whoever waits must still hear of it, and the stream cannot go on.
      this.#todo.push(...this.#dialogue.interrupt("fault", wordsOf(error)));
      await this.#performAll();
    }
  }

  async #performAll(): Promise<void> {
    for (;;) {
      const effect = this.#todo.shift();
      if (effect !== undefined) {
        // Most effects need no wait, and a wait for nothing costs a turn.
        const work = this.#perform(effect);
        if (work !== undefined) await work;
      } else if (this.#cork.octets > 0) {
        await this.#flush();
      } else if (this.#dialogue.isAwaiting) {
        await this.#receive();
      } else {
        // A relay that closes is to be seen before the next mail is begun.
        if (this.#dialogue.capabilities !== undefined) this.#intake?.begin();
        // In the same turn as the last look: what comes later must start the loop anew.
        this.#running = false;
        return;
      }
      if (this.#dialogue.capabilities !== undefined) this.#record.opened();
      if (this.#dialogue.capabilities !== undefined || this.isOver) this.#announceOpen?.();
    }
  }

  async #dial(): Promise<void> {
    this.#dialled = true;
    this.#record.dialled();
    if (this.isOver) return;
    const { address, connect, timeouts = {} } = this.#options;
    const limits = { ms: timeoutMs("connect", timeouts), giveUp: this.#giveUp };
    const dialled = await dial(address, connect, limits);
    if (dialled.type === "value") {
      this.#connection = dialled.value;
      this.#intake = new Intake(dialled.value, this.#watch);
      if (this.isOver) dialled.value.close();
      else this.#todo.push(...this.#dialogue.start());
    } else if (dialled.type === "timeout") {
      this.#todo.push(...this.#dialogue.interrupt("timeout"));
    } else {
      this.#todo.push(...this.#dialogue.interrupt("connect", wordsOf(dialled.error)));
    }
  }

  #perform(effect: Effect): Promise<void> | undefined {
    switch (effect.type) {
      case "write":
        this.#cork.push(effect.bytes);
        return undefined;
      case "content":
        return this.#stream(effect.transaction, effect.framing);
      case "ask":
        return this.#ask(effect.question);
      case "startTls":
        return this.#startTls();
      case "await":
        this.#awaitMs = effect.timeoutMs;
        this.#deadline = Date.now() + effect.timeoutMs;
        this.#isArmed = true;
        return undefined;
      case "settle": {
        const waiting = this.#waiting.get(effect.transaction);
        this.#waiting.delete(effect.transaction);
        this.#record.settled();
        this.#hasServed ||= isDecided(effect.outcome);
        waiting?.resolve({ outcome: effect.outcome, begun: effect.begun });
        return undefined;
      }
      case "close":
        this.#cork.take();
        this.#watch.close();
        this.#connection?.close();
        this.#record.end(this.#dialogue.failure, this.#options.onEnd);
        return undefined;
    }
  }

  async #startTls(): Promise<void> {
    await this.#flush();
    if (this.isOver || this.#connection === undefined) return;
    const ms = timeoutMs("tls", this.#options.timeouts ?? {});
    const swapped = await within(ms, this.#connection.startTls());
    const effects =
      swapped.type === "value"
        ? this.#dialogue.secured()
        : swapped.type === "timeout"
          ? this.#dialogue.interrupt("timeout")
          : this.#dialogue.interrupt("tls", wordsOf(swapped.error));
    this.#todo.push(...effects);
  }

  async #ask(question: Question): Promise<void> {
    const answer = await ask(question, timeoutMs("auth", this.#options.timeouts ?? {}));
    this.#todo.push(...this.#dialogue.answer(answer));
  }

  /** Streams the content of a transaction; the final dot, where there is one, is the dialogue's. */
  async #stream(transaction: Transaction, framing: "dots" | "octets"): Promise<void> {
    const content = this.#waiting.get(transaction)?.content ?? NO_CONTENT;
    const ms = this.#options.timeouts?.dataBlock ?? TIMEOUT_MS.dataBlock;
    const transparency = framing === "dots" ? new Transparency() : undefined;
    let octets = 0;
    this.#cork.mark();
    try {
      const isThrough = await eachBlock(blocksOf(content, ms), (block) => {
        octets += block.length;
        this.#cork.push(transparency?.push(block) ?? block);
        // The last octet of BDAT must not go out before the dialogue knows that it does: from then on
        // the relay may have the mail.
        const isLast = transparency === undefined && octets >= (transaction.sizeOctets ?? 0);
        return isLast || this.#cork.octets < BLOCK_OCTETS ? true : this.#relieve();
      });
      if (!isThrough) return;
      if (transparency === undefined && octets !== transaction.sizeOctets) {
        // RFC 3030 §2: the relay counts; one octet more or less and it reads commands as content.
        throw new Error(`it has ${octets} octets, and ${transaction.sizeOctets} were announced`);
      }
    } catch (error) {
      const detail = `the content could not be read to its end: ${wordsOf(error) ?? "no reason"}`;
      // What was read already must not follow the mails before it: it may be whole by its octets.
      this.#cork.backToMark();
      this.#todo.push(...this.#dialogue.contentFailed(detail));
      return;
    }
    if (transparency !== undefined) this.#cork.push(transparency.end());
    this.#todo.push(...this.#dialogue.contentSent());
  }

  /** Writes content while there is more to come; whether it may come. */
  async #relieve(): Promise<boolean> {
    await this.#flush();
    this.#receiveEarly();
    return !this.isOver;
  }

  /** Writes all that is corked, as one write. */
  async #flush(): Promise<void> {
    const octets = this.#cork.take();
    if (octets.length === 0 || this.#connection === undefined) return;
    const ms = this.#options.timeouts?.dataBlock ?? TIMEOUT_MS.dataBlock;
    // RFC 2920 §3.1: who writes must read, or both sides wait for each other. Never before TLS is up.
    if (this.#dialogue.capabilities !== undefined) this.#intake?.begin();
    const written = await this.#watch.within(ms, this.#connection.write(octets));
    if (written.type === "timeout") {
      this.#todo.push(...this.#dialogue.interrupt("timeout"));
    } else if (written.type === "error") {
      // A relay may say why, then close; its word is worth more than the broken pipe.
      await this.#intake?.wait(LAST_WORD_MS);
      this.#receiveEarly();
      this.#todo.push(...this.#dialogue.interrupt("eof", wordsOf(written.error)));
    } else {
      // The clock of a reply starts when its command is out, and no later write puts it off.
      if (this.#isArmed) this.#deadline = Date.now() + this.#awaitMs;
      this.#isArmed = false;
    }
  }

  async #receive(): Promise<void> {
    const ended = await this.#intake?.wait(this.#deadline - Date.now());
    if (ended === "timeout") this.#todo.push(...this.#dialogue.interrupt("timeout"));
    else this.#receiveEarly();
  }

  /** Takes what has come, without waiting for it. */
  #receiveEarly(): void {
    const arrival = this.#intake?.take();
    if (arrival !== undefined) this.#take(arrival);
  }

  #take(arrival: Arrival): void {
    if (arrival.type === "end") {
      this.#todo.push(...this.#dialogue.interrupt("eof", arrival.words));
      return;
    }
    this.#heardAt = Date.now();
    this.#todo.push(...this.#dialogue.receive(arrival.octets));
  }
}

/** By the relay, and not because the session came to its end. */
function isDecided(outcome: TransactionOutcome): boolean {
  if (outcome.status === "accepted") return true;
  const { reply } = outcome.failure;
  return reply !== undefined && reply.code !== 421;
}

const NO_CONTENT: Content = { size: 0, blocks: () => [] };

interface Waiting {
  readonly content: Content;
  readonly resolve: (settlement: Settlement) => void;
}
