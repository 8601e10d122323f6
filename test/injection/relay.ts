/**
 * A relay that does all that it is asked, and reads what it gets octet by octet as the RFCs have it: what
 * ends the content early becomes commands here, as it would there. A Connection, so that nothing of ours
 * is left out.
 */
import type { Connect, Connection } from "../../src/net/connection.ts";

export interface Wire {
  /** Every line that was read as a command, or as an answer to a challenge. */
  readonly commands: readonly string[];
  /** What was read as the content of a mail: dots taken out, the line end before the last one kept. */
  readonly contents: readonly Uint8Array[];
  /** All of it, in the clear and over TLS. */
  readonly octets: string;
}

interface Answer {
  readonly reply: string;
  readonly next?: "content" | "auth";
}

export class CooperativeRelay implements Connection, Wire {
  readonly commands: string[] = [];
  readonly contents: Uint8Array[] = [];
  octets = "";
  readonly #extensions: readonly string[];
  /** One character per octet. */
  #unread = "";
  #replies = "220 relay.example.net\r\n";
  #wake: (() => void) | undefined;
  #state: "commands" | "content" | "auth" | "closed" = "commands";
  #promptsLeft = 0;
  #verdict = "";

  constructor(extensions: readonly string[]) {
    this.#extensions = extensions;
  }

  /** Dials this relay, whatever the address. */
  readonly connect: Connect = async () => this;

  async read(): Promise<Uint8Array | undefined> {
    while (this.#replies === "" && this.#state !== "closed") {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const replies = this.#replies;
    this.#replies = "";
    return replies === "" ? undefined : Buffer.from(replies, "latin1");
  }

  async write(octets: Uint8Array): Promise<void> {
    const text = Buffer.from(octets).toString("latin1");
    this.octets += text;
    this.#unread += text;
    while (this.#step());
    this.#wake?.();
  }

  async startTls(): Promise<void> {
    return undefined;
  }

  close(): void {
    this.#state = "closed";
    this.#wake?.();
  }

  /** Reads one line, or one content; false where there is not enough yet. */
  #step(): boolean {
    if (this.#state === "closed") return false;
    if (this.#state === "content") return this.#readContent();
    const end = this.#unread.indexOf("\r\n");
    if (end === -1) return false;
    const line = this.#unread.slice(0, end);
    const bdat = /^BDAT (\d+) LAST$/.exec(line);
    if (bdat !== null && this.#unread.length < end + 2 + Number(bdat[1])) return false;
    this.#unread = this.#unread.slice(end + 2);
    this.commands.push(Buffer.from(line, "latin1").toString("utf8"));
    if (bdat !== null) this.#keep(Number(bdat[1]));
    const { reply, next = "commands" } =
      this.#state === "auth" ? this.#answerToAuth() : this.#answerTo(line);
    this.#state = next;
    this.#replies += reply;
    return true;
  }

  #readContent(): boolean {
    const end = `\r\n${this.#unread}`.indexOf("\r\n.\r\n");
    if (end === -1) return false;
    const stuffed = this.#unread.slice(0, end);
    this.contents.push(Buffer.from(stuffed.replaceAll(/(^|\r\n)\./g, "$1"), "latin1"));
    this.#unread = this.#unread.slice(end + 3);
    this.#state = "commands";
    this.#replies += "250 2.0.0 Taken\r\n";
    return true;
  }

  #keep(octets: number): void {
    this.contents.push(Buffer.from(this.#unread.slice(0, octets), "latin1"));
    this.#unread = this.#unread.slice(octets);
  }

  #answerTo(line: string): Answer {
    const [verb = "", mechanism = "", response] = line.toUpperCase().split(" ");
    if (verb === "EHLO") {
      const lines = ["relay.example.net", ...this.#extensions];
      const last = lines.length - 1;
      const reply = lines.map((text, at) => `250${at < last ? "-" : " "}${text}\r\n`).join("");
      return { reply };
    }
    if (verb === "DATA") return { reply: "354 Go\r\n", next: "content" };
    if (verb === "STARTTLS") return { reply: "220 Go\r\n" };
    if (verb === "QUIT") return { reply: "221 Bye\r\n" };
    if (verb !== "AUTH") return { reply: "250 OK\r\n" };
    // One that does not know the password cannot go on with SCRAM.
    this.#verdict = mechanism.startsWith("SCRAM-") ? "535 5.7.8 No\r\n" : "235 OK\r\n";
    this.#promptsLeft = { LOGIN: 2, "CRAM-MD5": 1 }[mechanism] ?? (response === undefined ? 1 : 0);
    return this.#answerToAuth({ isFirst: true });
  }

  #answerToAuth({ isFirst = false }: { readonly isFirst?: boolean } = {}): Answer {
    if (!isFirst) this.#promptsLeft -= 1;
    if (this.#promptsLeft > 0) return { reply: "334 \r\n", next: "auth" };
    return { reply: this.#verdict };
  }
}
