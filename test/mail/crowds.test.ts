/** Objects with more members than anything has a use for: refused in little time and few words. */
import { describe, expect, it } from "vitest";

import { LIMITS } from "../../src/mail/limits.ts";
import { parseMail } from "../../src/mail/parse-mail.ts";
import { parsePosting } from "../../src/posting.ts";
import type { Problem } from "../../src/smtp/outcome.ts";

const HELLO = { from: "ann@example.com", to: "bob@example.org", text: "Hello" };

function crowd(length: number, value: unknown = 1): object {
  return Object.fromEntries(Array.from({ length }, (_, index) => [`k${index}`, value]));
}

function problemsOf(input: unknown): readonly Problem[] {
  const parsed = parsePosting(input);
  return parsed.ok ? [] : parsed.problems;
}

function file(content: unknown): unknown {
  return { ...HELLO, attachments: [{ filename: "a.bin", content }] };
}

/** What JSON.stringify makes of a Uint8Array. */
function members(length: number): object {
  return Object.fromEntries(Array.from({ length }, (_, index) => [String(index), index & 255]));
}

describe("a crowd of members", () => {
  it.each([
    ["the mail", crowd(300_000), "", "It has 300000 fields"],
    ["the mail, all of them null", { ...HELLO, ...crowd(300, null) }, "", "It has 303 fields"],
    ["an attachment", { ...HELLO, attachments: [crowd(300)] }, "/attachments/0", "300 fields"],
    ["the envelope", { ...HELLO, envelope: crowd(300) }, "/envelope", "300 fields"],
    ["a tag", { ...HELLO, tags: [crowd(300)] }, "/tags/0", "300 fields"],
    ["a mailbox", { ...HELLO, to: crowd(300_000, null) }, "/to", "no other field"],
    ["the whole message", { raw: crowd(300_000) }, "/raw", "whole message"],
    ["the headers", { ...HELLO, headers: crowd(300_000) }, "/headers", "At most 100"],
  ])("is one problem, or few, in %s", (_, input, pointer, detail) => {
    const problems = problemsOf(input);
    const at = problems.find((problem) => problem.pointer === pointer);
    expect(at?.detail).toContain(detail);
    expect(problems.length).toBeLessThan(4);
  });

  it("is nothing else but that in the mail", () => {
    expect(parseMail(crowd(300))).toMatchObject({ ok: false, problems: { length: 1 } });
  });

  it("leaves room for every field that there is, and for headers", () => {
    const headers = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`X-${at}`, "a"]));
    expect(problemsOf({ ...HELLO, headers, ...crowd(200, null) })).toStrictEqual([]);
  });

  it("of unknown fields is told up to a limit, in objects that are none each", () => {
    const attachments = Array.from({ length: 100 }, () => crowd(200));
    expect(problemsOf({ ...HELLO, attachments })).toHaveLength(LIMITS.problems);
  });
});

it("does not repeat a name of any length", () => {
  const name = "x".repeat(100_000);
  const headers = { [name]: "a" };
  expect(JSON.stringify(problemsOf({ ...HELLO, [name]: 1, headers })).length).toBeLessThan(1000);
});

describe("octets as members of an object", () => {
  it("are read up to a limit", () => {
    expect(problemsOf(file(members(LIMITS.octetMembers)))).toStrictEqual([]);
  });

  it("are refused over it, with the way that has none", () => {
    expect(problemsOf(file(members(LIMITS.octetMembers + 1)))).toStrictEqual([
      {
        pointer: "/attachments/0/content",
        detail: expect.stringMatching(/at most 1048576 octets are read; give base64/),
      },
    ]);
  });

  it("are refused where one is left out", () => {
    expect(problemsOf(file({ "0": 1, "2": 2 }))).toHaveLength(1);
  });
});

describe("a field under both its names", () => {
  const noon = new Date("2026-12-01T12:00:00Z");

  it.each([
    ["two lists of the same", { reply_to: ["a@example.com"], replyTo: ["a@example.com"] }, 0],
    ["two lists that differ", { reply_to: ["a@example.com"], replyTo: ["b@example.com"] }, 1],
    ["a list and an object", { reply_to: ["a@example.com"], replyTo: { "0": "a@example.com" } }, 1],
    ["two of the same crowd", { reply_to: crowd(300), replyTo: crowd(300) }, 2],
  ])("is compared: %s", (_, more, count) => {
    expect(problemsOf({ ...HELLO, ...more })).toHaveLength(count);
  });

  it("is compared as an instant", () => {
    const options = { now: new Date(noon.getTime() - 60_000) };
    const both = (scheduledAt: Date): unknown => ({ ...HELLO, scheduled_at: noon, scheduledAt });
    expect(parsePosting(both(new Date(noon)), options)).toMatchObject({ ok: true });
    const later = new Date(noon.getTime() + 60_000);
    expect(parsePosting(both(later), options)).toMatchObject({ ok: false });
  });
});
