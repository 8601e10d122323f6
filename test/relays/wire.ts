/**
 * What went over the wire, inside TLS: a Connect that records both directions, and the contents found
 * in what the client wrote. It takes DATA and BDAT apart by itself, without help of the code under test.
 */
import type { Connect, Connection } from "../../src/net/connection.ts";
import { connect } from "../../src/net/node.ts";

/** One write of the client, or one chunk of the server. */
interface Passage {
  readonly from: "client" | "server";
  readonly octets: Uint8Array;
}

/** Records every session that is dialled by its `connect`. */
export class Wire {
  readonly #sessions: Passage[][] = [];

  readonly connect: Connect = async (address, options) => {
    const passages: Passage[] = [];
    this.#sessions.push(passages);
    return recorded(await connect(address, options), passages);
  };

  get sessions(): number {
    return this.#sessions.length;
  }

  /** All that the client wrote, one octet a character, with dots and all. */
  get written(): string {
    return this.#clientOctets().toString("latin1");
  }

  /** The commands that the client wrote; content is no command. */
  get commands(): readonly string[] {
    return takeApart(this.#clientOctets()).commands;
  }

  /** The contents of transactions that were not broken off, as the server is to understand them. */
  get contents(): readonly Buffer[] {
    return takeApart(this.#clientOctets()).contents;
  }

  /** Whether MAIL and RCPT ever left together, without a reply in between (RFC 2920 §3.1). */
  get isPipelined(): boolean {
    return this.#sessions.some((passages) =>
      passages.some(({ from, octets }) => from === "client" && GROUP.test(textOf(octets))),
    );
  }

  #clientOctets(): Buffer {
    const passages = this.#sessions.flat().filter(({ from }) => from === "client");
    return Buffer.concat(passages.map(({ octets }) => octets));
  }
}

const GROUP = /^MAIL FROM:[^\r]*\r\nRCPT TO:/im;

function recorded(inner: Connection, passages: Passage[]): Connection {
  return {
    read: async () => {
      const octets = await inner.read();
      if (octets !== undefined) passages.push({ from: "server", octets: Uint8Array.from(octets) });
      return octets;
    },
    write: async (octets) => {
      passages.push({ from: "client", octets: Uint8Array.from(octets) });
      await inner.write(octets);
    },
    startTls: async () => {
      passages.length = 0;
      await inner.startTls();
    },
    close: () => inner.close(),
  };
}

// Limit: a DATA that was refused, with no content after it, cannot be told from one that was not.
function takeApart(octets: Buffer): {
  readonly commands: readonly string[];
  readonly contents: readonly Buffer[];
} {
  const commands: string[] = [];
  const contents: Buffer[] = [];
  let chunks: Buffer[] = [];
  let at = 0;
  while (at < octets.length) {
    const end = octets.indexOf("\r\n", at);
    if (end < 0)
      throw new Error(`the client broke off in a command: ${textOf(octets.subarray(at))}`);
    const command = textOf(octets.subarray(at, end));
    commands.push(command);
    at = end + 2;
    const [, count, last] = /^BDAT (\d+)( LAST)?$/i.exec(command) ?? [];
    if (count !== undefined) {
      chunks.push(octets.subarray(at, at + Number(count)));
      at += Number(count);
      if (last === undefined) continue;
      contents.push(Buffer.concat(chunks));
      chunks = [];
    } else if (/^DATA$/i.test(command)) {
      // The CRLF of the command itself may be that of the final dot (RFC 5321 §4.1.1.4).
      const stop = octets.indexOf("\r\n.\r\n", end);
      if (stop < 0) throw new Error("the client broke off in the content");
      if (stop > end) contents.push(unstuffed(octets.subarray(at, stop + 2)));
      at = stop + 5;
    }
  }
  return { commands, contents };
}

/** RFC 5321 §4.5.2: a line that begins with a dot loses it. */
function unstuffed(lines: Buffer): Buffer {
  return Buffer.from(lines.toString("latin1").replaceAll(/(^|\r\n)\./g, "$1"), "latin1");
}

function textOf(octets: Uint8Array): string {
  return Buffer.from(octets).toString("latin1");
}
