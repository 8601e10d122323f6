/** A mail over several transactions: what the relay lacks for it, and one result per recipient (RFC 9422 §4). */
import { describe, expect, it } from "vitest";

import { parseCapabilities } from "../../src/smtp/capabilities.ts";
import { Delivery } from "../../src/smtp/delivery.ts";
import type { Failure, TransactionOutcome } from "../../src/smtp/outcome.ts";
import type { Reply } from "../../src/smtp/reply.ts";
import type { Transaction } from "../../src/smtp/transaction.ts";

interface Setting extends Partial<Transaction> {
  readonly offers?: readonly string[];
}

function deliver({ offers = [], ...transaction }: Setting): Delivery {
  return new Delivery(
    {
      reversePath: "ann@example.com",
      forwardPaths: ["a@one.org", "b@two.org"],
      smtpUtf8: false,
      recipientPolicy: "any",
      ...transaction,
    },
    parseCapabilities({ code: 250, lines: ["relay.example.net", ...offers] }),
  );
}

const TWO_AT_ONCE = ["LIMITS RCPTMAX=2"];
const RCPT = { type: "rcpt", stage: "rcpt" } as const;
const FRESH = { reset: false, mayGoUnasked: true };
const CODES = { mail: 250, content: 250 };
const LOST: Failure = {
  cause: "connection",
  stage: "rcpt",
  message: "the relay closed the connection",
  transcript: [],
};

function reply(code: number): Reply {
  return { code, lines: ["x"] };
}

/** Runs one transaction with these replies to RCPT; the outcome where the mail has one then. */
function runOnce(
  delivery: Delivery,
  rcpts: readonly number[],
  codes: Partial<typeof CODES> = {},
): { readonly paths: readonly string[]; readonly outcome: TransactionOutcome | undefined } {
  const { mail, content } = { ...CODES, ...codes };
  const run = delivery.next(FRESH);
  run.take({ type: "mail", stage: "mail" }, reply(mail));
  for (const code of rcpts) run.take(RCPT, reply(code));
  if (mail === 250 && rcpts.some((code) => code < 300)) {
    run.take({ type: "content", stage: "content" }, reply(content));
  }
  const paths = run.transaction.forwardPaths;
  const outcome = run.outcome(() => []);
  if (outcome === undefined) throw new Error("the transaction has no outcome");
  return { paths, outcome: delivery.absorb(run, outcome) };
}

/** Recipients that have it, and those that do not with the code of their reply. */
function results(outcome: TransactionOutcome | undefined): object | undefined {
  if (outcome?.status !== "accepted") return outcome;
  const { accepted, refused } = outcome;
  return { accepted, refused: refused.map((each) => [each.recipient, each.reply.code]) };
}

describe("before MAIL, a relay lacks", () => {
  const all = { recipientPolicy: "all" } as const;
  it.each<readonly [string, Setting, object]>([
    [
      "the room for the message",
      { offers: ["SIZE 100"], sizeOctets: 101 },
      { extension: "SIZE", message: "the message has 101 octets, the relay takes 100" },
    ],
    [
      "SMTPUTF8",
      { offers: ["8BITMIME"], smtpUtf8: true },
      {
        extension: "SMTPUTF8",
        message: "an address is not ASCII, and the relay does not offer SMTPUTF8",
      },
    ],
    [
      "8BITMIME",
      { offers: ["SMTPUTF8"], eightBit: true },
      {
        extension: "8BITMIME",
        message: "the message has 8-bit content, and the relay does not offer 8BITMIME",
      },
    ],
    [
      "room for all recipients at once",
      { ...all, offers: ["LIMITS RCPTMAX=1"] },
      {
        extension: "LIMITS",
        message:
          "to send to all recipients or none takes one transaction, and the relay's RCPTMAX is too low",
      },
    ],
    [
      "room for all of their domains",
      { ...all, offers: ["LIMITS RCPTDOMAINMAX=1"] },
      {
        extension: "LIMITS",
        message:
          "to send to all recipients or none takes one transaction, and the relay's RCPTDOMAINMAX is too low",
      },
    ],
  ])("%s", (_, setting, lack) => {
    expect(deliver(setting).lack({ isSecured: true })).toStrictEqual(lack);
  });

  it.each<readonly [string, Setting]>([
    ["the message is as large as may be", { offers: ["SIZE 100"], sizeOctets: 100 }],
    ["its size is not known", { offers: ["SIZE 100"] }],
    ["SMTPUTF8 is offered", { offers: ["SMTPUTF8"], smtpUtf8: true }],
    ["8BITMIME is offered", { offers: ["8BITMIME"], eightBit: true }],
    ["the limit is as many as there are", { ...all, offers: ["LIMITS RCPTMAX=2"] }],
    ["there are as many domains", { ...all, offers: ["LIMITS RCPTDOMAINMAX=2"] }],
    ["there are more, and several transactions may be", { offers: ["LIMITS RCPTMAX=1"] }],
  ])("nothing where %s", (_, setting) => {
    expect(deliver(setting).lack({ isSecured: true })).toBeUndefined();
  });
});

describe("a transaction has", () => {
  const forwardPaths = ["a@one.org", "b@two.org", "c@ONE.org", "d@two.org", "e@three.org"];
  it.each<readonly [string, readonly (readonly string[])[]]>([
    ["FOO=1", [forwardPaths]],
    ["RCPTMAX=5", [forwardPaths]],
    ["RCPTMAX=3", [forwardPaths.slice(0, 3), forwardPaths.slice(3)]],
    ["RCPTDOMAINMAX=2", [forwardPaths.slice(0, 4), ["e@three.org"]]],
    ["RCPTDOMAINMAX=1", [["a@one.org", "c@ONE.org"], ["b@two.org", "d@two.org"], ["e@three.org"]]],
    ["RCPTMAX=1 RCPTDOMAINMAX=1", forwardPaths.map((path) => [path])],
  ])("the recipients that LIMITS %s allows, in order", (limits, expected) => {
    const delivery = deliver({ forwardPaths, offers: [`LIMITS ${limits}`] });
    for (const [index, chunk] of expected.entries()) {
      const { paths, outcome } = runOnce(
        delivery,
        chunk.map(() => 250),
      );
      expect(paths, `transaction ${index}`).toStrictEqual(chunk);
      if (index < expected.length - 1) expect(outcome).toBeUndefined();
      else expect(results(outcome)).toStrictEqual({ accepted: forwardPaths, refused: [] });
    }
  });
});

describe("a recipient refused after others were taken", () => {
  it.each([452, 552])(
    "with %i is one too many, and comes first in the next transaction",
    (code) => {
      const delivery = deliver({ forwardPaths: ["a@x.org", "b@x.org", "c@x.org"] });
      expect(runOnce(delivery, [250, code, 250]).outcome).toBeUndefined();
      const { paths, outcome } = runOnce(delivery, [550]);
      expect(paths).toStrictEqual(["b@x.org"]);
      expect(results(outcome)).toStrictEqual({
        accepted: ["a@x.org", "c@x.org"],
        refused: [["b@x.org", 550]],
      });
    },
  );

  it.each([450, 451, 453, 550, 551, 553])("with %i is refused", (code) => {
    const { outcome } = runOnce(deliver({}), [250, code]);
    expect(results(outcome)).toStrictEqual({
      accepted: ["a@one.org"],
      refused: [["b@two.org", code]],
    });
  });

  it.each([452, 552])("is not one too many where nobody was taken: %i", (code) => {
    const { outcome } = runOnce(deliver({}), [code, code]);
    expect(outcome).toMatchObject({ failure: { stage: "rcpt", reply: { code } } });
  });
});

describe("what comes to nothing after some have the mail", () => {
  const forwardPaths = ["a@x.org", "b@x.org", "c@x.org", "d@x.org"];

  function halfDone(): Delivery {
    const delivery = deliver({ forwardPaths, offers: TWO_AT_ONCE });
    runOnce(delivery, [250, 550]);
    return delivery;
  }

  it("gives each tried recipient its own reply, or a 4yz with the reason, and tells the others apart", () => {
    const delivery = deliver({ forwardPaths: [...forwardPaths, "e@x.org"], offers: TWO_AT_ONCE });
    runOnce(delivery, [250, 550]);
    const run = delivery.next(FRESH);
    run.take(RCPT, reply(551));
    expect(delivery.end(LOST, run)).toStrictEqual({
      status: "accepted",
      accepted: ["a@x.org"],
      refused: [
        { recipient: "b@x.org", reply: reply(550) },
        { recipient: "c@x.org", reply: reply(551) },
        {
          recipient: "d@x.org",
          reply: { code: 451, lines: ["4.4.2 the relay closed the connection"] },
        },
        {
          recipient: "e@x.org",
          reply: { code: 451, lines: ["4.4.2 Not tried: the relay closed the connection"] },
          untried: true,
        },
      ],
      reply: reply(250),
    });
  });

  it("gives them the reply that decided, where there is one", () => {
    expect(results(runOnce(halfDone(), [250, 551], { content: 554 }).outcome)).toStrictEqual({
      accepted: ["a@x.org"],
      refused: [
        ["b@x.org", 550],
        ["c@x.org", 554],
        ["d@x.org", 551],
      ],
    });
  });

  it("leaves in doubt whoever was taken before the final dot", () => {
    const delivery = halfDone();
    const run = delivery.next(FRESH);
    run.take(RCPT, reply(250));
    run.take(RCPT, reply(551));
    const outcome = delivery.end({ ...LOST, stage: "content", contentSent: true }, run);
    expect(outcome).toMatchObject({ status: "accepted", unknown: ["c@x.org"] });
    expect(results(outcome)).toStrictEqual({
      accepted: ["a@x.org"],
      refused: [
        ["b@x.org", 550],
        ["d@x.org", 551],
      ],
    });
  });

  it("leaves all of them untried where no further transaction can begin", () => {
    const outcome = halfDone().end(LOST);
    expect(outcome).toMatchObject({
      refused: [
        { recipient: "b@x.org", reply: { code: 550 } },
        { recipient: "c@x.org", untried: true },
        { recipient: "d@x.org", untried: true },
      ],
    });
  });

  it("is the failure of the whole mail while nobody has it", () => {
    const delivery = deliver({ forwardPaths });
    const run = delivery.next(FRESH);
    run.take(RCPT, reply(551));
    expect(delivery.end(LOST, run)).toStrictEqual({
      status: "deferred",
      failure: { ...LOST, refused: [{ recipient: "a@x.org", reply: reply(551) }] },
    });
    expect(delivery.end(LOST)).toStrictEqual({ status: "deferred", failure: LOST });
  });
});
