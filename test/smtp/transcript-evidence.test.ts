/** The conversation as evidence: what it keeps, where it is cut, and what it must not show. */
import { describe, expect, it } from "vitest";

import type { Credentials } from "../../src/smtp/sasl/mechanism.ts";
import { Transcript } from "../../src/smtp/transcript.ts";

const ANN = { username: "ann@example.com", password: "s3cret!!" };
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** A transcript of so many client lines, numbered from 1. */
function ofLines(count: number): readonly string[] {
  const transcript = new Transcript(undefined);
  for (let line = 1; line <= count; line += 1) transcript.client(`NOOP ${line}`);
  return transcript.lines();
}

/** Lines `first` to `last` of such a transcript. */
function numbered(first: number, last: number): readonly string[] {
  return Array.from({ length: last - first + 1 }, (_, at) => `C: NOOP ${first + at}`);
}

describe("the lines", () => {
  it("are none before anything was said", () => {
    expect(new Transcript(undefined).lines()).toStrictEqual([]);
  });

  it("tell client, server and notes apart, and come in the order in which they came", () => {
    const transcript = new Transcript(undefined);
    transcript.server({ code: 220, lines: ["relay.example.net"] });
    transcript.client("EHLO client.example.com");
    transcript.server({ code: 250, lines: ["relay.example.net", "SIZE", "STARTTLS"] });
    transcript.note("TLS is up");
    expect(transcript.lines()).toStrictEqual([
      "S: 220 relay.example.net",
      "C: EHLO client.example.com",
      "S: 250-relay.example.net",
      "S: 250-SIZE",
      "S: 250 STARTTLS",
      "-- TLS is up",
    ]);
  });

  it.each([
    ["300 characters, whole", 297, `C: ${"x".repeat(297)}`],
    ["301 characters, cut to 300", 298, `C: ${"x".repeat(297)}...`],
  ])("have at most %s", (_, length, line) => {
    const transcript = new Transcript(undefined);
    transcript.client("x".repeat(length));
    expect(transcript.lines()).toStrictEqual([line]);
  });

  it.each([
    ["60, all of them", 60, numbered(1, 60)],
    ["61, all of them", 61, numbered(1, 61)],
    ["120, all of them", 120, numbered(1, 120)],
    ["121, all but one", 121, [...numbered(1, 60), "-- 1 lines left out", ...numbered(62, 121)]],
    [
      "1 000, both ends",
      1000,
      [...numbered(1, 60), "-- 880 lines left out", ...numbered(941, 1000)],
    ],
  ])("are kept of %s", (_, count, lines) => {
    expect(ofLines(count)).toStrictEqual(lines);
  });

  it("are cut only after what is secret was taken out, so that no half of it stays", () => {
    const transcript = new Transcript(ANN);
    transcript.client(`${"x".repeat(293)}${ANN.password}`);
    expect(transcript.lines()).toStrictEqual([`C: ${"x".repeat(293)}***`]);
  });
});

describe("credentials", () => {
  const text = "the relay says s3cret!!";

  it("are all there is to take out", () => {
    expect(new Transcript(undefined).redact(text)).toBe(text);
  });

  const fetched: Credentials = { username: "ann@example.com", accessToken: () => "t0ken-t0ken" };
  const token: Credentials = { username: "ann@example.com", accessToken: "t0ken-t0ken" };
  const rows: readonly (readonly [string, Credentials, string, string])[] = [
    ["a password", ANN, "s3cret!! s3cret!!", "*** ***"],
    ["a password in base64", ANN, "czNjcmV0ISE=", "***"],
    ["the response of PLAIN", ANN, "AGFubkBleGFtcGxlLmNvbQBzM2NyZXQhIQ==", "***"],
    ["a user name in base64", ANN, "YW5uQGV4YW1wbGUuY29t", "***"],
    ["no user name, which is an address", ANN, "ann@example.com", "ann@example.com"],
    ["a password of four characters", { username: "ann", password: "pass" }, "pass", "***"],
    ["none of three, which may be a word", { username: "ann", password: "the" }, "the", "the"],
    ["three in base64", { username: "ann", password: "the" }, "dGhl", "***"],
    ["a token", token, "t0ken-t0ken", "***"],
    ["a token in base64", token, "dDBrZW4tdDBrZW4=", "***"],
    ["the user name of a token", token, "YW5uQGV4YW1wbGUuY29t", "***"],
    ["the user name of a token to fetch", fetched, "YW5uQGV4YW1wbGUuY29t", "***"],
    ["no token yet to fetch", fetched, "t0ken-t0ken", "t0ken-t0ken"],
  ];

  it.each(rows)("show nowhere: %s", (_, credentials, said, shown) => {
    expect(new Transcript(credentials).redact(said)).toBe(shown);
  });

  // A character of base64 holds 6 bits: those that mix the secret with what is beside it may stay.
  it.each([
    ["s3cret!!", "", "***Fh"],
    ["s3cret!!", "a", "YX***YQ=="],
    ["s3cret!!", "aa", "YWF***WE="],
    ["s3cret!!!", "", "***YQ=="],
    ["s3cret!!!", "a", "YX***WE="],
    ["s3cret!!!", "aa", "YWF***Fh"],
    ["s3cret!!!!", "", "***WE="],
    ["s3cret!!!!", "a", "YX***Fh"],
    ["s3cret!!!!", "aa", "YWF***YQ=="],
  ])("show nowhere within longer base64: %s after %j", (password, before, shown) => {
    const transcript = new Transcript({ username: "ann", password });
    expect(transcript.redact(base64(`${before}${password}a`))).toBe(shown);
  });
});

describe("what is to be hidden", () => {
  it("adds up, from four characters on", () => {
    const transcript = new Transcript(ANN);
    transcript.hide(["abc"]);
    transcript.hide(["wxyz"]);
    expect(transcript.redact("abc wxyz s3cret!!")).toBe("abc *** ***");
  });

  it.each([
    ["the part first", ["n0nce", "n0nce-more"]],
    ["the whole first", ["n0nce-more", "n0nce"]],
  ])("is taken out whole before its parts, given %s", (_, secrets) => {
    const transcript = new Transcript(undefined);
    transcript.hide(secrets);
    expect(transcript.redact("n0nce-more n0nce")).toBe("*** ***");
  });

  it.each([
    ["an initial response, not its command", "AUTH PLAIN QUJDREVG", "C: AUTH PLAIN ***"],
    ["no command without one", "AUTH LOGIN", "C: AUTH LOGIN"],
    ["the answer to a challenge", "QUJDREVG", "C: ***"],
  ])("is, of a line in AUTH, %s", (_, line, shown) => {
    const transcript = new Transcript(undefined);
    transcript.hideAnswer(line, {});
    transcript.client(line);
    expect(transcript.lines()).toStrictEqual([shown]);
  });

  it("is what a mechanism calls secret, in base64 too", () => {
    const transcript = new Transcript(undefined);
    transcript.hideAnswer("QUJDREVG", { secrets: ["fresh-token", "other-token"] });
    const said = `QUJDREVG fresh-token ${base64("other-token")}`;
    expect(transcript.redact(said)).toBe("*** *** ***");
  });
});

describe("a reply as evidence", () => {
  const long = "x".repeat(1000);

  it.each([
    ["1 000 characters, whole", [long.slice(1), "y"], [long.slice(1), "y"]],
    ["1 001, cut within a line", [long.slice(1), "yz"], [long.slice(1), "y"]],
    ["a line too many, left out", [long, "y"], [long]],
    ["a line too long, and what follows it", [`${long}x`, "yyyy"], [long]],
  ])("has %s", (_, lines, kept) => {
    const reply = { code: 550, enhanced: "5.1.1", lines };
    expect(new Transcript(undefined).redactReply(reply)).toStrictEqual({ ...reply, lines: kept });
  });

  it("is cut only after what is secret was taken out", () => {
    const reply = { code: 550, lines: [`${"x".repeat(997)}${ANN.password}`] };
    expect(new Transcript(ANN).redactReply(reply).lines).toStrictEqual([`${"x".repeat(997)}***`]);
  });
});

describe("a failure", () => {
  it("has the conversation as evidence, and is redacted throughout", () => {
    const transcript = new Transcript(ANN);
    transcript.note("I am s3cret!!");
    transcript.server({ code: 535, lines: ["5.7.8 s3cret!! is wrong"] });
    const reply = { code: 535, enhanced: "5.7.8", lines: ["5.7.8 s3cret!!", "is wrong"] };
    const facts = { stage: "auth", reply, extension: "AUTH" } as const;
    expect(transcript.failure("auth", "535 5.7.8 s3cret!!", facts)).toStrictEqual({
      cause: "auth",
      stage: "auth",
      extension: "AUTH",
      reply: { code: 535, enhanced: "5.7.8", lines: ["5.7.8 ***", "is wrong"] },
      message: "535 5.7.8 ***",
      transcript: ["-- I am ***", "S: 535 5.7.8 *** is wrong"],
    });
  });

  it("has no reply and no extension where none decided", () => {
    const facts = { stage: "greeting", reply: undefined, extension: undefined } as const;
    const failure = new Transcript(undefined).failure("timeout", "no greeting came", facts);
    expect(failure).toStrictEqual({
      cause: "timeout",
      stage: "greeting",
      message: "no greeting came",
      transcript: [],
    });
  });
});
