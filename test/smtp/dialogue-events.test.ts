/**
 * The events and effects of a dialogue that no transcript shows: what is awaited and for how long, what it
 * says of itself between two events, and events that come when they mean nothing.
 */
import { describe, expect, it } from "vitest";

import { Dialogue } from "../../src/smtp/dialogue.ts";
import type { DialogueOptions, Effect } from "../../src/smtp/effect.ts";
import type { Transaction } from "../../src/smtp/transaction.ts";
import { CREDENTIALS, encode } from "./transcript.ts";

/** A value of its own for each key. */
const TIMEOUTS = {
  connect: 1,
  tls: 2,
  greeting: 3,
  command: 4,
  dataInit: 5,
  dataBlock: 6,
  dataTermination: 7,
  quit: 8,
};
const MAIL: Transaction = {
  reversePath: "ann@example.com",
  forwardPaths: ["bob@example.org"],
  smtpUtf8: false,
  recipientPolicy: "any",
};
const PLAIN_ANSWER = encode("\0ann@example.com\0s3cret!!");

function dialogueOf(options: Partial<DialogueOptions> = {}): Dialogue {
  return new Dialogue({
    security: "none",
    ehloName: "client.example.com",
    timeouts: TIMEOUTS,
    ...options,
  });
}

/** A dialogue with security none that is ready for mail. */
function readyOf(offers: readonly string[] = []): Dialogue {
  const dialogue = dialogueOf();
  dialogue.start();
  receive(dialogue, "220 relay.example.net");
  receive(
    dialogue,
    "250-relay.example.net",
    ...offers.map((keyword) => `250-${keyword}`),
    "250 X-LAST",
  );
  return dialogue;
}

/** The effects of these lines, all in one chunk. */
function receive(dialogue: Dialogue, ...lines: readonly string[]): readonly Effect[] {
  return dialogue.receive(encode(lines.map((line) => `${line}\r\n`).join("")));
}

/** An effect in the words of a transcript. */
function inWords(effect: Effect): string {
  switch (effect.type) {
    case "write":
      return `C: ${new TextDecoder().decode(effect.bytes).trimEnd()}`;
    case "content":
      return `content ${effect.framing}`;
    case "ask":
      return `ask ${effect.question.mechanism.name}`;
    case "startTls":
    case "close":
      return effect.type;
    case "await":
      return `await ${effect.stage} ${effect.timeoutMs}`;
    case "settle":
      return `settle ${effect.outcome.status}${effect.begun ? "" : " unbegun"}`;
  }
}

function flagsOf(dialogue: Dialogue): string {
  const { isReady, isOver, isAwaiting, capabilities } = dialogue;
  const flags = { ready: isReady, over: isOver, awaiting: isAwaiting };
  const words = Object.entries(flags).flatMap(([word, isSet]) => (isSet ? [word] : []));
  return [...words, ...(capabilities === undefined ? [] : ["capable"])].join(" ");
}

type Act = (dialogue: Dialogue) => readonly Effect[];
type Walk = readonly (readonly [string, Act, readonly string[], string])[];

const says =
  (...lines: readonly string[]): Act =>
  (dialogue) =>
    receive(dialogue, ...lines);
const submit: Act = (dialogue) => dialogue.submit(MAIL);
const sent: Act = (dialogue) => dialogue.contentSent();
const quit: Act = (dialogue) => dialogue.quit();

const SESSION: Walk = [
  ["the connection stands", (each) => each.start(), ["await greeting 3"], "awaiting"],
  ["the greeting", says("220 relay"), ["C: EHLO client.example.com", "await ehlo 4"], "awaiting"],
  ["EHLO", says("250-relay", "250 STARTTLS"), ["C: STARTTLS", "await starttls 4"], "awaiting"],
  ["STARTTLS", says("220 Go"), ["startTls"], ""],
  [
    "TLS is up",
    (each) => each.secured(),
    ["C: EHLO client.example.com", "await ehlo 4"],
    "awaiting",
  ],
  ["EHLO again", says("250-relay", "250 AUTH PLAIN"), ["ask PLAIN"], ""],
  [
    "PLAIN answers",
    (each) => each.answer(PLAIN_ANSWER),
    ["C: AUTH PLAIN AGFubkBleGFtcGxlLmNvbQBzM2NyZXQhIQ==", "await auth 4"],
    "awaiting",
  ],
  ["AUTH", says("235 Welcome"), [], "ready capable"],
  ["a mail", submit, ["C: MAIL FROM:<ann@example.com>", "await mail 4"], "awaiting capable"],
  ["MAIL", says("250 OK"), ["C: RCPT TO:<bob@example.org>", "await rcpt 4"], "awaiting capable"],
  ["a second mail meanwhile", submit, [], "awaiting capable"],
  ["RCPT", says("250 OK"), ["C: DATA", "await data 5"], "awaiting capable"],
  ["DATA", says("354 Go"), ["content dots"], "capable"],
  ["the content is sent", sent, ["C: .", "await content 7"], "awaiting capable"],
  [
    "the final dot",
    says("250 OK"),
    ["settle accepted", "C: MAIL FROM:<ann@example.com>", "await mail 4"],
    "awaiting capable",
  ],
  ["a word that it may end", quit, [], "awaiting capable"],
  ["MAIL refused", says("550 No"), ["settle refused", "C: QUIT", "await quit 8"], "over awaiting"],
  ["a mail too late", submit, ["settle deferred unbegun"], "over awaiting"],
  ["QUIT", says("221 Bye"), ["close"], "over"],
  ["a second word that it may end", quit, [], "over"],
];

const GROUP: Walk = [
  ["the connection stands", (each) => each.start(), ["await greeting 3"], "awaiting"],
  ["a mail before it is ready", submit, [], "awaiting"],
  ["the greeting", says("220 x"), ["C: EHLO client.example.com", "await ehlo 4"], "awaiting"],
  [
    "EHLO",
    says("250-x", "250 PIPELINING"),
    ["C: MAIL FROM:<ann@example.com>", "C: RCPT TO:<bob@example.org>", "C: DATA", "await mail 4"],
    "awaiting capable",
  ],
  ["MAIL", says("250 OK"), ["await rcpt 4"], "awaiting capable"],
  ["RCPT refused", says("550 No"), ["await data 5"], "awaiting capable"],
  ["354 for nobody", says("354 Go"), ["C: .", "await content 7"], "awaiting capable"],
  ["the lone dot", says("554 Nothing"), ["settle refused"], "ready capable"],
  ["QUIT while ready", quit, ["C: QUIT", "await quit 8"], "over awaiting"],
  ["the end of the stream", (each) => each.interrupt("eof"), ["close"], "over"],
];

const BDAT: Walk = [
  ["the connection stands", (each) => each.start(), ["await greeting 3"], "awaiting"],
  ["the greeting", says("220 x"), ["C: EHLO client.example.com", "await ehlo 4"], "awaiting"],
  ["EHLO", says("250-x", "250-PIPELINING", "250 CHUNKING"), [], "ready capable"],
  [
    "a mail",
    (each) => each.submit({ ...MAIL, sizeOctets: 22 }, { isAlive: true }),
    [
      "C: MAIL FROM:<ann@example.com>",
      "C: RCPT TO:<bob@example.org>",
      "C: BDAT 22 LAST",
      "content octets",
    ],
    "awaiting capable",
  ],
  ["a reply meanwhile", says("250 OK"), [], "awaiting capable"],
  ["the octets are sent", sent, ["await rcpt 4"], "awaiting capable"],
  ["RCPT", says("250 OK"), ["await content 7"], "awaiting capable"],
  ["BDAT", says("250 OK"), ["settle accepted"], "ready capable"],
];

describe.each<readonly [string, Partial<DialogueOptions>, Walk]>([
  ["STARTTLS, AUTH and two mails", { security: "starttls", credentials: CREDENTIALS }, SESSION],
  ["a group for nobody", {}, GROUP],
  ["BDAT", {}, BDAT],
])("%s", (_, options, walk) => {
  it("has these effects in this order, each wait as long as its stage allows", () => {
    const dialogue = dialogueOf(options);
    for (const [event, act, effects] of walk) {
      expect(act(dialogue).map(inWords), event).toStrictEqual(effects);
    }
    expect(dialogue.failure).toBeUndefined();
  });

  it("tells after each event whether it is ready, over, awaiting a reply", () => {
    const dialogue = dialogueOf(options);
    expect(flagsOf(dialogue)).toBe("");
    for (const [event, act, , flags] of walk) {
      act(dialogue);
      expect(flagsOf(dialogue), event).toBe(flags);
    }
  });
});

it("waits as long as by default where no timeout is set", () => {
  const dialogue = new Dialogue({ security: "none", ehloName: "client.example.com" });
  expect(dialogue.start()).toStrictEqual([{ type: "await", stage: "greeting", timeoutMs: 60_000 }]);
});

it("keeps the conversation as evidence, with TLS where it came and AUTH without its secret", () => {
  const dialogue = dialogueOf({ security: "starttls", credentials: CREDENTIALS });
  for (const [, act] of SESSION.slice(0, 8)) act(dialogue);
  expect(dialogue.transcript).toStrictEqual([
    "S: 220 relay",
    "C: EHLO client.example.com",
    "S: 250-relay",
    "S: 250 STARTTLS",
    "C: STARTTLS",
    "S: 220 Go",
    "-- TLS",
    "C: EHLO client.example.com",
    "S: 250-relay",
    "S: 250 AUTH PLAIN",
    "C: AUTH PLAIN ***",
    "S: 235 Welcome",
  ]);
});

it("hides what a mechanism of the caller's own has written, where the relay echoes it", () => {
  const mechanism = {
    name: "X-OWN",
    start: () => undefined,
    next: () => encode("tell nobody"),
    secrets: ["open sesame"],
  };
  const dialogue = dialogueOf({
    credentials: CREDENTIALS,
    allowInsecureAuth: true,
    mechanisms: [{ name: "X-OWN", create: () => mechanism }],
  });
  dialogue.start();
  receive(dialogue, "220 x");
  receive(dialogue, "250-x", "250 AUTH X-OWN");
  dialogue.answer(undefined);
  receive(dialogue, "334 ");
  dialogue.answer(encode("tell nobody"));
  receive(dialogue, "535 dGVsbCBub2JvZHk= is not open sesame");
  expect(dialogue.failure?.message).toBe("the relay refused the credentials: 535 *** is not ***");
});

describe("an interruption tells what was cut, and the platform's word for it", () => {
  const TLS_FAILED =
    "the TLS handshake failed: the relay's certificate is untrusted, expired or made out to " +
    "another name, or the relay does not speak TLS 1.2 or later";
  const upToTls = (): Dialogue => {
    const dialogue = dialogueOf({ security: "tls" });
    dialogue.start();
    return dialogue;
  };
  const secured = (): Dialogue => {
    const dialogue = upToTls();
    dialogue.secured();
    return dialogue;
  };
  const greeted = (): Dialogue => {
    const dialogue = secured();
    receive(dialogue, "220 x");
    return dialogue;
  };

  it.each<readonly [string, Dialogue, Act, object]>([
    [
      "no connection",
      dialogueOf(),
      (each) => each.interrupt("connect", "refused"),
      { cause: "connection", stage: "connect", message: "no connection to the relay (refused)" },
    ],
    [
      "the end of the stream",
      greeted(),
      (each) => each.interrupt("eof", "reset by peer"),
      {
        cause: "connection",
        stage: "ehlo",
        message: "the relay closed the connection at stage ehlo (reset by peer)",
      },
    ],
    [
      "the end of the stream, without a word",
      greeted(),
      (each) => each.interrupt("eof"),
      {
        cause: "connection",
        stage: "ehlo",
        message: "the relay closed the connection at stage ehlo",
      },
    ],
    [
      "the end of the stream while nothing is under way",
      readyOf(),
      (each) => each.interrupt("eof"),
      {
        cause: "connection",
        stage: "mail",
        message: "the relay closed the connection at stage mail",
      },
    ],
    [
      "a fault of ours",
      greeted(),
      (each) => each.interrupt("fault", "a bug"),
      {
        cause: "config",
        stage: "ehlo",
        message: "a fault in Postrider or its configuration (a bug)",
      },
    ],
    [
      "a wait too long",
      greeted(),
      (each) => each.interrupt("timeout", "aborted"),
      { cause: "timeout", stage: "ehlo", message: "the relay took too long at stage ehlo" },
    ],
    [
      "a handshake",
      upToTls(),
      (each) => each.interrupt("tls", "bad certificate"),
      { cause: "tls", stage: "tls", message: `${TLS_FAILED} (bad certificate)` },
    ],
    [
      "a stream that gave no octet over TLS, not even one in an empty chunk",
      secured(),
      (each) => [...each.receive(new Uint8Array(0)), ...each.interrupt("eof")],
      { cause: "tls", stage: "tls", message: TLS_FAILED },
    ],
    [
      "TLS that fails long after the handshake",
      greeted(),
      (each) => each.interrupt("tls", "bad record"),
      { cause: "tls", stage: "tls", message: `${TLS_FAILED} (bad record)` },
    ],
  ])("%s", (_, dialogue, act, expected) => {
    expect(act(dialogue).map(inWords)).toStrictEqual(["close"]);
    expect(dialogue.failure).toMatchObject(expected);
    expect(flagsOf(dialogue)).toBe("over");
  });
});

describe("a reply that comes while nothing is owed", () => {
  it("ends the dialogue that is ready, with every mail to come", () => {
    const dialogue = readyOf();
    expect(receive(dialogue, "250 OK", "250 OK").map(inWords)).toStrictEqual(["close"]);
    expect(dialogue.failure).toMatchObject({
      cause: "protocol",
      stage: "mail",
      message: "a reply that nothing asked for: 250 OK",
    });
    expect(dialogue.submit(MAIL)).toMatchObject([
      { type: "settle", begun: false, outcome: { failure: dialogue.failure } },
    ]);
  });

  it.each([
    ["a reply", "250 OK\r\n"],
    ["half a reply", "25"],
    ["no reply at all", "Hello there\r\n"],
  ])("is not waited for, and no command is written behind it: %s", (_, early) => {
    const dialogue = dialogueOf();
    dialogue.start();
    const effects = dialogue.receive(encode(`220 x\r\n${early}`));
    expect(effects.map(inWords)).toStrictEqual(["close"]);
    expect(dialogue.failure?.message).toBe("the relay sent more than the reply that was asked for");
  });

  it("and is a 421 is the relay's word for the end", () => {
    const dialogue = dialogueOf();
    dialogue.start();
    expect(receive(dialogue, "220 x", "421 4.3.2 Closing").map(inWords)).toStrictEqual(["close"]);
    expect(dialogue.failure).toMatchObject({
      cause: "reply",
      stage: "ehlo",
      message: "the relay is closing the connection: 421 4.3.2 Closing",
      reply: { code: 421 },
    });
  });

  it("ends nothing where it is one of a group's, and the octets of BDAT follow", () => {
    const forwardPaths = Array.from({ length: 251 }, (_, index) => `r${index}@example.org`);
    const dialogue = readyOf(["PIPELINING", "CHUNKING"]);
    const mail = { ...MAIL, forwardPaths, sizeOctets: 22 };
    expect(dialogue.submit(mail, { isAlive: true })).toHaveLength(251);
    const effects = receive(dialogue, ...Array.from({ length: 250 }, () => "250 OK"));
    const words = effects.map(inWords).filter((word) => !word.startsWith("await"));
    expect(words).toStrictEqual([
      "C: RCPT TO:<r249@example.org>",
      "C: RCPT TO:<r250@example.org>",
      "C: BDAT 22 LAST",
      "content octets",
    ]);
  });
});

describe("while the content is on its way", () => {
  function inContent(): Dialogue {
    const dialogue = readyOf();
    dialogue.submit(MAIL);
    receive(dialogue, "250 OK");
    receive(dialogue, "250 OK");
    receive(dialogue, "354 Go");
    return dialogue;
  }

  it("a refusal ends it, and what is handed over too late means nothing", () => {
    const dialogue = inContent();
    expect(receive(dialogue, "552 5.3.4 Too big")).toMatchObject([
      {
        type: "settle",
        begun: true,
        outcome: {
          status: "refused",
          failure: {
            cause: "reply",
            stage: "content",
            message: "the relay broke off the message: 552 5.3.4 Too big",
          },
        },
      },
      { type: "close" },
    ]);
    expect(dialogue.contentSent()).toStrictEqual([]);
    expect(dialogue.contentFailed("the file ended early")).toStrictEqual([]);
  });

  it("a 250 ends it, and counts for nothing", () => {
    const dialogue = inContent();
    expect(receive(dialogue, "250 Queued").map(inWords)).toStrictEqual([
      "settle deferred",
      "close",
    ]);
  });

  it("an interruption leaves no doubt, since the final dot is not out", () => {
    const dialogue = inContent();
    expect(dialogue.interrupt("eof").map(inWords)).toStrictEqual(["settle deferred", "close"]);
  });

  it("the mail that it belongs to is told", () => {
    const dialogue = readyOf();
    dialogue.submit(MAIL);
    receive(dialogue, "250 OK");
    receive(dialogue, "250 OK");
    expect(receive(dialogue, "354 Go")).toStrictEqual([
      { type: "content", framing: "dots", transaction: MAIL },
    ]);
  });
});

it("goes on where content fails that is not under way", () => {
  const dialogue = readyOf();
  expect(dialogue.contentFailed("the file ended early")).toStrictEqual([]);
  expect(dialogue.contentSent()).toStrictEqual([]);
  expect(flagsOf(dialogue)).toBe("ready capable");
});

describe("events at the wrong time", () => {
  it.each<readonly [string, Dialogue, Act, string]>([
    ["started twice", readyOf(), (each) => each.start(), "connect"],
    ["secured before TLS was asked for", dialogueOf(), (each) => each.secured(), "tls"],
    ["answered without a question", readyOf(), (each) => each.answer(undefined), "auth"],
  ])("are ours to mend: %s", (_, dialogue, act, stage) => {
    expect(() => act(dialogue)).toThrow(new TypeError(`the dialogue is not at stage ${stage}`));
  });
});

describe("QUIT", () => {
  it("before there is a connection closes at once, with every mail to come", () => {
    const dialogue = dialogueOf();
    dialogue.submit(MAIL);
    expect(dialogue.quit().map(inWords)).toStrictEqual(["settle deferred unbegun", "close"]);
    expect(dialogue.failure).toBeUndefined();
  });

  it("waits for the opening to end", () => {
    const dialogue = dialogueOf();
    dialogue.start();
    expect(dialogue.quit()).toStrictEqual([]);
    receive(dialogue, "220 x");
    expect(receive(dialogue, "250 x").map(inWords)).toStrictEqual(["C: QUIT", "await quit 8"]);
  });

  it.each(["221 Bye", "421 Closing", "554 No", "garbage"])("is answered at all: %s", (line) => {
    const dialogue = readyOf();
    dialogue.quit();
    expect(receive(dialogue, line).map(inWords)).toStrictEqual(["close"]);
    expect(dialogue.failure).toBeUndefined();
  });

  it("settles what the relay takes no more of in this session", () => {
    const dialogue = readyOf(["LIMITS MAILMAX=1"]);
    dialogue.submit(MAIL);
    dialogue.submit(MAIL);
    const effects = receive(dialogue, "550 No");
    expect(effects.map(inWords)).toStrictEqual([
      "settle refused",
      "settle deferred unbegun",
      "C: QUIT",
      "await quit 8",
    ]);
    expect(effects[1]).toMatchObject({
      outcome: {
        failure: {
          cause: "connection",
          stage: "connect",
          message: "the session had ended before this mail was begun",
        },
      },
    });
  });

  it("follows upon an opening that was refused, and the refusal is what is told", () => {
    const dialogue = dialogueOf();
    dialogue.submit(MAIL);
    dialogue.start();
    expect(receive(dialogue, "554 5.7.1 Go away").map(inWords)).toStrictEqual([
      "settle refused unbegun",
      "C: QUIT",
      "await quit 8",
    ]);
    receive(dialogue, "garbage");
    expect(dialogue.failure).toMatchObject({ cause: "reply", stage: "greeting" });
  });
});

it("settles a mail that the relay cannot take as one never begun, and stays ready", () => {
  const dialogue = readyOf(["SIZE 21"]);
  expect(dialogue.submit({ ...MAIL, sizeOctets: 22 }).map(inWords)).toStrictEqual([
    "settle refused unbegun",
  ]);
  expect(flagsOf(dialogue)).toBe("ready capable");
});
