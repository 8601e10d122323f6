import { describe, expect, it } from "vitest";

import type { Batch } from "./command.ts";
import { recipientsOf, SENDER, subjectOf, textOf } from "./sample.ts";
import { problemsOf, type Arrived } from "./tally.ts";

const BATCH: Batch = {
  run: "run 1",
  count: 2,
  recipients: 2,
  textOctets: 200,
  htmlOctets: 0,
  attachmentOctets: 0,
};

function arrived(index: number, text: string = textOf(BATCH, index)): Arrived {
  return {
    reversePath: SENDER,
    forwardPaths: recipientsOf(BATCH),
    chunks: [Buffer.from(`Subject: ${subjectOf(BATCH, index)}\r\n\r\n${text}`)],
    isStuffed: false,
  };
}

describe("the tally of the sink", () => {
  it("finds nothing wrong where each mail arrived once, in any order", () => {
    expect(problemsOf(BATCH, [arrived(1), arrived(0)])).toEqual([]);
  });

  it.each<readonly [string, readonly Arrived[], readonly string[]]>([
    ["a mail that did not arrive", [arrived(0)], ["run 1 mail 1: arrived 0 times"]],
    [
      "a mail that arrived twice",
      [arrived(0), arrived(1), arrived(0)],
      ["run 1 mail 0: arrived 2 times"],
    ],
    [
      "a mail that nobody asked for",
      [arrived(0), arrived(1), arrived(2)],
      ['not asked for: "run 1 mail 2"'],
    ],
    ["another text", [arrived(0), arrived(1, "Hello")], ["run 1 mail 1: another text"]],
    [
      "a recipient too few",
      [arrived(0), { ...arrived(1), forwardPaths: ["bob0@example.org"] }],
      ["run 1 mail 1: other recipients"],
    ],
  ])("tells of %s", (_, mails, problems) => {
    expect(problemsOf(BATCH, mails)).toEqual(problems);
  });

  it("takes back the dots that DATA doubles, wherever the chunks end", () => {
    const stuffed = `.X-First: 1\r\n.Subject: run 1 mail 0\r\n\r\n${textOf(BATCH, 0)}`;
    const octets = Buffer.from(stuffed);
    const chunks = Array.from(octets, (_, at) => octets.subarray(at, at + 1));
    const mail: Arrived = { ...arrived(0), chunks, isStuffed: true };
    expect(problemsOf({ ...BATCH, count: 1 }, [mail])).toEqual([]);
    expect(problemsOf({ ...BATCH, count: 1 }, [{ ...mail, isStuffed: false }])).not.toEqual([]);
  });
});
