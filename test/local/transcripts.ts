/**
 * What the local relay and its clients said, by session, from smtp-server's own log, which sees
 * inside TLS. Credentials never enter: neither an initial response nor a line of an AUTH exchange.
 */
import { format } from "node:util";

/** Sessions beyond this forget the oldest: a transcript is for reading, not an archive. */
const MAX_SESSIONS = 200;
/** A session that carries many mails keeps its beginning. */
const MAX_LINES = 2000;

export class Transcripts {
  readonly #sessions = new Map<string, string[]>();

  /** For smtp-server's `logger` option. */
  readonly logger = {
    debug: (entry: unknown, message?: unknown, ...values: unknown[]): void => {
      const id = sessionOf(entry);
      if (id === undefined || typeof message !== "string" || !/^[CS]:/.test(message)) return;
      const text = format(message, ...values);
      // A reply of many lines comes as one entry.
      const lines = text.slice(3).split("\r\n");
      for (const line of lines) this.#add(id, `${text.slice(0, 2)} ${redact(line)}`);
    },
    trace: (): void => {},
    info: (): void => {},
    warn: (): void => {},
    error: (): void => {},
    fatal: (): void => {},
  };

  /** Adds what is not a line of either side, such as the switch to TLS. */
  note(id: string, text: string): void {
    this.#add(id, `-- ${text}`);
  }

  of(id: string): readonly string[] {
    return this.#sessions.get(id) ?? [];
  }

  #add(id: string, line: string): void {
    let lines = this.#sessions.get(id);
    if (lines === undefined) {
      const [oldest] = this.#sessions.keys();
      if (oldest !== undefined && this.#sessions.size >= MAX_SESSIONS) {
        this.#sessions.delete(oldest);
      }
      lines = [];
      this.#sessions.set(id, lines);
    }
    if (lines.length < MAX_LINES) lines.push(line);
  }
}

/** smtp-server has hidden well-formed credentials already; this also hides malformed ones. */
function redact(line: string): string {
  if (line === "/* secured */") return "[credentials]";
  const [, command] =
    /^(AUTH(?: (?:PLAIN|LOGIN|XOAUTH2|CRAM-MD5))?)(?: .*|\S.*)?$/i.exec(line) ?? [];
  if (command === undefined || command.length === line.length) return line;
  return `${command} [credentials]`;
}

function sessionOf(entry: unknown): string | undefined {
  if (typeof entry !== "object" || entry === null || !("cid" in entry)) return undefined;
  return typeof entry.cid === "string" ? entry.cid : undefined;
}
