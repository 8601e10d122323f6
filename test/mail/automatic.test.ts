/** Auto-Submitted and importance: what is taken, and the header fields of it. */
import { describe, expect, it } from "vitest";

import { automaticFields, readAutoSubmitted, readImportance } from "../../src/mail/automatic.ts";
import type { Problem } from "../../src/smtp/outcome.ts";

const field = (value: unknown) => ({ name: "x", pointer: "/x", value });

describe("autoSubmitted", () => {
  it.each([
    ["no", "no"],
    ["auto-generated", "auto-generated"],
    ["Auto-Replied", "auto-replied"],
    ["AUTO-NOTIFIED", "auto-notified"],
  ])("takes %j", (value, expected) => {
    const problems: Problem[] = [];
    expect(readAutoSubmitted(field(value), problems)).toBe(expected);
    expect(problems).toStrictEqual([]);
  });

  it.each([
    [""],
    ["yes"],
    [true],
    [["no"]],
    [" no"],
    ["no\r\nBcc: x"],
    ["auto-replied; a=b"],
    ["nº"],
  ])("refuses %j", (value) => {
    const problems: Problem[] = [];
    expect(readAutoSubmitted(field(value), problems)).toBeUndefined();
    const detail = "Invalid `x` field. It must be no, auto-generated, auto-replied, auto-notified.";
    expect(problems).toStrictEqual([{ pointer: "/x", detail }]);
  });
});

describe("importance", () => {
  it.each([
    ["high", "high"],
    ["Normal", "normal"],
    ["LOW", "low"],
  ])("takes %j", (value, expected) => {
    const problems: Problem[] = [];
    expect(readImportance(field(value), problems)).toBe(expected);
    expect(problems).toStrictEqual([]);
  });

  it.each([[""], ["urgent"], [1], [{}], ["high\n"], ["hıgh"], ["ﬁ"]])("refuses %j", (value) => {
    const problems: Problem[] = [];
    expect(readImportance(field(value), problems)).toBeUndefined();
    expect(problems).toStrictEqual([
      { pointer: "/x", detail: "Invalid `x` field. It must be high, normal, low." },
    ]);
  });
});

describe("the fields of it", () => {
  it.each([
    [{}, []],
    [{ autoSubmitted: "no" }, ["Auto-Submitted: no"]],
    [{ autoSubmitted: "auto-generated" }, ["Auto-Submitted: auto-generated"]],
    [{ importance: "high" }, ["Importance: high", "X-Priority: 1 (Highest)"]],
    [{ importance: "normal" }, ["Importance: normal"]],
    [{ importance: "low" }, ["Importance: low", "X-Priority: 5 (Lowest)"]],
    [
      { autoSubmitted: "auto-replied", importance: "low" },
      ["Auto-Submitted: auto-replied", "Importance: low", "X-Priority: 5 (Lowest)"],
    ],
  ] as const)("of %j", (mail, expected) => {
    expect(automaticFields(mail).map(({ name, value }) => `${name}: ${value}`)).toStrictEqual(
      expected,
    );
  });

  it("are none where nothing is said", () => {
    expect(readAutoSubmitted(undefined, [])).toBeUndefined();
    expect(readImportance(undefined, [])).toBeUndefined();
  });
});
