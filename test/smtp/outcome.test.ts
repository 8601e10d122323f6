/** Transient, permanent or unknown: the one judgement of a failure (RFC 5321 §4.2.1). */
import { describe, expect, it } from "vitest";

import {
  dispositionOf,
  failed,
  isAboutAccess,
  isTransient,
  type Failure,
  type RefusedRecipient,
} from "../../src/smtp/outcome.ts";

const reply = (code: number) => ({ code, lines: ["x"] });
const refused = (...codes: readonly number[]): readonly RefusedRecipient[] =>
  codes.map((code) => ({ recipient: `${code}@example.org`, reply: reply(code) }));

type Facts = Omit<Failure, "message" | "transcript" | "stage">;

const TABLE: readonly (readonly [string, Facts, "transient" | "permanent" | "unknown"])[] = [
  ["an invalid mail", { cause: "validation" }, "permanent"],
  ["a bad setting", { cause: "config" }, "permanent"],
  ["a lost connection", { cause: "connection" }, "transient"],
  ["a bad certificate", { cause: "tls" }, "transient"],
  ["silence", { cause: "timeout" }, "transient"],
  ["nonsense", { cause: "protocol" }, "transient"],
  ["silence after the final dot", { cause: "timeout", contentSent: true }, "unknown"],
  ["nonsense after the final dot", { cause: "protocol", contentSent: true }, "unknown"],
  [
    "4yz after the final dot",
    { cause: "reply", contentSent: true, reply: reply(451) },
    "transient",
  ],
  [
    "5yz after the final dot",
    { cause: "reply", contentSent: true, reply: reply(554) },
    "permanent",
  ],
  ["no mechanism in common", { cause: "auth" }, "permanent"],
  ["wrong credentials", { cause: "auth", reply: reply(535) }, "permanent"],
  ["a temporary failure of AUTH", { cause: "auth", reply: reply(454) }, "transient"],
  ["4yz", { cause: "reply", reply: reply(450) }, "transient"],
  ["5yz", { cause: "reply", reply: reply(550) }, "permanent"],
  ["a reply that is not there", { cause: "reply" }, "permanent"],
  [
    "5yz, though one recipient may be taken later",
    { cause: "reply", reply: reply(550), refused: refused(550, 450) },
    "permanent",
  ],
];

describe("a failure", () => {
  it.each(TABLE)("is judged: %s", (_, facts, disposition) => {
    expect(dispositionOf({ ...facts, stage: "content" })).toBe(disposition);
  });

  it.each([
    ["deferred", { cause: "timeout" }],
    ["refused", { cause: "config" }],
    ["unknown", { cause: "timeout", contentSent: true }],
  ] as const)("makes a mail %s", (status, facts) => {
    const failure: Failure = { ...facts, stage: "content", message: "x", transcript: [] };
    expect(failed(failure)).toStrictEqual({ status, failure });
  });
});

it.each([
  [399, false],
  [400, true],
  [499, true],
  [500, false],
])("%i may pass: %s", (code, expected) => {
  expect(isTransient(reply(code))).toBe(expected);
});

it.each([
  ["credentials", "auth", "auth", true],
  ["a setting", "config", "compose", true],
  ["the greeting", "reply", "greeting", true],
  ["EHLO", "reply", "ehlo", true],
  ["an invalid mail", "validation", "compose", false],
  ["a lost connection", "connection", "connect", false],
  ["a sender", "reply", "mail", false],
  ["silence in AUTH", "timeout", "auth", false],
] as const)("a failure of access, and not of this mail: %s", (_, cause, stage, expected) => {
  expect(isAboutAccess({ cause, stage })).toBe(expected);
});
