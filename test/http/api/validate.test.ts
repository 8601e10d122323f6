/** What is told of a part of a request that its schema refuses: the words, and the place. */
import { describe, expect, it } from "vitest";

import { validate, validateBody } from "../../../src/http/api/validate.ts";

const ID = "8F4EE2A4-9f0e-4c7e-b6a1-3b1f5a0c8d2e";
const NO_TIME = "It must be ISO 8601, as `2026-12-01T10:00:00Z`, or like `in 5 minutes`.";

describe("a parameter or a query", () => {
  it.each([
    ["MailId", ID, ID.toLowerCase()],
    ["Address", "Bob@BÜCHER.example", "Bob@xn--bcher-kva.example"],
    ["EmailPage", {}, { limit: 20 }],
    ["EmailPage", { limit: undefined, status: undefined }, { limit: 20, status: undefined }],
    ["EmailPage", { limit: 5, after: ID }, { limit: 5, after: ID.toLowerCase() }],
    ["EmailPage", { status: ["sent", "failed"] }, { limit: 20, status: ["sent", "failed"] }],
    ["SuppressionPage", { after: "b@Example.org" }, { limit: 20, after: "b@example.org" }],
    ["BatchValidation", undefined, "strict"],
  ] as const)("%s takes %j", (name, input, value) => {
    expect(validate(name, input)).toStrictEqual({ ok: true, value });
  });

  const limit = "`limit` must be a whole number from 1 to 100.";
  const known = "there are `limit`, `after`, `before`, `status`.";
  it.each([
    ["MailId", "x", "invalid_parameter", "The `id` must be a valid UUID."],
    ["Address", "x", "validation_error", /^The path does not end in an address\. .*has no `@`/],
    ["EmailPage", { limit: 0 }, "validation_error", limit],
    ["EmailPage", { limit: 101 }, "validation_error", limit],
    ["EmailPage", { limit: "1e1" }, "validation_error", limit],
    ["EmailPage", { after: "x" }, "invalid_parameter", "`after` must be the id of an email."],
    ["EmailPage", { before: "x" }, "invalid_parameter", "`before` must be the id of an email."],
    [
      "EmailPage",
      { after: ID, before: ID },
      "validation_error",
      "Give `after` or `before`, not both.",
    ],
    ["EmailPage", { status: ["x"] }, "validation_error", /^`status` must be one of scheduled, /],
    ["EmailPage", { "a`b": "" }, "validation_error", `Unknown query parameter \`a?b\`: ${known}`],
    [
      "EmailPage",
      JSON.parse('{"__proto__":1}'),
      "validation_error",
      `Unknown query parameter \`__proto__\`: ${known}`,
    ],
    [
      "SuppressionPage",
      { status: undefined },
      "validation_error",
      "Unknown query parameter `status`: there are `limit`, `after`.",
    ],
    ["SuppressionPage", { after: "x" }, "validation_error", /^`after` is no address\. /],
    [
      "BatchValidation",
      "both",
      "validation_error",
      "`x-batch-validation` is `strict` or `permissive`.",
    ],
  ] as const)("%s refuses %j", (name, input: unknown, called, message) => {
    expect(validate(name, input)).toMatchObject({
      ok: false,
      problems: {
        name: called,
        message: typeof message === "string" ? message : expect.stringMatching(message),
      },
    });
  });
});

describe("a body", () => {
  it.each([
    ["a list", [], " The body must be an object."],
    ["a text", "x", " The body must be an object."],
    ["nothing", {}, "/scheduled_at Missing `scheduled_at` field."],
    ["null", { scheduledAt: null }, "/scheduled_at Missing `scheduled_at` field."],
    ["a number", { scheduledAt: 1 }, `/scheduledAt Invalid \`scheduledAt\` field. ${NO_TIME}`],
    [
      "two times",
      { scheduledAt: "in 1 hour", scheduled_at: "in 2 hours" },
      "/scheduledAt Invalid `scheduledAt` field. It is the same field as `scheduled_at`, with another value.",
    ],
    [
      "an id that is none",
      { scheduled_at: "in 1 hour", email_id: {} },
      "/email_id Invalid `email_id` field. It must be a string.",
    ],
    ["more", { scheduled_at: "in 1 hour", "a/b~": 1 }, "/a~1b~0 Unknown field `a/b~`."],
  ])("of a change is refused with %s", (_, body, problem) => {
    expect(told(validateBody("Reschedule", body))).toStrictEqual([problem]);
  });

  it.each([
    ["the domain alone", { address: "example.org" }, /^\/address Invalid `address` field\. .*`@`/],
    ["half a surrogate", { email: "\ud800@example.org" }, /^\/email .*half of a surrogate pair/],
    [
      "a long note",
      { address: "b@example.org", note: "x".repeat(501) },
      /^\/note Invalid `note` field\. It is longer than 500 characters\.$/,
    ],
    [
      "two addresses",
      { address: "a@example.org", email: "b@example.org" },
      /^\/email Invalid `email` field\. It is the same field as `address`/,
    ],
  ])("of a suppression is refused with %s", (_, body, problem) => {
    expect(told(validateBody("NewSuppression", body))).toStrictEqual([
      expect.stringMatching(problem),
    ]);
  });

  it("is told every problem at once", () => {
    expect(told(validateBody("NewSuppression", { note: 1, more: 2 }))).toStrictEqual([
      "/note Invalid `note` field. It must be a string.",
      "/more Unknown field `more`.",
      "/address Missing `address` field.",
    ]);
  });

  it("may have both spellings with one address, and nulls", () => {
    const body = { address: "b@EXAMPLE.org", email: "b@example.org", note: null, other: null };
    expect(validateBody("NewSuppression", body)).toMatchObject({
      ok: true,
      value: { address: "b@example.org" },
    });
  });
});

function told(result: ReturnType<typeof validateBody>): readonly string[] {
  return result.ok ? [] : result.problems.map(({ pointer, detail }) => `${pointer} ${detail}`);
}
