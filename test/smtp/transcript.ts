/**
 * Runs a transcript against the Dialogue. `S: ` server line, `S+ ` one more in the same chunk, `S~ ` the same
 * without a line end, `L: ` server line that ends in a bare LF; `C: ` a line that the client must send, exactly;
 * `-- tls`, `-- eof`, `-- timeout`, `-- quit`, `-- closed`; `= ` what the next outcome must hold; `@ ` the setting.
 */
import { Dialogue } from "../../src/smtp/dialogue.ts";
import type { DialogueOptions, Effect } from "../../src/smtp/effect.ts";
import type { TransactionOutcome } from "../../src/smtp/outcome.ts";
import type { Requests } from "../../src/smtp/parameters.ts";
import type { Question } from "../../src/smtp/sasl/exchange.ts";
import type { GiveUp } from "../../src/smtp/sasl/mechanism.ts";
import type { Transaction } from "../../src/smtp/transaction.ts";
import { Transparency } from "../../src/smtp/transparency.ts";

export type Chunking = "line" | "merged" | "octet";
export const CHUNKINGS: readonly Chunking[] = ["line", "merged", "octet"];

export interface Setting {
  readonly security?: DialogueOptions["security"];
  readonly credentials?: DialogueOptions["credentials"] | null;
  readonly allowInsecureAuth?: boolean;
  readonly from?: string;
  readonly to?: readonly string[];
  readonly smtpUtf8?: boolean;
  readonly policy?: Transaction["recipientPolicy"];
  readonly content?: string;
  readonly mails?: number;
  readonly eightBit?: boolean;
  readonly requests?: Requests;
  /** What the relay says once the content is out but for its end. */
  readonly early?: string;
  readonly disableExtensions?: readonly string[];
  readonly provenMechanism?: string;
}

export type Step =
  | { readonly type: "server"; readonly chunks: readonly string[] }
  | { readonly type: "client"; readonly text: string }
  | { readonly type: "event"; readonly name: string }
  | { readonly type: "outcome"; readonly expected: object };

export interface Script {
  readonly setting: Setting;
  readonly steps: readonly Step[];
}

export const CREDENTIALS = { username: "ann@example.com", password: "s3cret!!" };
const CONTENT = "Subject: hi\r\n\r\nHello\r\n";

export function parseTranscript(text: string): Script {
  let setting: Setting = {};
  const steps: Step[] = [];
  for (const line of text.split("\n")) {
    const mark = line.slice(0, 2);
    const rest = line.slice(3);
    const last = steps.at(-1);
    if (line === "" || mark === "# ") continue;
    else if (mark === "@ ") setting = JSON.parse(line.slice(2)) as Setting;
    else if (mark === "S:" || mark === "L:") {
      const chunk = `${rest}${mark === "S:" ? "\r\n" : "\n"}`;
      if (last?.type === "server") {
        steps[steps.length - 1] = { type: "server", chunks: [...last.chunks, chunk] };
      } else steps.push({ type: "server", chunks: [chunk] });
    } else if ((mark === "S+" || mark === "S~") && last?.type === "server") {
      const more = `${last.chunks.at(-1) ?? ""}${rest}${mark === "S+" ? "\r\n" : ""}`;
      steps[steps.length - 1] = { type: "server", chunks: [...last.chunks.slice(0, -1), more] };
    } else if (mark === "C:") {
      if (last?.type === "client") {
        steps[steps.length - 1] = { type: "client", text: `${last.text}${rest}\r\n` };
      } else steps.push({ type: "client", text: `${rest}\r\n` });
    } else if (mark === "--") steps.push({ type: "event", name: rest });
    else if (mark === "= ") {
      steps.push({ type: "outcome", expected: JSON.parse(line.slice(2)) as object });
    } else throw new Error(`not a line of a transcript: ${line}`);
  }
  return { setting, steps };
}

/** A dialogue with a driver that keeps what it is told to do. */
export class Driver {
  readonly dialogue: Dialogue;
  readonly outcomes: TransactionOutcome[] = [];
  written = "";
  closed = false;
  swapAsked = false;
  readonly #content: Uint8Array;
  readonly #setting: Setting;

  constructor(setting: Setting) {
    this.#setting = setting;
    const { credentials = CREDENTIALS, security = "starttls", allowInsecureAuth = false } = setting;
    this.#content = encode(setting.content ?? CONTENT);
    this.dialogue = new Dialogue({
      security,
      allowInsecureAuth,
      ehloName: "client.example.com",
      disableExtensions: setting.disableExtensions ?? [],
      ...(setting.provenMechanism === undefined
        ? {}
        : { provenMechanism: setting.provenMechanism }),
      ...(credentials === null ? {} : { credentials }),
    });
    for (let mail = 0; mail < (setting.mails ?? 1); mail += 1) {
      this.perform(
        this.dialogue.submit({
          reversePath: setting.from ?? "ann@example.com",
          forwardPaths: setting.to ?? ["bob@example.org"],
          smtpUtf8: setting.smtpUtf8 ?? false,
          sizeOctets: this.#content.length,
          recipientPolicy: setting.policy ?? "any",
          eightBit: setting.eightBit ?? false,
          ...(setting.requests === undefined ? {} : { requests: setting.requests }),
        }),
      );
    }
    this.perform(this.dialogue.start());
  }

  perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (this.closed) throw new Error(`an effect after close: ${effect.type}`);
      if (effect.type === "write") this.written += decode(effect.bytes);
      else if (effect.type === "startTls") this.swapAsked = true;
      else if (effect.type === "settle") this.outcomes.push(effect.outcome);
      else if (effect.type === "close") this.closed = true;
      else if (effect.type === "ask") this.perform(this.dialogue.answer(answerTo(effect.question)));
      else if (effect.type === "content") {
        const transparency = new Transparency();
        this.written +=
          effect.framing === "octets"
            ? decode(this.#content)
            : decode(transparency.push(this.#content)) + decode(transparency.end());
        const { early } = this.#setting;
        if (early !== undefined) this.receive(`${early}\r\n`);
        this.perform(this.dialogue.contentSent());
      }
    }
  }

  receive(text: string): void {
    this.perform(this.dialogue.receive(encode(text)));
  }

  event(name: string): void {
    if (name === "tls") {
      if (!this.swapAsked) throw new Error("no TLS was asked for");
      this.swapAsked = false;
      this.perform(this.dialogue.secured());
    } else if (name === "eof" || name === "timeout") {
      this.perform(this.dialogue.interrupt(name));
    } else if (name === "quit") this.perform(this.dialogue.quit());
    else if (name === "closed") {
      if (!this.closed) throw new Error("the connection is still open");
    } else throw new Error(`not an event: ${name}`);
  }
}

/** The mechanisms of transcripts answer at once; those that need time have tests of their own. */
function answerTo({ mechanism, challenge }: Question): Uint8Array | GiveUp | undefined {
  const answer = challenge === undefined ? mechanism.start() : mechanism.next(challenge);
  if (answer instanceof Promise) throw new TypeError(`${mechanism.name} takes its time`);
  return answer;
}

/** The chunks of a server turn: never across a client line or the swap. */
export function rechunk(chunks: readonly string[], chunking: Chunking): readonly string[] {
  if (chunking === "line") return chunks;
  return chunking === "merged" ? [chunks.join("")] : chunks.flatMap((chunk) => octetsOf(chunk));
}

/** An outcome in the words of a transcript. */
export function summary(outcome: TransactionOutcome): object {
  const pairs = (list: readonly { recipient: string; reply: { code: number } }[]): object =>
    list.map(({ recipient, reply }) => [recipient, reply.code]);
  if (outcome.status === "accepted") {
    const { status, accepted, refused, reply, unknown } = outcome;
    return { status, accepted, unknown, refused: pairs(refused), code: reply.code };
  }
  const { status, failure } = outcome;
  const { cause, stage, extension, message, reply, refused = [] } = failure;
  return { status, cause, stage, extension, message, code: reply?.code, refused: pairs(refused) };
}

export function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function decode(octets: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets);
}

/** One string per octet would break characters: transcripts send ASCII only. */
function octetsOf(text: string): readonly string[] {
  return text.split("");
}
