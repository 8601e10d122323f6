/** One mail over one session: the moves in their order, the replies owed, and where it ends early. */
import { describe, expect, it } from "vitest";

import { parseCapabilities } from "../../src/smtp/capabilities.ts";
import type { Failure } from "../../src/smtp/outcome.ts";
import type { Reply } from "../../src/smtp/reply.ts";
import type { Transaction } from "../../src/smtp/transaction.ts";
import { Transcript } from "../../src/smtp/transcript.ts";
import { Transfer, type TransferMove, type TransferOptions } from "../../src/smtp/transfer.ts";

interface Setting
  extends Partial<Transaction>, Partial<Omit<TransferOptions, "capabilities" | "line">> {
  readonly offers?: readonly string[];
  /** Transactions that the session may have. */
  readonly room?: number;
}

/** Transactions that the transfers of a test have begun. */
const begun = new WeakMap<Transfer, { count: number }>();

function transferOf(setting: Setting = {}): Transfer {
  const { offers = [], room = Infinity, needsReset, isSecured, isAlive, ...more } = setting;
  const transactions = { count: 0 };
  const transfer = new Transfer(
    {
      reversePath: "ann@example.com",
      forwardPaths: ["bob@example.org"],
      smtpUtf8: false,
      recipientPolicy: "any",
      ...more,
    },
    {
      capabilities: parseCapabilities({ code: 250, lines: ["relay.example.net", ...offers] }),
      transcript: new Transcript(undefined),
      isSecured: isSecured ?? true,
      needsReset: needsReset ?? false,
      isAlive: isAlive ?? true,
      line: {
        begin: () => {
          transactions.count += 1;
        },
        hasRoom: () => transactions.count < room,
        isProven: () => false,
        isLast: () => true,
        owedBeside: () => 0,
      },
    },
  );
  begun.set(transfer, transactions);
  return transfer;
}

function reply(code: number, text = "OK"): Reply {
  return { code, lines: [text] };
}

/** A move in a word or two; a `!` where nothing may have come before the command. */
function inWords(move: TransferMove): string {
  switch (move.type) {
    case "write":
      return `${move.isFirst ? "!" : ""}${move.command.line.split(" ")[0] ?? ""}`;
    case "await":
      return `await ${move.stage}`;
    case "content":
      return `content ${move.framing}`;
    case "done":
      return `done ${move.outcome.status}${move.begun ? "" : " unbegun"}`;
    case "break-off":
      return `break off: ${move.detail}`;
    case "given-up":
    case "again":
      return move.type.replace("-", " ");
  }
}

/** The moves upon these replies in turn; "sent" says that the content is handed over. */
function movesOf(
  transfer: Transfer,
  ...events: readonly (number | "sent")[]
): readonly (readonly string[])[] {
  const taken = events.map((event) =>
    event === "sent" ? transfer.contentSent() : transfer.take(reply(event)),
  );
  return taken.map((moves) => moves.map(inWords));
}

const LOST: Failure = { cause: "connection", stage: "mail", message: "lost", transcript: [] };

describe("the moves", () => {
  it("are one command at a time without PIPELINING, each of them the first", () => {
    const transfer = transferOf();
    expect(transfer.begin().map(inWords)).toStrictEqual(["!MAIL", "await mail"]);
    expect(movesOf(transfer, 250, 250, 354, "sent", 250)).toStrictEqual([
      ["!RCPT", "await rcpt"],
      ["!DATA", "await data"],
      ["content dots"],
      [".", "await content"],
      ["done accepted"],
    ]);
  });

  it("are a group with PIPELINING, in which only the first command is", () => {
    const transfer = transferOf({ offers: ["PIPELINING"], needsReset: true });
    expect(transfer.begin().map(inWords)).toStrictEqual([
      "!RSET",
      "MAIL",
      "RCPT",
      "DATA",
      "await mail",
    ]);
    expect(movesOf(transfer, 250, 250, 250)).toStrictEqual([
      ["await mail"],
      ["await rcpt"],
      ["await data"],
    ]);
  });

  it("go on with a full group as its replies come, none of them the first", () => {
    const forwardPaths = Array.from({ length: 250 }, (_, index) => `r${index}@example.org`);
    const transfer = transferOf({ offers: ["PIPELINING"], forwardPaths });
    expect(transfer.begin()).toHaveLength(251);
    expect(movesOf(transfer, 250, 250, 250)).toStrictEqual([
      ["RCPT", "await rcpt"],
      ["DATA", "await rcpt"],
      ["await rcpt"],
    ]);
  });

  it("have the content of BDAT in the group, and its replies afterwards", () => {
    const transfer = transferOf({ offers: ["PIPELINING", "CHUNKING"], sizeOctets: 22 });
    expect(transfer.begin().map(inWords)).toStrictEqual([
      "!MAIL",
      "RCPT",
      "BDAT",
      "content octets",
    ]);
    expect(movesOf(transfer, "sent", 250, 250, 250)).toStrictEqual([
      ["await mail"],
      ["await rcpt"],
      ["await content"],
      ["done accepted"],
    ]);
  });

  it("have the content of BDAT wait on a session that has been idle", () => {
    const byBdat = { offers: ["PIPELINING", "CHUNKING"], sizeOctets: 22 };
    const used = transferOf({ ...byBdat, isAlive: false });
    expect(used.begin().map(inWords)).toStrictEqual(["!MAIL", "RCPT", "await mail"]);
    const halves = transferOf({
      offers: [...byBdat.offers, "LIMITS RCPTMAX=1"],
      sizeOctets: 22,
      forwardPaths: ["a@x.org", "b@x.org"],
    });
    halves.begin();
    // It has just answered: for the second transaction nobody need wait.
    expect(movesOf(halves, "sent", 250, 250, 250).at(-1)).toStrictEqual([
      "!MAIL",
      "RCPT",
      "BDAT",
      "content octets",
    ]);
  });

  it("end with a lone dot, before which nothing may have come, where nobody was taken", () => {
    const transfer = transferOf({ offers: ["PIPELINING"] });
    transfer.begin();
    expect(movesOf(transfer, 250, 550, 354, 250)).toStrictEqual([
      ["await rcpt"],
      ["await data"],
      ["!.", "await content"],
      ["done refused"],
    ]);
  });

  it("are done unbegun where the relay lacks something, or the envelope is no envelope", () => {
    expect(transferOf({ smtpUtf8: true }).begin()).toMatchObject([
      {
        type: "done",
        begun: false,
        outcome: { status: "refused", failure: { stage: "mail", extension: "SMTPUTF8" } },
      },
    ]);
    expect(transferOf({ reversePath: "not an address" }).begin()).toMatchObject([
      {
        type: "done",
        begun: false,
        outcome: {
          status: "refused",
          failure: {
            cause: "validation",
            stage: "mail",
            message: 'not a mailbox that can stand in a command: "not an address"',
          },
        },
      },
    ]);
  });
});

it("lets an error of our own through, which is no verdict on the envelope", () => {
  const requests = {
    dsn: {
      get envid(): string {
        throw new RangeError("a bug");
      },
    },
  };
  expect(() => transferOf({ offers: ["DSN"], requests }).begin()).toThrow(RangeError);
});

describe("at each point", () => {
  it("it knows whether a reply is owed, and the stage of a failure", () => {
    const transfer = transferOf();
    const seen: (readonly [boolean, string])[] = [];
    const look = (): void => void seen.push([transfer.isAwaiting, transfer.stage]);
    look();
    transfer.begin();
    look();
    for (const event of [250, 250, 354, "sent"] as const) {
      movesOf(transfer, event);
      look();
    }
    expect(seen).toStrictEqual([
      [false, "mail"],
      [true, "mail"],
      [true, "rcpt"],
      [true, "data"],
      [false, "content"],
      [true, "content"],
    ]);
  });

  it("a lone dot belongs to DATA: nothing of the mail has been sent", () => {
    const transfer = transferOf({ offers: ["PIPELINING"] });
    transfer.begin();
    movesOf(transfer, 250, 450, 354);
    expect(transfer.stage).toBe("data");
    expect(transfer.end(LOST)).toMatchObject({ status: "deferred" });
  });

  it("it counts the transactions that MAIL was written for", () => {
    const transfer = transferOf();
    expect(begun.get(transfer)?.count).toBe(0);
    transfer.begin();
    expect(begun.get(transfer)?.count).toBe(1);
  });
});

describe("the session ends in the midst of it", () => {
  it.each<readonly [string, readonly (number | "sent")[], string]>([
    ["before the content", [250, 250], "deferred"],
    ["while the content is on its way", [250, 250, 354], "deferred"],
    ["after the final dot", [250, 250, 354, "sent"], "unknown"],
  ])("%s", (_, events, status) => {
    const transfer = transferOf();
    transfer.begin();
    movesOf(transfer, ...events);
    expect(transfer.end(LOST).status).toBe(status);
  });

  it("before it was begun", () => {
    expect(transferOf().end(LOST)).toStrictEqual({ status: "deferred", failure: LOST });
  });

  it("while the octets of BDAT are on their way, and after all of them", () => {
    const transfer = transferOf({ offers: ["PIPELINING", "CHUNKING"], sizeOctets: 22 });
    transfer.begin();
    expect(transfer.end(LOST).status).toBe("deferred");
    transfer.contentSent();
    expect(transfer.end(LOST).status).toBe("unknown");
  });
});

describe("a reply while the content is on its way", () => {
  it.each([
    [400, "given up"],
    [554, "given up"],
    [399, "break off: a reply came before the final dot"],
    [250, "break off: a reply came before the final dot"],
  ])("%i: %s", (code, move) => {
    const transfer = transferOf();
    transfer.begin();
    movesOf(transfer, 250, 250, 354);
    expect(movesOf(transfer, code)).toStrictEqual([[move]]);
  });

  const byBdat = { offers: ["CHUNKING"], sizeOctets: 22 };

  it("refuses BDAT, whose octets must follow all the same", () => {
    const transfer = transferOf(byBdat);
    transfer.begin();
    expect(movesOf(transfer, 250, 250, 552, "sent").slice(2)).toStrictEqual([[], ["done refused"]]);
  });

  it("accepts BDAT too early, and leaves the mail in doubt", () => {
    const transfer = transferOf(byBdat);
    transfer.begin();
    movesOf(transfer, 250, 250);
    expect(movesOf(transfer, 250)).toStrictEqual([["break off: 250 OK is no answer to bdat"]]);
    expect(transfer.end(LOST).status).toBe("unknown");
  });
});

describe("a session with room for so many transactions", () => {
  const halves = { forwardPaths: ["a@x.org", "b@x.org"], offers: ["LIMITS RCPTMAX=1"] };
  const taken = [250, 250, 354, "sent", 250] as const;

  it.each([
    [1, "done accepted"],
    [2, "!MAIL"],
  ])("%i, and a mail that takes two: %s", (room, move) => {
    const transfer = transferOf({ ...halves, room });
    transfer.begin();
    expect(movesOf(transfer, ...taken).at(-1)?.[0]).toBe(move);
    expect(begun.get(transfer)?.count).toBe(room);
  });

  it("tells those that were left why, in the mail's own words", () => {
    const transfer = transferOf({ ...halves, room: 1 });
    transfer.begin();
    for (const event of taken.slice(0, 4)) movesOf(transfer, event);
    expect(transfer.take(reply(250, "Queued"))).toMatchObject([
      {
        type: "done",
        begun: true,
        outcome: {
          accepted: ["a@x.org"],
          refused: [
            {
              recipient: "b@x.org",
              reply: {
                code: 451,
                lines: ["4.4.2 Not tried: the relay takes no more transactions in this session"],
              },
            },
          ],
        },
      },
    ]);
  });
});

describe("what the relay has said stands", () => {
  it.each<readonly [string, Setting, readonly (number | "sent")[], object]>([
    [
      "about MAIL, although all of the content is out",
      { offers: ["PIPELINING", "CHUNKING"], sizeOctets: 22 },
      ["sent", 550],
      { status: "refused", failure: { stage: "mail", reply: { code: 550 } } },
    ],
    [
      "about the only recipient",
      { offers: ["PIPELINING"] },
      [250, 450],
      { status: "deferred", failure: { stage: "rcpt", reply: { code: 450 } } },
    ],
    [
      "and about one of two it has said nothing of the mail",
      { offers: ["PIPELINING"], forwardPaths: ["a@x.org", "b@x.org"] },
      [250, 550],
      { status: "deferred", failure: { message: "lost", refused: [{ recipient: "a@x.org" }] } },
    ],
  ])("%s", (_, setting, events, expected) => {
    const transfer = transferOf(setting);
    transfer.begin();
    movesOf(transfer, ...events);
    expect(transfer.end(LOST)).toMatchObject(expected);
  });

  it("but for BDAT that it does not know: that is a lie, and no verdict on the mail", () => {
    const transfer = transferOf({ offers: ["CHUNKING"], sizeOctets: 22 });
    transfer.begin();
    movesOf(transfer, 250, 250, "sent");
    expect(transfer.take(reply(500, "What?"))).toStrictEqual([
      {
        type: "break-off",
        detail: "the relay offers CHUNKING and does not know BDAT",
        extension: "CHUNKING",
      },
    ]);
    const failure = { ...LOST, extension: "CHUNKING" };
    expect(transfer.end(failure)).toStrictEqual({ status: "deferred", failure });
  });
});

describe("RSET before the next mail", () => {
  it.each<readonly [string, readonly (number | "sent")[], boolean]>([
    ["is due after MAIL was refused", [550], true],
    ["is not due after the content was taken", [250, 250, 354, "sent", 250], false],
    ["is not due after it was refused", [250, 250, 354, "sent", 554], false],
  ])("%s", (_, events, expected) => {
    const transfer = transferOf({ needsReset: !expected });
    transfer.begin();
    // Where the mail before left something behind, the first reply is the one to RSET.
    movesOf(transfer, ...(expected ? [] : [250]), ...events);
    expect(transfer.needsReset).toBe(expected);
  });
});
