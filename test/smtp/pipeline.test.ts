/**
 * Many mails in one session against a relay that decides by chance, and may die at any octet: every mail
 * is settled once, by what the relay decided about it and about no other.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { Dialogue } from "../../src/smtp/dialogue.ts";
import type { Effect } from "../../src/smtp/effect.ts";
import type { TransactionOutcome } from "../../src/smtp/outcome.ts";
import type { Transaction } from "../../src/smtp/transaction.ts";
import { Transparency } from "../../src/smtp/transparency.ts";
import { encode } from "./transcript.ts";

/** A relay that reads what is written, and answers each command as the next of its whims has it. */
class Relay {
  readonly accepted: { readonly content: string; readonly to: readonly string[] }[] = [];
  readonly #offers: readonly string[];
  readonly #whims: Iterator<number>;
  #in = "";
  #sender = false;
  #to: string[] = [];
  #state: "command" | "data" | "dead" = "command";
  #bdat: number | undefined;
  /** RFC 3030 §2: after a BDAT that failed nothing is taken until RSET. */
  #isLocked = false;

  constructor(offers: readonly string[], whims: Iterator<number>) {
    this.#offers = offers;
    this.#whims = whims;
  }

  /** The replies to what is written, in order. */
  write(text: string): string {
    this.#in += text;
    let replies = "";
    for (let reply = this.#next(); reply !== undefined; reply = this.#next()) replies += reply;
    return replies;
  }

  /** Nothing (9 of 10), refused for now, refused for good, or the end. */
  #whim(): "take" | "defer" | "refuse" | "end" {
    const whim = (this.#whims.next().value as number | undefined) ?? 0;
    if (whim < 90) return "take";
    return whim < 94 ? "defer" : whim < 99 ? "refuse" : "end";
  }

  #next(): string | undefined {
    if (this.#state === "dead") return undefined;
    if (this.#bdat !== undefined) {
      if (this.#in.length < this.#bdat) return undefined;
      const content = this.#in.slice(0, this.#bdat);
      this.#in = this.#in.slice(this.#bdat);
      this.#bdat = undefined;
      const reply = this.#content(content);
      this.#isLocked = !reply.startsWith("2");
      return reply;
    }
    const end = this.#in.indexOf(this.#state === "data" ? "\r\n.\r\n" : "\r\n");
    if (end === -1) return undefined;
    const line = this.#in.slice(0, end);
    this.#in = this.#in.slice(end + (this.#state === "data" ? 5 : 2));
    if (this.#state === "data") {
      this.#state = "command";
      return this.#content(`${line}\r\n`.slice(2).replaceAll("\r\n.", "\r\n"));
    }
    return this.#command(line);
  }

  #command(line: string): string {
    const [verb = ""] = line.split(" ");
    if (verb === "EHLO") {
      return `250-relay\r\n${this.#offers.map((one) => `250-${one}\r\n`).join("")}250 HELP\r\n`;
    }
    if (verb === "RSET") {
      this.#isLocked = false;
      this.#clear();
      return "250 Forgotten\r\n";
    }
    const isInOrder =
      verb === "MAIL" ? !this.#sender : verb === "RCPT" ? this.#sender : this.#to.length > 0;
    if (verb === "BDAT") this.#bdat = Number(line.split(" ")[1]);
    if ((this.#isLocked || !isInOrder) && verb !== "BDAT") return "503 5.5.1 Bad sequence\r\n";
    // What comes of BDAT is said when all octets are here.
    if (verb === "BDAT") return "";
    const whim = this.#whim();
    if (whim === "end") return this.#die();
    if (whim !== "take") return whim === "defer" ? "450 4.2.0 Later\r\n" : "550 5.7.1 No\r\n";
    if (verb === "MAIL") this.#sender = true;
    if (verb === "RCPT") this.#to.push(line.slice("RCPT TO:<".length, -1));
    if (verb !== "DATA") return "250 OK\r\n";
    this.#state = "data";
    this.#in = `\r\n${this.#in}`;
    return "354 Go\r\n";
  }

  #content(content: string): string {
    const to = this.#to;
    const isComplete = this.#sender && to.length > 0;
    if (!isComplete) return "503 5.5.1 Bad sequence\r\n";
    const whim = this.#whim();
    if (whim === "end") return this.#die();
    this.#clear();
    if (whim === "defer") return "451 4.3.0 Later\r\n";
    if (whim === "refuse") return "554 5.6.0 No\r\n";
    this.accepted.push({ content, to });
    return "250 Taken\r\n";
  }

  #clear(): void {
    this.#sender = false;
    this.#to = [];
  }

  #die(): string {
    this.#state = "dead";
    return "421 4.3.2 Closing\r\n";
  }
}

interface Result {
  readonly outcome: TransactionOutcome;
  readonly content: string;
}

interface Course {
  /** Octets of replies after which the connection is lost. */
  readonly cutAt: number;
  /** Octets that arrive at a time. */
  readonly chunk: number;
  /** Of five mails, which one is for all recipients or none. */
  readonly everyoneAt?: number;
}

/** All mails over one session; the connection is cut after so many octets of replies. */
function run(
  relay: Relay,
  recipients: readonly number[],
  { cutAt, chunk, everyoneAt = 4 }: Course,
): { readonly results: readonly Result[]; readonly roundTrips: number } {
  const contents = new Map<Transaction, string>();
  const results: Result[] = [];
  let replies = "220 relay\r\n";
  let heard = 0;
  const state = { isClosed: false };
  const dialogue = new Dialogue({ security: "none", ehloName: "client.example.com" });
  const perform = (effects: readonly Effect[]): void => {
    for (const effect of effects) {
      if (effect.type === "settle") {
        const content = contents.get(effect.transaction);
        if (content === undefined) throw new Error("a mail was settled twice");
        contents.delete(effect.transaction);
        results.push({ outcome: effect.outcome, content });
      } else if (effect.type === "write") {
        replies += relay.write(new TextDecoder().decode(effect.bytes));
      } else if (effect.type === "content") {
        const content = contents.get(effect.transaction) ?? "";
        const transparency = new Transparency();
        const octets = encode(content);
        const dots = Buffer.concat([transparency.push(octets), transparency.end()]).toString();
        replies += relay.write(effect.framing === "octets" ? content : dots);
        perform(dialogue.contentSent());
      } else if (effect.type === "close") state.isClosed = true;
    }
  };
  for (const [index, count] of recipients.entries()) {
    const content = `Subject: ${index}\r\n\r\n.\r\n${"x".repeat(index * 7)}\r\n`;
    const transaction: Transaction = {
      reversePath: "ann@example.com",
      forwardPaths: Array.from({ length: count }, (_, at) => `m${index}r${at}@example.org`),
      smtpUtf8: false,
      sizeOctets: content.length,
      recipientPolicy: index % 5 === everyoneAt ? "all" : "any",
    };
    contents.set(transaction, content);
    perform(dialogue.submit(transaction));
  }
  perform(dialogue.start());
  let roundTrips = 0;
  while (replies !== "" && !state.isClosed && heard < cutAt) {
    roundTrips += 1;
    const piece = replies.slice(0, chunk);
    replies = replies.slice(chunk);
    heard += piece.length;
    perform(dialogue.receive(encode(piece)));
  }
  if (!state.isClosed) perform(dialogue.interrupt("eof"));
  expect(contents.size).toBe(0);
  return { results, roundTrips };
}

/** A group has 250 replies owed at most: some mails have nearly as many recipients, or more. */
const manyOrFew = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(47, 100, 247, 248, 249, 300) },
);

describe("many mails in one session", () => {
  it("are each settled once, by what the relay decided about it", () => {
    const offers = fc.constantFrom<readonly string[]>(
      [],
      ["PIPELINING"],
      ["CHUNKING"],
      ["PIPELINING", "CHUNKING"],
      ["PIPELINING", "CHUNKING", "LIMITS RCPTMAX=2"],
      ["PIPELINING", "LIMITS MAILMAX=7"],
    );
    fc.assert(
      fc.property(
        offers,
        fc.array(manyOrFew, { minLength: 1, maxLength: 45 }),
        fc.array(fc.integer({ min: 0, max: 99 }), { maxLength: 200 }),
        fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 4000 })),
        fc.constantFrom(1, 7, 64, 100_000),
        (extensions, recipients, whims, cutAt, chunk) => {
          const relay = new Relay(extensions, whims[Symbol.iterator]());
          const { results } = run(relay, recipients, { cutAt, chunk });
          expect(results).toHaveLength(recipients.length);
          for (const { outcome, content } of results) {
            const taken = relay.accepted
              .filter((one) => one.content === content)
              .flatMap(({ to }) => to);
            expect(new Set(taken).size).toBe(taken.length);
            if (outcome.status === "accepted") {
              const unknown = outcome.unknown ?? [];
              expect(taken.filter((one) => !unknown.includes(one))).toStrictEqual(
                expect.arrayContaining([...outcome.accepted]),
              );
              const refused = new Set(outcome.refused.map(({ recipient }) => recipient));
              expect(taken.filter((one) => refused.has(one))).toStrictEqual([]);
            } else if (outcome.status !== "unknown") {
              // Deferred or refused: nobody has it, and it may be sent again.
              expect(taken).toStrictEqual([]);
              // By what it says of this mail, never for what came before it.
              expect(outcome.failure.reply?.code).not.toBe(503);
            }
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([
    // Greeting, EHLO, the first mail, MAIL and RCPT of the second, and then twenty at a time.
    ["BDAT", ["PIPELINING", "CHUNKING"], 4 + 5],
    // Greeting, EHLO, DATA and the content of the first mail, and one for each of the others.
    ["DATA", ["PIPELINING"], 4 + 100],
    ["DATA, one command at a time", [], 2 + 100 * 4],
  ])("take few round trips by %s", (_, offers, most) => {
    const relay = new Relay(offers, [][Symbol.iterator]());
    const all = { cutAt: Infinity, chunk: 100_000, everyoneAt: -1 };
    const { results, roundTrips } = run(relay, Array<number>(100).fill(1), all);
    expect(results.map(({ outcome }) => outcome.status)).toStrictEqual(Array(100).fill("accepted"));
    expect(roundTrips).toBeLessThanOrEqual(most);
  });
});
