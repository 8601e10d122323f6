/** One transaction by itself: which commands go out when, and what their replies add up to (RFC 5321 §3.3). */
import { describe, expect, it } from "vitest";

import { parseCapabilities } from "../../src/smtp/capabilities.ts";
import { InvalidCommand } from "../../src/smtp/command.ts";
import type { Reply } from "../../src/smtp/reply.ts";
import { TransactionRun, type Step, type Transaction } from "../../src/smtp/transaction.ts";

function reply(code: number, text = "x", enhanced?: string): Reply {
  return { code, lines: [text], ...(enhanced === undefined ? {} : { enhanced }) };
}

interface Setting extends Partial<Transaction> {
  readonly offers?: readonly string[];
  readonly mayGoUnasked?: boolean;
}

function runOf({ offers = [], mayGoUnasked = true, ...more }: Setting = {}): TransactionRun {
  return new TransactionRun(
    {
      reversePath: "ann@example.com",
      forwardPaths: ["bob@example.org"],
      smtpUtf8: false,
      recipientPolicy: "any",
      ...more,
    },
    parseCapabilities({ code: 250, lines: ["relay.example.net", ...offers] }),
    { reset: false, mayGoUnasked },
  );
}

function manyPaths(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `r${index}@example.org`);
}

/** The verbs that may be written while so many replies are owed. */
function verbs(run: TransactionRun, outstanding = 0): readonly string[] {
  return run.advance(outstanding).map(({ command }) => command.line.slice(0, 4));
}

/** A run whose commands are all written, without PIPELINING, up to the step that answers are owed for. */
function runUpTo(type: Step["type"], setting: Setting = {}): TransactionRun {
  const run = runOf(setting);
  for (;;) {
    const step = run.advance(0)[0];
    if (step === undefined) throw new Error(`no step ${type}`);
    if (step.type === type) return run;
    run.take(step, reply(250));
  }
}

const STEPS = {
  rset: { type: "rset", stage: "mail" },
  mail: { type: "mail", stage: "mail" },
  rcpt: { type: "rcpt", stage: "rcpt" },
  data: { type: "data", stage: "data" },
  bdat: { type: "bdat", stage: "content" },
  content: { type: "content", stage: "content" },
  nothing: { type: "nothing", stage: "data" },
} as const satisfies Record<Step["type"], Step>;

const CHUNKING = ["PIPELINING", "CHUNKING"];

describe("MAIL says", () => {
  const offers = ["SIZE", "8BITMIME", "SMTPUTF8"];
  it.each<readonly [string, Setting, string]>([
    ["nothing that is not offered", { sizeOctets: 22, eightBit: true }, ""],
    ["nothing that is not known", { offers }, ""],
    ["the size", { offers, sizeOctets: 22 }, " SIZE=22"],
    ["that the content has 8 bits", { offers, eightBit: true }, " BODY=8BITMIME"],
    ["so with SMTPUTF8 too", { offers, smtpUtf8: true }, " BODY=8BITMIME SMTPUTF8"],
  ])("%s", (_, setting, words) => {
    const [mail] = runOf(setting).advance(0);
    expect(mail?.command.line).toBe(`MAIL FROM:<ann@example.com>${words}`);
  });
});

describe("an envelope that cannot stand in a command is refused before any is written", () => {
  const plus = `${"+".repeat(240)}@example.org`;
  it.each<readonly [string, Setting]>([
    ["MAIL", { requests: { submitter: plus, dsn: { envid: "=".repeat(100) } }, reversePath: plus }],
    ["RCPT", { forwardPaths: [plus], requests: { dsn: { notify: ["SUCCESS"] } } }],
  ])("%s too long", (_, setting) => {
    expect(() => runOf(setting)).toThrow(InvalidCommand);
  });
});

describe("a group", () => {
  it("has 250 outstanding replies at most, those to others among them", () => {
    const run = runOf({ offers: ["PIPELINING"], forwardPaths: manyPaths(300) });
    expect(verbs(run)).toHaveLength(250);
    expect(verbs(run, 250)).toStrictEqual([]);
    expect(verbs(run, 249)).toStrictEqual(["RCPT"]);
    expect(run.advance(200, 50)).toStrictEqual([]);
    expect(run.advance(200, 49)).toHaveLength(1);
    expect(verbs(run, 201)).toHaveLength(49);
    expect(verbs(run, 50)).toStrictEqual(["DATA"]);
  });

  it("ends with DATA, or with BDAT where CHUNKING is offered and the size is known", () => {
    expect(verbs(runOf({ offers: ["PIPELINING"], sizeOctets: 9 })).at(-1)).toBe("DATA");
    expect(verbs(runOf({ offers: CHUNKING, sizeOctets: 9 })).at(-1)).toBe("BDAT");
    expect(verbs(runOf({ offers: CHUNKING })).at(-1)).toBe("DATA");
  });

  it.each([
    [64 * 1024, ["MAIL", "RCPT", "BDAT"]],
    [64 * 1024 + 1, ["MAIL", "RCPT"]],
  ])("holds the content of %i octets: %j", (sizeOctets, expected) => {
    const run = runOf({ offers: CHUNKING, sizeOctets });
    expect(verbs(run)).toStrictEqual(expected);
  });

  it("ends before BDAT on a session that has served before, but not before DATA", () => {
    const used = { mayGoUnasked: false, sizeOctets: 9 };
    expect(verbs(runOf({ ...used, offers: CHUNKING }))).toStrictEqual(["MAIL", "RCPT"]);
    expect(verbs(runOf({ ...used, offers: ["PIPELINING"] }))).toStrictEqual([
      "MAIL",
      "RCPT",
      "DATA",
    ]);
  });

  it("that large content waits for goes on once everybody has answered", () => {
    const run = runOf({ offers: CHUNKING, sizeOctets: 70_000 });
    const [mail = STEPS.mail, rcpt = STEPS.rcpt] = run.advance(0);
    run.take(mail, reply(250));
    expect(verbs(run, 1)).toStrictEqual([]);
    run.take(rcpt, reply(250));
    expect(run.stage).toBe("mail");
    expect(run.advance(0)).toMatchObject([{ type: "bdat", stage: "content" }]);
    expect(run.stage).toBe("content");
  });

  it("has nothing behind BDAT but its octets", () => {
    const run = runOf({ offers: CHUNKING, sizeOctets: 9 });
    expect(verbs(run).at(-1)).toBe("BDAT");
    expect(verbs(run, 3)).toStrictEqual([]);
  });
});

describe("a reply that is none", () => {
  it.each<readonly [Step["type"], number]>([
    ["rset", 300],
    ["rset", 400],
    ["mail", 300],
    ["rcpt", 399],
    ["data", 250],
    ["data", 399],
    ["bdat", 250],
    ["content", 354],
    ["nothing", 354],
  ])("to %s: %i", (type, code) => {
    const detail = `${code} Hm is no answer to ${type}`;
    expect(runUpTo("mail").take(STEPS[type], reply(code, "Hm"))).toStrictEqual({
      type: "fault",
      detail,
    });
  });

  it.each<readonly [Step["type"], number, string]>([
    ["rset", 299, "continue"],
    ["mail", 299, "continue"],
    ["mail", 400, "continue"],
    ["rcpt", 251, "continue"],
    ["data", 354, "content"],
    ["data", 400, "continue"],
    ["bdat", 400, "continue"],
    ["content", 299, "continue"],
    ["nothing", 250, "continue"],
    ["nothing", 554, "continue"],
  ])("and its clean twin to %s: %i", (type, code, next) => {
    expect(runUpTo("mail").take(STEPS[type], reply(code))).toStrictEqual({ type: next });
  });
});

describe("the failure tells", () => {
  const two = ["bob@example.org", "cat@example.org"];
  const answered = (run: TransactionRun, ...steps: readonly (readonly [Step, Reply])[]) => {
    for (const [step, answer] of steps) run.take(step, answer);
    return run.outcome(() => ["S: 220"]);
  };
  const no = reply(550, "5.7.1 No");

  it.each<readonly [string, Setting, readonly (readonly [Step, Reply])[], object]>([
    [
      "that the sender was refused",
      {},
      [[STEPS.mail, no]],
      { stage: "mail", message: "the relay refused the sender: 550 5.7.1 No" },
    ],
    [
      "that the only recipient was",
      {},
      [[STEPS.rcpt, no]],
      { stage: "rcpt", message: "the relay refused the recipient: 550 5.7.1 No" },
    ],
    [
      "that every recipient was, by the first reply",
      { forwardPaths: two },
      [
        [STEPS.rcpt, no],
        [STEPS.rcpt, reply(551)],
      ],
      { stage: "rcpt", message: "the relay refused every recipient: 550 5.7.1 No" },
    ],
    [
      "the permanent one of them, where all are wanted",
      { forwardPaths: two, recipientPolicy: "all" },
      [
        [STEPS.rcpt, reply(450)],
        [STEPS.rcpt, no],
      ],
      { stage: "rcpt", message: "the relay refused every recipient: 550 5.7.1 No" },
    ],
    [
      "that one was, where all are wanted",
      { forwardPaths: two, recipientPolicy: "all" },
      [
        [STEPS.rcpt, reply(250)],
        [STEPS.rcpt, no],
      ],
      { stage: "rcpt", message: "the relay refused a recipient: 550 5.7.1 No" },
    ],
    [
      "that DATA was refused",
      {},
      [
        [STEPS.rcpt, reply(250)],
        [STEPS.data, no],
      ],
      { stage: "data", message: "the relay refused to take the message: 550 5.7.1 No" },
    ],
    [
      "that the content was",
      {},
      [
        [STEPS.rcpt, reply(250)],
        [STEPS.content, no],
      ],
      { stage: "content", message: "the relay refused the message: 550 5.7.1 No" },
    ],
  ])("%s", (_, setting, steps, expected) => {
    expect(answered(runOf(setting), ...steps)).toMatchObject({
      status: "refused",
      failure: { cause: "reply", transcript: ["S: 220"], ...expected },
    });
  });

  it("the transient one, where any recipient would do", () => {
    const run = runOf({ forwardPaths: two });
    const outcome = answered(run, [STEPS.rcpt, no], [STEPS.rcpt, reply(450, "Busy")]);
    expect(outcome).toMatchObject({
      status: "deferred",
      failure: { message: "the relay refused every recipient: 450 Busy" },
    });
  });

  it.each<readonly [number, string]>([
    [530, "auth"],
    [538, "auth"],
    [535, "reply"],
    [550, "reply"],
  ])("by %i that the cause is %s", (code, cause) => {
    expect(answered(runOf(), [STEPS.mail, reply(code)])).toMatchObject({ failure: { cause } });
    expect(answered(runOf(), [STEPS.rcpt, reply(code)])).toMatchObject({ failure: { cause } });
  });

  it("nothing while one of two is refused, and the other may still be taken", () => {
    expect(answered(runOf({ forwardPaths: two }), [STEPS.rcpt, no])).toBeUndefined();
  });

  it("the first failure, whatever follows from it", () => {
    const run = runOf();
    const outcome = answered(run, [STEPS.mail, no], [STEPS.rcpt, reply(503)], [STEPS.data, no]);
    expect(outcome).toMatchObject({
      failure: {
        stage: "mail",
        refused: [{ recipient: "bob@example.org", reply: { code: 503 } }],
      },
    });
  });
});

describe("what the replies add up to", () => {
  it("is nothing while no reply has decided", () => {
    const run = runUpTo("rcpt");
    expect(run.outcome(() => [])).toBeUndefined();
    expect(run.refusals()).toStrictEqual({});
  });

  it("is one result per recipient, in order", () => {
    const run = runOf({ forwardPaths: ["a@x.org", "b@x.org", "c@x.org"] });
    for (const code of [250, 550, 251]) run.take(STEPS.rcpt, reply(code));
    run.take(STEPS.content, reply(250, "Queued"));
    expect(run.outcome(() => [])).toStrictEqual({
      status: "accepted",
      accepted: ["a@x.org", "c@x.org"],
      refused: [{ recipient: "b@x.org", reply: reply(550) }],
      reply: reply(250, "Queued"),
    });
  });

  it("is a lone dot, not the content, where 354 comes although nobody gets it", () => {
    const run = runOf();
    run.take(STEPS.rcpt, reply(550));
    expect(run.take(STEPS.data, reply(354))).toStrictEqual({ type: "lone-dot" });
  });

  it("is a lone dot where the sender was refused, whatever the recipient was", () => {
    const run = runOf();
    run.take(STEPS.mail, reply(550));
    run.take(STEPS.rcpt, reply(250));
    expect(run.take(STEPS.data, reply(354))).toStrictEqual({ type: "lone-dot" });
  });
});

describe("a refusal is about the size", () => {
  it.each<readonly [Step["type"], Reply, boolean]>([
    ["mail", reply(552), true],
    ["mail", reply(552, "x", "5.3.4"), true],
    ["mail", reply(550, "x", "5.3.4"), true],
    ["content", reply(552), true],
    ["content", reply(552, "x", "5.2.2"), false],
    ["content", reply(554), false],
    ["data", reply(552), false],
  ])("%s %j: %s", (type, answer, isAboutSize) => {
    const run = runOf();
    run.take(STEPS[type], answer);
    const outcome = run.outcome(() => []);
    const extension =
      outcome?.status === "accepted" ? "none" : (outcome?.failure.extension ?? "none");
    expect(extension).toBe(isAboutSize ? "SIZE" : "none");
  });
});

describe("BDAT is not known to a relay that offers it", () => {
  const byBdat = { offers: ["CHUNKING"], sizeOctets: 9 };
  it.each<readonly [Setting, Step["type"], number, boolean]>([
    [byBdat, "content", 500, true],
    [byBdat, "content", 502, true],
    [byBdat, "content", 504, true],
    [byBdat, "bdat", 500, true],
    [byBdat, "content", 501, false],
    [byBdat, "content", 503, false],
    [byBdat, "mail", 500, false],
    [{}, "content", 500, false],
    [{}, "data", 502, false],
  ])("%j, %s answered with %i: %s", (setting, type, code, expected) => {
    const run = runOf(setting);
    run.take(STEPS[type], reply(code));
    expect(run.wasBdatUnknown).toBe(expected);
  });
});

describe("the relay may still hold a piece of it", () => {
  const byBdat = { offers: ["CHUNKING"], sizeOctets: 9 };
  it.each<readonly [Setting, Step["type"], number, boolean]>([
    [{}, "mail", 550, true],
    [{}, "data", 451, true],
    [{}, "content", 250, false],
    [{}, "content", 554, false],
    [byBdat, "content", 250, false],
    [byBdat, "content", 554, true],
  ])("%j, %s answered with %i: %s", (setting, type, code, expected) => {
    const run = runOf(setting);
    run.take(STEPS[type], reply(code));
    expect(run.leavesTransactionOpen).toBe(expected);
  });
});
