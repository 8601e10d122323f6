/**
 * The conversation as evidence: bounded, and free of credentials even where the relay echoes them.
 * It may hold addresses, so it is for the caller and never for a log.
 */
import { encodeBase64 } from "./sasl/base64.ts";
import type { Failure, FailureCause } from "./outcome.ts";
import type { Credentials, Mechanism } from "./sasl/mechanism.ts";
import { plainResponse } from "./sasl/plain.ts";
import type { Reply } from "./reply.ts";
import type { Stage } from "./timeouts.ts";

/** Enough for greeting, EHLO, TLS and AUTH whole ... */
const FIRST_LINES = 60;
/** ... and for the end of a long session. */
const LAST_LINES = 60;
const MAX_LINE_CHARACTERS = 300;
const MAX_REPLY_CHARACTERS = 1000;
/** More than a few sentences is a legal notice. */
const MAX_MESSAGE_CHARACTERS = 600;
/** Shorter ones would blot out ordinary words of a reply. */
const MIN_SECRET_CHARACTERS = 4;

/** What a failure is about, besides its cause. */
export interface Facts {
  readonly stage: Stage;
  readonly reply?: Reply | undefined;
  readonly extension?: string | undefined;
}

export class Transcript {
  #secrets: readonly string[] = [];
  readonly #first: string[] = [];
  #last: string[] = [];
  #omitted = 0;

  constructor(credentials: Credentials | undefined) {
    if (credentials !== undefined) this.hide(formsOf(credentials));
  }

  /** Takes more strings that must show nowhere, from now on. */
  hide(secrets: readonly string[]): void {
    const all = new Set([...this.#secrets, ...secrets]);
    this.#secrets = [...all]
      .filter((form) => form.length >= MIN_SECRET_CHARACTERS)
      // The longest first: a part taken out of a whole would leave the rest of it.
      .toSorted((a, b) => b.length - a.length);
  }

  client(line: string): void {
    this.#add(`C: ${this.redact(line)}`);
  }

  /** Takes a reply, and gives it back as evidence: redacted and cut, as {@link redactReply} has it. */
  server(reply: Reply): Reply {
    const lines = reply.lines.map((line) => this.redact(line));
    const last = lines.length - 1;
    lines.forEach((line, index) => this.#add(`S: ${reply.code}${index < last ? "-" : " "}${line}`));
    return cutReply({ ...reply, lines });
  }

  /** What went out in AUTH must not come back in an error: some relays echo what they did not take. */
  hideAnswer(line: string, { secrets = [] }: Pick<Mechanism, "secrets">): void {
    this.hide([line.replace(/^AUTH \S+ ?/, ""), ...secrets.flatMap(secretForms)]);
  }

  /** A failure with this conversation as its evidence, redacted throughout. */
  failure(cause: FailureCause, message: string, facts: Facts): Failure {
    const { stage, reply, extension } = facts;
    return {
      cause,
      stage,
      ...(extension === undefined ? {} : { extension }),
      ...(reply === undefined ? {} : { reply: this.redactReply(reply) }),
      message: cut(this.redact(message), MAX_MESSAGE_CHARACTERS),
      transcript: this.lines(),
    };
  }

  /** Something that is not a line of either side: `TLS is up`. */
  note(text: string): void {
    this.#add(`-- ${this.redact(text)}`);
  }

  lines(): readonly string[] {
    if (this.#omitted === 0) return [...this.#first, ...this.#last];
    return [...this.#first, `-- ${this.#omitted} lines left out`, ...this.#last];
  }

  /** The text with every form of the credentials taken out. */
  redact(text: string): string {
    let left = text;
    for (const secret of this.#secrets) {
      if (left.includes(secret)) left = left.replaceAll(secret, "***");
    }
    return left;
  }

  /**
   * The reply as evidence: redacted, and cut where it is long, since a relay may give one such for each
   * of a thousand recipients.
   */
  redactReply(reply: Reply): Reply {
    return cutReply({ ...reply, lines: reply.lines.map((line) => this.redact(line)) });
  }

  /** Takes a line that is redacted already. */
  #add(line: string): void {
    const short = cut(line, MAX_LINE_CHARACTERS);
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
  const username = encodeBase64(encoder.encode(credentials.username));
  if ("password" in credentials) {
    const response = encodeBase64(plainResponse(credentials));
    return [response, username, ...secretForms(credentials.password)];
  }
  const { accessToken } = credentials;
  return [username, ...(typeof accessToken === "string" ? secretForms(accessToken) : [])];
}

/** A secret as it is, and in base64 by itself and within something longer. */
function secretForms(secret: string): readonly string[] {
  const octets = new TextEncoder().encode(secret);
  return [secret, encodeBase64(octets), ...[0, 1, 2].map((shift) => alignedBase64(octets, shift))];
}

/** Always after `redact`: a secret that is cut in two is no longer recognised. */
function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}...` : text;
}

/** Always after `redact`, as {@link cut}. */
function cutReply(reply: Reply): Reply {
  const isShort = reply.lines.length === 1 && (reply.lines[0] ?? "").length <= MAX_REPLY_CHARACTERS;
  if (isShort) return reply;
  const lines: string[] = [];
  let left = MAX_REPLY_CHARACTERS;
  for (const line of reply.lines) {
    if (left <= 0) break;
    const kept = line.slice(0, left);
    lines.push(kept);
    left -= kept.length;
  }
  return { ...reply, lines };
}

/** The characters that only the secret decides when `shift` unknown octets come before it. */
function alignedBase64(secret: Uint8Array, shift: number): string {
  const padded = new Uint8Array(shift + secret.length);
  padded.set(secret, shift);
  const whole = encodeBase64(padded).replace(/=+$/, "");
  const end = (padded.length * 8) % 6 === 0 ? whole.length : whole.length - 1;
  return whole.slice(Math.ceil((shift * 8) / 6), end);
}
