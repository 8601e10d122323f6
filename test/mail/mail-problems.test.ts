import { describe, expect, it } from "vitest";

import { FIRST_PROBLEMS, HEADER_PROBLEMS, PROBLEMS } from "./mail-problem-cases.ts";
import { HELLO, problemsOf } from "./mails.ts";

describe("a mail", () => {
  it.each(PROBLEMS)("is refused with %s", (_, input: unknown, problem) => {
    expect(problemsOf(input)).toEqual([problem]);
  });

  it.each(["scheduledAt", "tags", "scheduled_at"])(
    "is refused with %s, by name, and not without it",
    (name) => {
      expect(problemsOf({ ...HELLO, [name]: "x" })).toEqual([
        `/${name} The \`${name}\` field is not supported by this version.`,
      ]);
      expect(problemsOf({ ...HELLO, [name]: null })).toEqual([]);
      expect(problemsOf({ ...HELLO, [name]: [] })).toEqual([]);
    },
  );

  it("is refused at once, however many headers with however many blanks there are", () => {
    const value = `${`x${" ".repeat(990)}`.repeat(8)}x`;
    const names = Array.from({ length: 25 }, (_, at) => [
      `X-${at}`,
      Array<string>(100).fill(value),
    ]);
    const start = performance.now();
    expect(problemsOf({ ...HELLO, headers: Object.fromEntries(names) })).not.toEqual([]);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it.each(FIRST_PROBLEMS)("is refused with %s", (_, fields, problem) => {
    const [first = ""] = problemsOf({ ...HELLO, ...fields });
    expect(first.slice(0, problem.length)).toBe(problem);
  });

  it.each(HEADER_PROBLEMS)("is refused with %s in its headers", (_, headers: unknown, problem) => {
    expect(problemsOf({ ...HELLO, headers })).toEqual([problem]);
  });

  it.each(
    "From sender REPLY-TO To Cc bcc Subject Date message-id Received Return-Path DKIM-Signature Content-Type content-x MIME-Version Resent-To ARC-Seal".split(
      " ",
    ),
  )("does not let the %s header be set", (name) => {
    expect(problemsOf({ ...HELLO, headers: { [name]: "x" } })).toEqual([
      expect.stringMatching(/cannot be set/),
    ]);
  });

  it("reports every problem at once, and not more than a hundred", () => {
    const problems = problemsOf({ from: "x", to: ["y", "z@example.com"], subject: 1, foo: 2 });
    expect(problems.map((problem) => problem.split(" ", 1)[0])).toEqual([
      "/foo",
      "/to/0",
      "/from",
      "/subject",
      "/text",
    ]);
    expect(problemsOf({ ...HELLO, to: Array.from({ length: 999 }, () => "x") })).toHaveLength(100);
  });

  it("ignores what it inherits", () => {
    expect(problemsOf(Object.create(HELLO))).toContain("/from Missing `from` field.");
  });
});
