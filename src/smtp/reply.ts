/**
 * Replies of the relay: bytes in, replies out (RFC 5321 §4.2). Takes any chunking, judges nothing
 * but the grammar, and bounds everything, since whoever answers is not trusted yet.
 */

/** A reply of the relay (RFC 5321 §4.2). */
export interface Reply {
  readonly code: number;
  /** `5.7.1`, where the text starts with one whose class fits the code (RFC 2034 §4). */
  readonly enhanced?: string;
  /** The text of each line, without code and separator, cleaned for display. */
  readonly lines: readonly string[];
}

/** What {@link ReplyDecoder.next} found: a whole reply, or the reason why this is not SMTP. */
export type Decoded =
  | { readonly type: "reply"; readonly reply: Reply }
  | { readonly type: "fault"; readonly detail: string };

/**
 * RFC 5321 §4.5.3.1.5 says 512 octets; relays exceed it (long EHLO lines, greetings with legal
 * notices) and RFC 4954 §4 allows 12 288 for a challenge. 16 KiB takes them all.
 */
const MAX_LINE_OCTETS = 16 * 1024;
/** Postfix lists some 15 EHLO lines, legal notices some 50. */
const MAX_LINES = 200;
const MAX_REPLY_OCTETS = 64 * 1024;

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const HYPHEN = 0x2d;
const DIGIT_0 = 0x30;

/**
 * Collects chunks and yields replies in order. After a fault it yields the same fault for ever: the
 * stream has lost its meaning.
 */
export class ReplyDecoder {
  readonly #text = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  #buffer: Uint8Array = new Uint8Array(0);
  /** Where in `#buffer` the next line starts. */
  #start = 0;
  /** Up to here `#buffer` is known to hold no LF behind `#start`: a slow drip is not scanned again. */
  #scanned = 0;
  /** `#buffer` as text, once it was needed. */
  #decoded: string | undefined;
  #code: number | undefined;
  #lines: string[] = [];
  #octets = 0;
  #fault: Decoded | undefined;

  push(chunk: Uint8Array): void {
    if (this.#fault !== undefined || chunk.length === 0) return;
    const left = this.#buffer.length - this.#start;
    this.#scanned -= this.#start;
    if (left === 0) this.#buffer = chunk;
    else {
      const joined = new Uint8Array(left + chunk.length);
      joined.set(this.#buffer.subarray(this.#start));
      joined.set(chunk, left);
      this.#buffer = joined;
    }
    this.#start = 0;
    this.#decoded = undefined;
  }

  /** The next whole reply, a fault, or undefined where more bytes are needed. */
  next(): Decoded | undefined {
    while (this.#fault === undefined) {
      const start = this.#start;
      const end = this.#takeLine();
      if (end === undefined) return this.#fault;
      const decoded = this.#takeReplyLine(start, end);
      if (decoded !== undefined) return decoded;
    }
    return this.#fault;
  }

  /** Octets received that are not part of a reply handed out: a partial line or reply, or more. */
  get pendingBytes(): number {
    return this.#buffer.length - this.#start + this.#octets;
  }

  /** Goes on behind the line; returns where it ends, its line end left out. */
  #takeLine(): number | undefined {
    const start = this.#start;
    if (isTlsRecord(this.#buffer, start)) {
      this.#fail(
        "what answers speaks TLS from the first octet: use security `tls`, as on port 465",
      );
      return undefined;
    }
    const end = this.#buffer.indexOf(LF, this.#scanned);
    const length = (end === -1 ? this.#buffer.length : end + 1) - start;
    if (length > MAX_LINE_OCTETS) {
      this.#fail(`a reply line is longer than ${MAX_LINE_OCTETS} octets`);
      return undefined;
    }
    if (this.#octets + length > MAX_REPLY_OCTETS) {
      this.#fail(`a reply is longer than ${MAX_REPLY_OCTETS} octets`);
      return undefined;
    }
    if (end === -1) {
      this.#scanned = this.#buffer.length;
      return undefined;
    }
    // A bare LF ends a line, as Postfix and nodemailer take it; a bare CR never does.
    this.#start = end + 1;
    this.#scanned = end + 1;
    this.#octets += length;
    return end > start && this.#buffer[end - 1] === CR ? end - 1 : end;
  }

  #takeReplyLine(start: number, end: number): Decoded | undefined {
    const length = end - start;
    const code = length < 3 ? undefined : codeOf(this.#buffer, start);
    const separator = length > 3 ? this.#buffer[start + 3] : undefined;
    if (code === undefined || !(length === 3 || separator === SPACE || separator === HYPHEN)) {
      const text = this.#textOf(start, end);
      return this.#fail(
        text.startsWith("HTTP/")
          ? `a web server answers, not a relay: ${quote(text)}`
          : `this is not a reply: ${quote(text)}`,
      );
    }
    // RFC 5321 §4.2.1: every line of a reply carries the same code.
    if (this.#code !== undefined && this.#code !== code) {
      return this.#fail(`the code changes within a reply, from ${this.#code} to ${code}`);
    }
    this.#code = code;
    this.#lines.push(length > 4 ? clean(this.#textOf(start + 4, end)) : "");
    if (separator === HYPHEN) {
      return this.#lines.length < MAX_LINES
        ? undefined
        : this.#fail(`a reply has more than ${MAX_LINES} lines`);
    }
    const reply = replyOf(code, this.#lines);
    this.#code = undefined;
    this.#lines = [];
    this.#octets = 0;
    return { type: "reply", reply };
  }

  #textOf(start: number, end: number): string {
    this.#decoded ??= this.#text.decode(this.#buffer);
    // One decoding for all the lines of a chunk, where every octet is a character.
    return this.#decoded.length === this.#buffer.length
      ? this.#decoded.slice(start, end)
      : this.#text.decode(this.#buffer.subarray(start, end));
  }

  #fail(detail: string): Decoded {
    this.#fault = { type: "fault", detail };
    return this.#fault;
  }
}

/** `550 5.1.1 No such user`, one line, for people. It may hold a secret, and be long: see Transcript. */
export function describeReply(reply: Reply): string {
  return `${reply.code} ${reply.lines.join(" ")}`.trimEnd();
}

function replyOf(code: number, lines: readonly string[]): Reply {
  const enhanced = /^[245]\.\d{1,3}\.\d{1,3}(?= |$)/.exec(lines[0] ?? "")?.[0];
  // RFC 2034 §4: the class must be that of the code, or it is only text.
  return enhanced !== undefined && enhanced[0] === String(code)[0]
    ? { code, enhanced, lines }
    : { code, lines };
}

/** A handshake or alert record of TLS 1.x (RFC 8446 §5.1): no reply starts with a control octet. */
function isTlsRecord(octets: Uint8Array, at: number): boolean {
  const type = octets[at];
  return (type === 0x15 || type === 0x16) && octets[at + 1] === 0x03;
}

/** RFC 5321 §4.2: three digits, the first from 2 to 5. */
function codeOf(octets: Uint8Array, at: number): number | undefined {
  const first = (octets[at] ?? 0) - DIGIT_0;
  const second = (octets[at + 1] ?? 0) - DIGIT_0;
  const third = (octets[at + 2] ?? 0) - DIGIT_0;
  if (first < 2 || first > 5) return undefined;
  if (second < 0 || second > 9 || third < 0 || third > 9) return undefined;
  return first * 100 + second * 10 + third;
}

/**
 * Takes out what could forge a log line or mislead a reader: C0, DEL, C1, line and paragraph
 * separators, bidirectional controls. A tab becomes a space.
 */
function clean(text: string): string {
  // Nearly every reply has nothing of it.
  if (!/[^ -~]/.test(text)) return text;
  return text
    .replaceAll("\t", " ")
    .replace(/[^ -~\u00a0-\uffff]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, "");
}

/** Not cut and not escaped: a secret that is echoed must be recognised where the text is redacted. */
function quote(text: string): string {
  return `"${clean(text)}"`;
}
