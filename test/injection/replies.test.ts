/**
 * What a hostile relay can write, at every stage of a conversation: without end, huge, in no character
 * set, against itself, or before it is asked. The mail ends once, with the right cause, within bounds.
 */
import { describe, expect, it } from "vitest";

import { Dialogue } from "../../src/smtp/dialogue.ts";
import type { Effect } from "../../src/smtp/effect.ts";
import { TIMEOUT_MS, type Stage } from "../../src/smtp/timeouts.ts";
import type { Transaction } from "../../src/smtp/transaction.ts";
import { Driver, encode } from "../smtp/transcript.ts";

/** What brings a dialogue to each stage: replies, and the swap to TLS. */
const PATH: readonly (readonly [Stage, string])[] = [
  ["greeting", "220 relay.example.net\r\n"],
  ["ehlo", "250-relay.example.net\r\n250 STARTTLS\r\n"],
  ["starttls", "220 Go\r\n"],
  ["tls", ""],
  ["ehlo", "250-relay.example.net\r\n250 AUTH PLAIN\r\n"],
  ["auth", "235 OK\r\n"],
  ["mail", "250 OK\r\n"],
  ["rcpt", "250 OK\r\n"],
  ["data", "354 Go\r\n"],
  ["content", "250 OK\r\n"],
];
const TURNS = PATH.map(([stage], turn) => ({ stage, turn })).filter(({ stage }) => stage !== "tls");

/** A dialogue to which the relay has been good for so many turns. */
function after(turns: number): Driver {
  const driver = new Driver({});
  for (const [stage, reply] of PATH.slice(0, turns)) {
    if (stage === "tls") driver.event("tls");
    else driver.receive(reply);
  }
  driver.written = "";
  return driver;
}

const octets = (text: string): Uint8Array => Buffer.from(text, "latin1");

const NO_REPLY: readonly (readonly [string, Uint8Array])[] = [
  ["a line without end", octets("2".repeat(1_000_000))],
  ["a line without end, of a reply", octets(`250 ${"x".repeat(1_000_000)}`)],
  ["a reply without end", octets("250-x\r\n".repeat(100_000))],
  ["a huge reply", octets(`250-${"x".repeat(8000)}\r\n`.repeat(20))],
  ["two codes in a reply", octets("250-a\r\n554 b\r\n")],
  ["a code out of range", octets("199 x\r\n")],
  ["another code out of range", octets("600 x\r\n")],
  ["too many digits", octets("2500 x\r\n")],
  ["an empty line", octets("\r\n")],
  ["a bare LF", octets("\n")],
  ["NUL", octets("\0\0\0\0\r\n")],
  ["digits of another script", encode("２５０ OK\r\n")],
  ["octets that are no UTF-8", octets("\xff\xfe\xfd\r\n")],
  ["UTF-16", octets("2\u00005\u00000\u0000 \0\r\0\n\0")],
  ["an HTTP answer", octets("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ["a TLS alert", octets("\x15\x03\x03\x00\x02\x02\x46")],
  ["IMAP", octets("* OK ready\r\n")],
  ["ESC before the code", octets("\x1b[2J250 OK\r\n")],
];

describe.each(TURNS)("in turn $turn, at $stage", ({ turn, stage }) => {
  it.each(NO_REPLY)("%s ends it within bounds", (_, hostile) => {
    const driver = after(turn);
    let read = 0;
    for (let at = 0; at < hostile.length && !driver.closed; at += 1024) {
      const chunk = hostile.subarray(at, at + 1024);
      read += chunk.length;
      driver.perform(driver.dialogue.receive(chunk));
    }
    expect(read).toBeLessThanOrEqual(66 * 1024);
    expect(driver.closed).toBe(true);
    expect(driver.written).toBe("");
    const status = stage === "content" ? "unknown" : "deferred";
    expect(driver.outcomes).toMatchObject([{ status, failure: { cause: "protocol", stage } }]);
    expectReadable(driver);
  });

  it("a reply with text of any octets is a reply, and fit to be shown", () => {
    const driver = after(turn);
    const text = "\xff\xfe\x00\x1b[2J\x85\xe2\x80\xa8\xe2\x80\xae\xed\xa0\x80 C: QUIT\r";
    driver.perform(driver.dialogue.receive(octets(`554 ${text}\r\n`)));
    expect(driver.outcomes).toHaveLength(1);
    const causes = { starttls: "tls", auth: "auth" };
    const cause = stage === "starttls" || stage === "auth" ? causes[stage] : "reply";
    expect(driver.outcomes).toMatchObject([{ failure: { cause, stage, reply: { code: 554 } } }]);
    expectReadable(driver);
  });
});

function expectReadable(driver: Driver): void {
  const [outcome] = driver.outcomes;
  const failure = outcome?.status === "accepted" ? undefined : outcome?.failure;
  const shown = [failure?.message, ...(failure?.reply?.lines ?? []), ...driver.dialogue.transcript];
  for (const line of shown) {
    expect(line?.isWellFormed()).toBe(true);
    expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
    expect(line?.length).toBeLessThan(500);
  }
}

describe("a hostile reply to QUIT", () => {
  it.each(NO_REPLY)("changes nothing: %s", (_, hostile) => {
    const driver = after(PATH.length);
    driver.event("quit");
    driver.perform(driver.dialogue.receive(hostile));
    driver.perform(driver.closed ? [] : driver.dialogue.interrupt("timeout"));
    expect(driver.outcomes).toMatchObject([{ status: "accepted" }]);
    expect(driver.closed).toBe(true);
  });
});

const MAIL: Transaction = {
  reversePath: "ann@example.com",
  forwardPaths: ["bob@example.org"],
  smtpUtf8: false,
  sizeOctets: 100_000,
  recipientPolicy: "any",
};

/** A dialogue whose content is on its way, and what it asks for from then on. */
function inContent(offer: string): Dialogue {
  const dialogue = new Dialogue({ security: "none", ehloName: "client.example.com" });
  const effects: Effect[] = [...dialogue.submit(MAIL), ...dialogue.start()];
  const replies = [`220 x`, `250-x\r\n250 ${offer}`, `250 OK`, `250 OK`, `354 Go`];
  for (const reply of replies) {
    if (effects.some(({ type }) => type === "content")) break;
    effects.push(...dialogue.receive(encode(`${reply}\r\n`)));
  }
  expect(effects.at(-1)).toMatchObject({ type: "content" });
  return dialogue;
}

describe("while the content is on its way", () => {
  it.each([
    ["250 Taken already", "deferred", "protocol"],
    ["354 Go on", "deferred", "protocol"],
    ["452 4.3.1 Full", "deferred", "reply"],
    ["554 5.6.0 No", "refused", "reply"],
    ["421 4.3.2 Closing", "deferred", "reply"],
  ])("by DATA, %s: %s, and no final dot", (reply, status, cause) => {
    const effects = inContent("X").receive(encode(`${reply}\r\n`));
    const settled = effects.filter(({ type }) => type === "settle");
    expect(settled).toMatchObject([{ outcome: { status, failure: { cause } } }]);
    expect(effects.some(({ type }) => type === "write")).toBe(false);
  });

  // The relay may count a mail that it says to have; a no stands, and all octets still follow.
  it.each([
    ["250 Taken already", "unknown", "protocol"],
    ["354 Go on", "unknown", "protocol"],
    ["452 4.3.1 Full", "deferred", "reply"],
    ["554 5.6.0 No", "refused", "reply"],
    ["421 4.3.2 Closing", "deferred", "reply"],
  ])("by BDAT, %s: %s, and no command among the octets", (reply, status, cause) => {
    const dialogue = inContent("CHUNKING");
    const early = dialogue.receive(encode(`${reply}\r\n`));
    expect(early.some(({ type }) => type === "write")).toBe(false);
    const effects = [...early, ...dialogue.contentSent()];
    const settled = effects.filter(({ type }) => type === "settle");
    expect(settled).toMatchObject([{ outcome: { status, failure: { cause } } }]);
    expect(effects.some(({ type }) => type === "write")).toBe(false);
  });
});

it("waits for each reply as long as its stage may last, and longest for the last one", () => {
  const dialogue = new Dialogue({ security: "none", ehloName: "client.example.com" });
  const effects = [...dialogue.submit(MAIL), ...dialogue.start()];
  for (const reply of ["220 x", "250 x", "250 OK", "250 OK", "354 Go"]) {
    effects.push(...dialogue.receive(encode(`${reply}\r\n`)));
  }
  effects.push(...dialogue.contentSent(), ...dialogue.receive(encode("250 OK\r\n")));
  effects.push(...dialogue.quit());
  const waits = effects.flatMap((effect) =>
    effect.type === "await" ? [[effect.stage, effect.timeoutMs]] : [],
  );
  const { greeting, command, dataInit, dataTermination, quit } = TIMEOUT_MS;
  expect(waits).toStrictEqual([
    ["greeting", greeting],
    ["ehlo", command],
    ["mail", command],
    ["rcpt", command],
    ["data", dataInit],
    ["content", dataTermination],
    ["quit", quit],
  ]);
  expect(Math.max(...Object.values(TIMEOUT_MS))).toBe(dataTermination);
  expect(Math.min(...Object.values(TIMEOUT_MS))).toBe(quit);
});
