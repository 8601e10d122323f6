/**
 * Drives a Dialogue over a Connection: performs its effects in order, reads when it says so, and turns
 * what the platform throws into interruptions. One loop, one read at a time, no decision about mail.
 */
import { Dialogue } from "../smtp/dialogue.ts";
import type { DialogueOptions, Effect } from "../smtp/effect.ts";
import type { Capabilities } from "../smtp/capabilities.ts";
import type { Failure, TransactionOutcome } from "../smtp/outcome.ts";
import { timeoutMs, TIMEOUT_MS } from "../smtp/timeouts.ts";
import type { Transaction } from "../smtp/transaction.ts";
import { Transparency } from "../smtp/transparency.ts";
import type { Address, Connect, Connection } from "./connection.ts";
import { within, wordsOf, type Within } from "./within.ts";

export type Content = Uint8Array | AsyncIterable<Uint8Array>;

export interface SessionOptions extends DialogueOptions {
  readonly address: Address;
  readonly connect: Connect;
}

export interface Settlement {
  readonly outcome: TransactionOutcome;
  /** False where nothing of the transaction was ever written, so that it may go elsewhere. */
  readonly begun: boolean;
}

/** Commands and content go out in writes of about this many octets. */
const BLOCK_OCTETS = 64 * 1024;
/** After a failed write, how long a last word of the relay (a 4yz or 5yz) is waited for. */
const LAST_WORD_MS = 250;

/** One connection to a relay and the mails sent over it. Dials at the first need. */
export class Session {
  readonly #options: SessionOptions;
  readonly #dialogue: Dialogue;
  readonly #waiting = new Map<Transaction, Waiting>();
  #connection: Connection | undefined;
  #todo: Effect[] = [];
  #corked: Uint8Array[] = [];
  #corkedOctets = 0;
  #deadline = 0;
  #awaitMs = 0;
  #read: Promise<Within<Uint8Array | undefined>> | undefined;
  #dialled = false;
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
    const settlement = new Promise<Settlement>((resolve) => {
      this.#waiting.set(transaction, { content, resolve });
    });
    this.#drive(this.#dialogue.submit(transaction));
    return settlement;
  }

  /** QUIT, as a courtesy: resolves when the connection is let go of, within the quit timeout. */
  async quit(): Promise<void> {
    this.#drive(this.#dialogue.quit());
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
      this.#todo.push(...this.#dialogue.interrupt("eof", wordsOf(error)));
      await this.#performAll();
    }
  }

  async #performAll(): Promise<void> {
    for (;;) {
      const effect = this.#todo.shift();
      if (effect !== undefined) {
        await this.#perform(effect);
      } else if (this.#corkedOctets > 0) {
        await this.#flush();
      } else if (this.#dialogue.isAwaiting) {
        await this.#receive();
      } else {
        // In the same turn as the last look: what comes later must start the loop anew.
        this.#running = false;
        return;
      }
      if (this.#dialogue.capabilities !== undefined || this.isOver) this.#announceOpen?.();
    }
  }

  async #dial(): Promise<void> {
    this.#dialled = true;
    const { address, connect, timeouts = {} } = this.#options;
    if (this.isOver) return;
    const giveUp = new AbortController();
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
        this.#cork(effect.bytes);
        return;
      case "content":
        await this.#stream(effect.transaction);
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
        waiting?.resolve({ outcome: effect.outcome, begun: effect.begun });
        return;
      }
      case "close":
        this.#corked = [];
        this.#corkedOctets = 0;
        this.#connection?.close();
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

  /** Streams the content of a transaction, but for its final dot, which the dialogue writes. */
  async #stream(transaction: Transaction): Promise<void> {
    const content = this.#waiting.get(transaction)?.content ?? new Uint8Array(0);
    const transparency = new Transparency();
    try {
      for await (const block of blocksOf(content)) {
        this.#cork(transparency.push(block));
        if (this.#corkedOctets < BLOCK_OCTETS) continue;
        await this.#flush();
        await this.#receiveEarly();
        if (this.isOver) return;
      }
    } catch (error) {
      const detail = `the content could not be read to its end: ${wordsOf(error) ?? "no reason"}`;
      this.#todo.push(...this.#dialogue.contentFailed(detail));
      return;
    }
    this.#cork(transparency.end());
    this.#todo.push(...this.#dialogue.contentSent());
  }

  #cork(octets: Uint8Array): void {
    if (octets.length === 0) return;
    this.#corked.push(octets);
    this.#corkedOctets += octets.length;
  }

  /** Writes all that is corked, as one write. */
  async #flush(): Promise<void> {
    const octets = joined(this.#corked, this.#corkedOctets);
    this.#corked = [];
    this.#corkedOctets = 0;
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

interface Waiting {
  readonly content: Content;
  readonly resolve: (settlement: Settlement) => void;
}

async function* blocksOf(content: Content): AsyncGenerator<Uint8Array> {
  const chunks = content instanceof Uint8Array ? [content] : content;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += BLOCK_OCTETS) {
      yield chunk.subarray(at, at + BLOCK_OCTETS);
    }
  }
}

function joined(pieces: readonly Uint8Array[], octets: number): Uint8Array {
  if (pieces.length === 1 && pieces[0] !== undefined) return pieces[0];
  const whole = new Uint8Array(octets);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
