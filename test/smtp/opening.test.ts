/** From the greeting to the first mail: each move, and the sentence that a person reads where it ends. */
import { describe, expect, it } from "vitest";

import type { DialogueOptions } from "../../src/smtp/effect.ts";
import { Opening, type Move } from "../../src/smtp/opening.ts";
import type { Reply } from "../../src/smtp/reply.ts";
import type { Mechanism, MechanismFactory } from "../../src/smtp/sasl/mechanism.ts";
import { CREDENTIALS, encode } from "./transcript.ts";

const PLAIN_ANSWER = encode("\0ann@example.com\0s3cret!!");

function reply(code: number, ...lines: readonly string[]): Reply {
  return { code, lines };
}

const HELLO = reply(250, "relay.example.net", "STARTTLS", "AUTH PLAIN LOGIN");

function open(options: Partial<DialogueOptions> = {}): Opening {
  return new Opening({ security: "starttls", ehloName: "client.example.com", ...options });
}

/** An opening that has taken these replies in turn; "tls" is the swap. */
function openedBy(
  options: Partial<DialogueOptions>,
  ...events: readonly (Reply | "tls")[]
): { readonly opening: Opening; readonly move: Move } {
  const opening = open(options);
  let move = opening.start();
  for (const event of events) move = event === "tls" ? opening.secured() : opening.take(event, 0);
  return { opening, move };
}

const CLEAR_AUTH = { security: "none", allowInsecureAuth: true, credentials: CREDENTIALS } as const;
const GREETING = reply(220, "relay.example.net");

/** A mechanism of the test's own, that answers AUTH at once. */
function factoryOf(mechanism: Partial<Mechanism> & { readonly name: string }): MechanismFactory {
  const create = (): Mechanism => ({
    start: () => undefined,
    next: () => new Uint8Array(0),
    ...mechanism,
  });
  return { name: mechanism.name, create };
}

describe("each stage", () => {
  const opening = open({ credentials: CREDENTIALS });
  const steps: readonly (readonly [string, () => unknown, string, boolean, string?])[] = [
    ["before the connection stands", () => undefined, "connect", false],
    ["from then on", () => opening.start(), "greeting", true],
    ["after the greeting", () => opening.take(GREETING, 0), "ehlo", true],
    ["after the first EHLO", () => opening.take(HELLO, 0), "starttls", true],
    ["after the 220 to STARTTLS", () => opening.take(reply(220, "Go"), 0), "tls", false],
    ["once TLS is up", () => opening.secured(), "ehlo", true],
    ["while PLAIN is asked", () => opening.take(HELLO, 0), "auth", false, "PLAIN"],
    ["when it has answered", () => opening.answer(PLAIN_ANSWER), "auth", true, "PLAIN"],
    ["while it is asked again", () => opening.take(reply(334, ""), 0), "auth", false, "PLAIN"],
  ];

  it("knows its name, whether a reply is owed, and the mechanism under way", () => {
    for (const [when, act, stage, isAwaiting, mechanism] of steps) {
      act();
      expect([opening.stage, opening.isAwaiting, opening.mechanism?.name], when).toStrictEqual([
        stage,
        isAwaiting,
        mechanism,
      ]);
    }
  });
});

describe("a move", () => {
  it("with security tls is the swap, and only then the wait for the greeting", () => {
    const opening = open({ security: "tls" });
    expect(opening.start()).toStrictEqual({ type: "swap" });
    expect(opening.secured()).toStrictEqual({ type: "await" });
  });

  it("after EHLO without STARTTLS or AUTH to come is to be ready, with what the relay offers", () => {
    const { move } = openedBy({ security: "none" }, GREETING, reply(250, "x", "PIPELINING"));
    expect(move.type === "ready" && [...move.capabilities.keywords.keys()]).toStrictEqual([
      "PIPELINING",
    ]);
  });

  it("takes the mechanisms after the EHLO inside TLS, not those of the clear", () => {
    const clear = reply(250, "x", "STARTTLS", "AUTH PLAIN");
    const inside = reply(250, "x", "AUTH LOGIN");
    const { move } = openedBy(
      { credentials: CREDENTIALS },
      GREETING,
      clear,
      reply(220, "Go"),
      "tls",
      inside,
    );
    expect(move).toMatchObject({ type: "ask", question: { mechanism: { name: "LOGIN" } } });
  });
});

describe("an orderly end tells", () => {
  const noTls = reply(502, "5.5.1 What?");
  it.each<readonly [string, Partial<DialogueOptions>, readonly Reply[], object]>([
    [
      "that the relay refused the connection",
      {},
      [reply(400, "4.3.2 Later")],
      { cause: "reply", message: "the relay refused the connection: 400 4.3.2 Later" },
    ],
    [
      "that it refused EHLO where TLS is a must, and HELO is not tried",
      {},
      [GREETING, noTls],
      { cause: "reply", message: "the relay refused EHLO: 502 5.5.1 What?" },
    ],
    [
      "that it refused HELO too",
      { security: "none" },
      [GREETING, reply(500, "What?"), reply(550, "5.7.1 Not you")],
      { cause: "reply", message: "the relay refused HELO: 550 5.7.1 Not you" },
    ],
    [
      "that STARTTLS is not offered",
      {},
      [GREETING, reply(250, "x")],
      {
        cause: "tls",
        message: "the relay does not offer STARTTLS, and nothing is sent without TLS",
      },
    ],
    [
      "that STARTTLS was refused",
      {},
      [GREETING, HELLO, reply(454, "4.7.0 No TLS")],
      { cause: "tls", message: "the relay refused STARTTLS: 454 4.7.0 No TLS" },
    ],
    [
      "that credentials stay out of the clear",
      { security: "none", credentials: CREDENTIALS },
      [GREETING, HELLO],
      { cause: "auth", stage: "auth", message: "credentials are not sent without TLS" },
    ],
    [
      "that AUTH is not offered",
      CLEAR_AUTH,
      [GREETING, reply(250, "x")],
      {
        cause: "auth",
        stage: "auth",
        message: "the relay does not offer AUTH, and credentials are configured",
      },
    ],
    [
      "which mechanisms the relay has, where none is ours",
      CLEAR_AUTH,
      [GREETING, reply(250, "x", "AUTH NTLM GSSAPI")],
      {
        cause: "auth",
        stage: "auth",
        message: "no AUTH mechanism in common: the relay offers NTLM GSSAPI",
      },
    ],
  ])("%s", (_, options, replies, expected) => {
    const { move } = openedBy(options, ...replies);
    expect(move).toMatchObject({ type: "refuse", ...expected });
  });
});

describe("the stream cannot be trusted", () => {
  it.each<readonly [string, Partial<DialogueOptions>, readonly Reply[], string]>([
    ["after a greeting that is none", {}, [reply(399, "Hm")], "399 Hm is no answer at this stage"],
    [
      "after a reply while TLS comes up",
      {},
      [GREETING, HELLO, reply(220, "Go"), reply(250, "OK")],
      "a reply that nothing asked for: 250 OK",
    ],
    [
      "after a reply while a mechanism is being asked",
      CLEAR_AUTH,
      [GREETING, HELLO, reply(235, "Come in")],
      "a reply that nothing asked for: 235 Come in",
    ],
  ])("%s", (_, options, replies, message) => {
    const { move } = openedBy(options, ...replies);
    expect(move).toStrictEqual({ type: "break-off", cause: "protocol", message });
  });

  it("after a reply before there is a connection", () => {
    expect(open().take(GREETING, 0)).toMatchObject({ type: "break-off", cause: "protocol" });
  });

  it("after octets behind the 220 to STARTTLS; without them TLS comes up", () => {
    const { opening } = openedBy({}, GREETING, HELLO);
    expect(opening.take(reply(220, "Go"), 1)).toStrictEqual({
      type: "break-off",
      cause: "tls",
      message: "plain text follows the reply to STARTTLS: someone injects replies",
    });
    expect(opening.take(reply(220, "Go"), 0)).toStrictEqual({ type: "swap" });
  });

  it("after 250 in place of 235", () => {
    const { opening } = openedBy(CLEAR_AUTH, GREETING, HELLO);
    opening.answer(PLAIN_ANSWER);
    expect(opening.take(reply(250, "OK"), 0)).toStrictEqual({
      type: "break-off",
      cause: "protocol",
      message: "what came in place of a reply to AUTH is none",
    });
  });
});

describe("AUTH refused", () => {
  const [first, second] = [factoryOf({ name: "X-A" }), factoryOf({ name: "X-B" })];
  const offers = reply(250, "x", "AUTH X-A X-B");

  /** The move upon a reply to the AUTH of the first mechanism. */
  function afterAuth(answer: Reply, ...mechanisms: readonly MechanismFactory[]): Move {
    const { opening } = openedBy({ ...CLEAR_AUTH, mechanisms }, GREETING, offers);
    opening.answer(undefined);
    return opening.take(answer, 0);
  }

  it("quotes the reply", () => {
    expect(afterAuth(reply(535, "5.7.8 No"), first, second)).toStrictEqual({
      type: "refuse",
      cause: "auth",
      message: "the relay refused the credentials: 535 5.7.8 No",
      reply: reply(535, "5.7.8 No"),
    });
  });

  it("quotes the mechanism's remark", () => {
    const remarking = factoryOf({ name: "X-A", remark: "the token has expired" });
    expect(afterAuth(reply(535, "No"), remarking)).toMatchObject({
      message: "the relay refused the credentials (the token has expired): 535 No",
    });
  });

  it("504 passes to the next mechanism, and ends where there is none", () => {
    expect(afterAuth(reply(504, "What?"), first, second)).toMatchObject({
      type: "ask",
      question: { mechanism: { name: "X-B" } },
    });
    expect(afterAuth(reply(504, "What?"), first)).toMatchObject({
      type: "refuse",
      message: "the relay refused the credentials: 504 What?",
    });
  });

  it("504 after a challenge is about the credentials", () => {
    const { opening } = openedBy({ ...CLEAR_AUTH, mechanisms: [first, second] }, GREETING, offers);
    opening.answer(undefined);
    opening.take(reply(334, ""), 0);
    opening.answer(new Uint8Array(0));
    expect(opening.take(reply(504, "What?"), 0)).toMatchObject({ type: "refuse", cause: "auth" });
  });

  const renewable = factoryOf({
    name: "X-A",
    again: () => factoryOf({ name: "X-FRESH" }).create(CREDENTIALS),
  });

  it.each([
    [499, "refuse"],
    [500, "ask"],
  ])("%i with a mechanism that can be renewed: %s", (code, type) => {
    expect(afterAuth(reply(code, "No"), renewable).type).toBe(type);
  });

  it("no third mechanism follows one that was renewed", () => {
    const { opening } = openedBy(
      { ...CLEAR_AUTH, mechanisms: [renewable, second] },
      GREETING,
      offers,
    );
    opening.answer(undefined);
    expect(opening.take(reply(535, "No"), 0)).toMatchObject({
      type: "ask",
      question: { mechanism: { name: "X-FRESH" } },
    });
    opening.answer(undefined);
    expect(opening.take(reply(504, "What?"), 0)).toMatchObject({ type: "refuse", cause: "auth" });
  });

  it.each<readonly [string, boolean, string, string]>([
    ["the credentials' fault", false, "auth", "authentication was given up: no token"],
    ["what may pass", true, "connection", "no token"],
  ])("by ourselves tells our reason, and no reply: %s", (_, mayPass, cause, message) => {
    const { opening } = openedBy({ ...CLEAR_AUTH, mechanisms: [first] }, GREETING, offers);
    expect(opening.answer({ reason: "no token", mayPass })).toStrictEqual({
      type: "refuse",
      cause,
      stage: "auth",
      message,
    });
  });
});

it("takes no answer where no mechanism was asked", () => {
  expect(() => open().answer(undefined)).toThrow(new TypeError("no mechanism was asked"));
});
