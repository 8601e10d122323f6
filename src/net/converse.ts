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
import type { GiveUp } from "../smtp/sasl/mechanism.ts";
import { timeoutMs, TIMEOUT_MS } from "../smtp/timeouts.ts";
import type { Transaction } from "../smtp/transaction.ts";
import { Transparency } from "../smtp/transparency.ts";
import type { Address, Connect, Connection } from "./connection.ts";
import { BLOCK_OCTETS, blocksOf } from "./content.ts";
import { Cork } from "./cork.ts";
import { SessionRecord, type SessionReport } from "./session-record.ts";
import { within, wordsOf, type Within } from "./within.ts";

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

/** After a failed write, how long a last word of the relay (a 4yz or 5yz) is waited for. */
const LAST_WORD_MS = 250;

/** One connection to a relay and the mails sent over it. Dials at the first need. */
export class Session {
  readonly #options: SessionOptions;
  readonly #dialogue: Dialogue;
  readonly #waiting = new Map<Transaction, Waiting>();
  #connection: Connection | undefined;
  #todo: Effect[] = [];
  readonly #cork = new Cork();
  #deadline = 0;
  #awaitMs = 0;
  #read: Promise<Within<Uint8Array | undefined>> | undefined;
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

  /** How the transaction ended; it waits for those submitted before it. Never rejects. */
  async submit(transaction: Transaction, content: Content): Promise<Settlement> {
    if (this.#record.mails > 0 && !this.#running) await this.#look();
    const settlement = new Promise<Settlement>((resolve) => {
      this.#waiting.set(transaction, { content, resolve });
    });
    this.#drive(this.#dialogue.submit(transaction));
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
    await this.#receiveEarly();
    this.#drive([]);
    await this.#loop;
  }

  #drive(effects: readonly Effect[]): void {
    this.#todo.push(...effects);
    if (this.#running) return;
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
        await this.#perform(effect);
      } else if (this.#cork.octets > 0) {
        await this.#flush();
      } else if (this.#dialogue.isAwaiting) {
        await this.#receive();
      } else {
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
    const { address, connect, timeouts = {} } = this.#options;
    if (this.isOver) return;
    const giveUp = this.#giveUp;
    const dialling = connect(address, { signal: giveUp.signal });
    const dialled = await within(timeoutMs("connect", timeouts), dialling);
    if (dialled.type === "value") {
      this.#connection = dialled.value;
      if (this.isOver) dialled.value.close();
      else this.#todo.push(...this.#dialogue.start());
    } else if (dialled.type === "timeout") {
      giveUp.abort(new Error("the connection took too long"));
      // One that stands too late must not stay open.
      dialling.then((late) => late.close()).catch(() => undefined);
      this.#todo.push(...this.#dialogue.interrupt("timeout"));
    } else {
      this.#todo.push(...this.#dialogue.interrupt("connect", wordsOf(dialled.error)));
    }
  }

  async #perform(effect: Effect): Promise<void> {
    switch (effect.type) {
      case "write":
        this.#cork.push(effect.bytes);
        return;
      case "content":
        await this.#stream(effect.transaction, effect.framing);
        return;
      case "ask":
        await this.#ask(effect.question);
        return;
      case "startTls":
        await this.#startTls();
        return;
      case "await":
        this.#awaitMs = effect.timeoutMs;
        this.#deadline = Date.now() + effect.timeoutMs;
        return;
      case "settle": {
        const waiting = this.#waiting.get(effect.transaction);
        this.#waiting.delete(effect.transaction);
        this.#record.settled();
        waiting?.resolve({ outcome: effect.outcome, begun: effect.begun });
        return;
      }
      case "close":
        this.#cork.take();
        this.#connection?.close();
        this.#record.end(this.#dialogue.failure, this.#options.onEnd);
        return;
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

  /** Puts a question to a SASL mechanism, which may fetch a token or derive a key for it. */
  async #ask({ mechanism, challenge }: Question): Promise<void> {
    const asked = async (): Promise<Uint8Array | GiveUp | undefined> =>
      challenge === undefined ? mechanism.start() : mechanism.next(challenge);
    const ms = timeoutMs("auth", this.#options.timeouts ?? {});
    const answered = await within(ms, asked());
    if (answered.type === "value") {
      this.#todo.push(...this.#dialogue.answer(answered.value));
      return;
    }
    const words = answered.type === "error" ? wordsOf(answered.error) : "it took too long";
    const reason = `${mechanism.name} has no answer: ${words ?? "no reason is known"}`;
    // A TypeError is about the values given; anything else, as a token that cannot be fetched, may pass.
    const mayPass = !(answered.type === "error" && answered.error instanceof TypeError);
    this.#todo.push(...this.#dialogue.answer({ reason, mayPass }));
  }

  /** Streams the content of a transaction; the final dot, where there is one, is the dialogue's. */
  async #stream(transaction: Transaction, framing: "dots" | "octets"): Promise<void> {
    const content = this.#waiting.get(transaction)?.content ?? NO_CONTENT;
    const ms = this.#options.timeouts?.dataBlock ?? TIMEOUT_MS.dataBlock;
    const transparency = framing === "dots" ? new Transparency() : undefined;
    let octets = 0;
    try {
      for await (const block of blocksOf(content, ms)) {
        octets += block.length;
        this.#cork.push(transparency?.push(block) ?? block);
        // The last octet of BDAT must not go out before the dialogue knows that it does: from then on
        // the relay may have the mail.
        const isLast = transparency === undefined && octets >= (transaction.sizeOctets ?? 0);
        if (isLast || this.#cork.octets < BLOCK_OCTETS) continue;
        await this.#flush();
        await this.#receiveEarly();
        if (this.isOver) return;
      }
      if (transparency === undefined && octets !== transaction.sizeOctets) {
        // RFC 3030 §2: the relay counts; one octet more or less and it reads commands as content.
        throw new Error(`it has ${octets} octets, and ${transaction.sizeOctets} were announced`);
      }
    } catch (error) {
      const detail = `the content could not be read to its end: ${wordsOf(error) ?? "no reason"}`;
      this.#todo.push(...this.#dialogue.contentFailed(detail));
      return;
    }
    if (transparency !== undefined) this.#cork.push(transparency.end());
    this.#todo.push(...this.#dialogue.contentSent());
  }

  /** Writes all that is corked, as one write. */
  async #flush(): Promise<void> {
    const octets = this.#cork.take();
    if (octets.length === 0 || this.#connection === undefined) return;
    const ms = this.#options.timeouts?.dataBlock ?? TIMEOUT_MS.dataBlock;
    const written = await within(ms, this.#connection.write(octets));
    if (written.type === "timeout") {
      this.#todo.push(...this.#dialogue.interrupt("timeout"));
    } else if (written.type === "error") {
      // A relay may say why, then close; its word is worth more than the broken pipe.
      await this.#take(await within(LAST_WORD_MS, this.#reading()));
      this.#todo.push(...this.#dialogue.interrupt("eof", wordsOf(written.error)));
    } else {
      // The clock of a reply starts when its command is out.
      this.#deadline = Date.now() + this.#awaitMs;
    }
  }

  async #receive(): Promise<void> {
    const arrived = await within(this.#deadline - Date.now(), this.#reading());
    if (arrived.type === "timeout") this.#todo.push(...this.#dialogue.interrupt("timeout"));
    else await this.#take(arrived);
  }

  /** Takes what has come while content goes out, without waiting for it. */
  async #receiveEarly(): Promise<void> {
    const arrived = await within(0, this.#reading());
    if (arrived.type !== "timeout") await this.#take(arrived);
  }

  async #take(arrived: Within<Within<Uint8Array | undefined>>): Promise<void> {
    if (arrived.type !== "value") return;
    this.#read = undefined;
    const read = arrived.value;
    if (read.type === "value" && read.value !== undefined) {
      this.#todo.push(...this.#dialogue.receive(read.value));
    } else {
      const words = read.type === "error" ? wordsOf(read.error) : undefined;
      this.#todo.push(...this.#dialogue.interrupt("eof", words));
    }
  }

  /** The read under way, or a new one. It is kept where nobody waits for it any more. */
  async #reading(): Promise<Within<Uint8Array | undefined>> {
    this.#read ??= (this.#connection?.read() ?? Promise.resolve(undefined)).then(
      (value) => ({ type: "value", value }),
      (error: unknown) => ({ type: "error", error }),
    );
    return this.#read;
  }
}

const NO_CONTENT: Content = { size: 0, blocks: () => [] };

interface Waiting {
  readonly content: Content;
  readonly resolve: (settlement: Settlement) => void;
}
