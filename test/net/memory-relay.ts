/** A relay in memory behind the Connection interface: answers at once, and counts what it accepted. */
import type { Connect, Connection } from "../../src/net/connection.ts";

export interface MemoryOptions {
  /** Keywords of the EHLO reply: `["PIPELINING", "CHUNKING"]`. */
  readonly offers: readonly string[];
  /** Another answer to a command line, or to `content`; `eof` closes without a word. */
  readonly answer?: (line: string, session: number) => string | undefined;
}

export interface MemoryRelay {
  readonly connect: Connect;
  /** Contents accepted, with the recipients of each. */
  readonly accepted: readonly { readonly content: string; readonly to: readonly string[] }[];
  /** Command lines, session by session. */
  readonly sessions: readonly (readonly string[])[];
  /** How often was written, session by session. */
  readonly writes: readonly number[];
}

export function memoryRelay(options: MemoryOptions): MemoryRelay {
  const accepted: { content: string; to: readonly string[] }[] = [];
  const sessions: string[][] = [];
  const writes: number[] = [];
  const connect: Connect = async () => {
    const lines: string[] = [];
    sessions.push(lines);
    const index = writes.push(0) - 1;
    const connection = new MemoryConnection(options, sessions.length, lines, (content, to) =>
      accepted.push({ content, to }),
    );
    const write = connection.write.bind(connection);
    connection.write = async (octets) => {
      writes[index] = (writes[index] ?? 0) + 1;
      return write(octets);
    };
    return Promise.resolve(connection);
  };
  return { connect, accepted, sessions, writes };
}

class MemoryConnection implements Connection {
  readonly #options: MemoryOptions;
  readonly #session: number;
  readonly #lines: string[];
  readonly #take: (content: string, to: readonly string[]) => void;
  #in = "";
  #out = "220 memory\r\n";
  #ended = false;
  #wake: (() => void) | undefined;
  #to: string[] = [];
  #bdat: number | undefined;
  #inData = false;

  constructor(
    options: MemoryOptions,
    session: number,
    lines: string[],
    take: (content: string, to: readonly string[]) => void,
  ) {
    this.#options = options;
    this.#session = session;
    this.#lines = lines;
    this.#take = take;
  }

  async read(): Promise<Uint8Array | undefined> {
    while (this.#out === "" && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#out === "") return undefined;
    const chunk = Buffer.from(this.#out, "latin1");
    this.#out = "";
    return new Uint8Array(chunk);
  }

  async write(octets: Uint8Array): Promise<void> {
    this.#in += Buffer.from(octets).toString("latin1");
    while (!this.#ended && this.#step());
    this.#wake?.();
    return Promise.resolve();
  }

  async startTls(): Promise<void> {
    return Promise.reject(new Error("no TLS in memory"));
  }

  close(): void {
    this.#ended = true;
    this.#wake?.();
  }

  #step(): boolean {
    if (this.#bdat !== undefined) {
      if (this.#in.length < this.#bdat) return false;
      this.#content(this.#in.slice(0, this.#bdat));
      this.#in = this.#in.slice(this.#bdat);
      this.#bdat = undefined;
      return true;
    }
    const end = this.#inData ? this.#in.indexOf("\r\n.\r\n") : this.#in.indexOf("\r\n");
    if (end === -1) return false;
    const text = this.#in.slice(0, end);
    this.#in = this.#in.slice(end + (this.#inData ? 5 : 2));
    if (this.#inData) {
      this.#inData = false;
      // RFC 5321 §4.5.2: the dot that was put before each line with one.
      this.#content(`${text}\r\n`.replaceAll("\r\n.", "\r\n").slice(2));
    } else this.#command(text);
    return true;
  }

  #command(line: string): void {
    this.#lines.push(line);
    const verb = line.slice(0, 4);
    if (verb === "MAIL" || verb === "RSET") this.#to = [];
    const own = this.#options.answer?.(line, this.#session);
    if (verb === "RCPT" && (own === undefined || own.startsWith("2"))) this.#to.push(line);
    if (verb === "BDAT" && own === undefined) this.#bdat = Number(line.split(" ")[1]);
    else if (verb === "DATA" && own === undefined) {
      this.#inData = true;
      // So that a lone dot, too, follows a line end.
      this.#in = `\r\n${this.#in}`;
      this.#say("354 Go");
    } else if (verb === "EHLO" && own === undefined) {
      this.#say(
        ["250-memory", ...this.#options.offers.map((one) => `250-${one}`), "250 OK"].join("\r\n"),
      );
    } else this.#say(own ?? "250 OK");
  }

  #content(content: string): void {
    if (this.#to.length === 0) {
      this.#say("554 5.5.1 No valid recipients");
      return;
    }
    const own = this.#options.answer?.("content", this.#session);
    if (own === undefined || own.startsWith("2")) this.#take(content, this.#to);
    this.#say(own ?? "250 Queued");
  }

  #say(reply: string): void {
    if (reply === "eof") this.#ended = true;
    else this.#out += `${reply}\r\n`;
  }
}
