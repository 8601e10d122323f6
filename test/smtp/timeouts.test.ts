/** How long each stage may last. */
import { describe, expect, it } from "vitest";

import { STAGES, TIMEOUT_MS, timeoutMs, type Timeouts } from "../../src/smtp/timeouts.ts";

const MINUTE_MS = 60_000;
const GIVEN: Required<Timeouts> = {
  connect: 1,
  tls: 2,
  greeting: 3,
  command: 4,
  dataInit: 5,
  dataBlock: 6,
  dataTermination: 7,
  quit: 8,
};
const TABLE = [
  ["compose", 4, MINUTE_MS],
  ["connect", 1, 20_000],
  ["greeting", 3, MINUTE_MS],
  ["ehlo", 4, MINUTE_MS],
  ["starttls", 4, MINUTE_MS],
  ["tls", 2, 20_000],
  ["auth", 4, MINUTE_MS],
  ["mail", 4, MINUTE_MS],
  ["rcpt", 4, MINUTE_MS],
  ["data", 5, MINUTE_MS],
  ["content", 7, 5 * MINUTE_MS],
  ["quit", 8, 1000],
] as const;

it("is known of every stage, in the order in which they come", () => {
  expect(STAGES).toStrictEqual(TABLE.map(([stage]) => stage));
});

describe.each(TABLE)("%s", (stage, givenMs, defaultMs) => {
  it("lasts as long as its timeout says", () => {
    expect(timeoutMs(stage, GIVEN)).toBe(givenMs);
  });

  it("has a default", () => {
    expect(timeoutMs(stage, {})).toBe(defaultMs);
  });
});

it("is longest after the final dot, where cutting it short makes duplicates", () => {
  expect(TIMEOUT_MS.dataTermination).toBe(Math.max(...Object.values(TIMEOUT_MS)));
});
