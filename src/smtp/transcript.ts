/**
 * The conversation as evidence: bounded, and free of credentials even where the relay echoes them.
 * It may hold addresses, so it is for the caller and never for a log.
 */
import { encodeBase64 } from "./sasl/base64.ts";
import { type Credentials } from "./sasl/mechanism.ts";
import { plain } from "./sasl/plain.ts";
import type { Reply } from "./reply.ts";

/** Enough for greeting, EHLO, TLS and AUTH whole ... */
const FIRST_LINES = 60;
/** ... and for the end of a long session. */
const LAST_LINES = 60;
const MAX_LINE_CHARACTERS = 300;
/** Shorter ones would blot out ordinary words of a reply. */
const MIN_SECRET_CHARACTERS = 4;

export class Transcript {
  readonly #secrets: readonly string[];
  readonly #first: string[] = [];
  #last: string[] = [];
  #omitted = 0;

  constructor(credentials: Credentials | undefined) {
    this.#secrets = credentials === undefined ? [] : formsOf(credentials);
  }

  client(line: string): void {
    this.#add(`C: ${line}`);
  }

  server(reply: Reply): void {
    for (const [index, line] of reply.lines.entries()) {
      this.#add(`S: ${reply.code}${index < reply.lines.length - 1 ? "-" : " "}${line}`);
    }
  }

  /** Something that is not a line of either side: `TLS is up`. */
  note(text: string): void {
    this.#add(`-- ${text}`);
  }

  lines(): readonly string[] {
    if (this.#omitted === 0) return [...this.#first, ...this.#last];
    return [...this.#first, `-- ${this.#omitted} lines left out`, ...this.#last];
  }

  /** The text with every form of the credentials taken out. */
  redact(text: string): string {
    return this.#secrets.reduce((left, secret) => left.replaceAll(secret, "***"), text);
  }

  redactReply(reply: Reply): Reply {
    return { ...reply, lines: reply.lines.map((line) => this.redact(line)) };
  }

  #add(line: string): void {
    const text = this.redact(line);
    const short =
      text.length > MAX_LINE_CHARACTERS ? `${text.slice(0, MAX_LINE_CHARACTERS)}...` : text;
    if (this.#first.length < FIRST_LINES) {
      this.#first.push(short);
      return;
    }
    this.#last.push(short);
    if (this.#last.length > LAST_LINES) {
      this.#last.shift();
      this.#omitted += 1;
    }
  }
}

/**
 * The forms in which a relay could give a secret back: as it is, in the base64 of AUTH PLAIN, and as
 * base64 at each of the three alignments it may have inside something longer.
 */
function formsOf(credentials: Credentials): readonly string[] {
  const encoder = new TextEncoder();
  const password = encoder.encode(credentials.password);
  const response = plain(credentials).start() ?? password;
  const forms = [
    credentials.password,
    encodeBase64(response),
    encodeBase64(password),
    encodeBase64(encoder.encode(credentials.username)),
    ...[0, 1, 2].map((shift) => alignedBase64(password, shift)),
  ];
  return [...new Set(forms)]
    .filter((form) => form.length >= MIN_SECRET_CHARACTERS)
    .toSorted((a, b) => b.length - a.length);
}

/** The characters that only the secret decides when `shift` unknown octets come before it. */
function alignedBase64(secret: Uint8Array, shift: number): string {
  const padded = new Uint8Array(shift + secret.length);
  padded.set(secret, shift);
  const whole = encodeBase64(padded).replace(/=+$/, "");
  const end = (padded.length * 8) % 6 === 0 ? whole.length : whole.length - 1;
  return whole.slice(Math.ceil((shift * 8) / 6), end);
}
