/** Postings: when a mail goes, and its tags, beside the mail itself. */
import { describe, expect, it } from "vitest";

import { parsePosting, parseSchedule } from "../src/posting.ts";

const NOW = new Date("2026-11-28T12:00:00Z");
const MAIL = { from: "ann@example.com", to: "bob@example.org", subject: "Hello", text: "x" };

function at(text: string): number {
  return Date.parse(text);
}

function parse(more: object) {
  return parsePosting({ ...MAIL, ...more }, { now: NOW });
}

function problemsOf(input: unknown) {
  const parsed = parsePosting(input, { now: NOW });
  if (parsed.ok) throw new Error("there should be problems");
  return parsed.problems;
}

describe("parseSchedule", () => {
  it.each([
    ["2026-12-01T10:00:00Z", "2026-12-01T10:00:00Z"],
    ["2026-12-01T10:00:00.123456789Z", "2026-12-01T10:00:00.123Z"],
    ["2026-12-01T10:00:00+0000", "2026-12-01T10:00:00Z"],
    ["2026-12-01T10:00:00.500+0200", "2026-12-01T08:00:00.500Z"],
    ["2026-12-01T10:00:00.123456789+02:00", "2026-12-01T08:00:00.123Z"],
    ["2026-12-01T10:00:00.123456", "2026-12-01T10:00:00.123Z"],
    ["2026-12-01T10:00", "2026-12-01T10:00:00Z"],
    ["in 1 min", "2026-11-28T12:01:00Z"],
    ["in 5 minutes", "2026-11-28T12:05:00Z"],
    ["IN AN HOUR", "2026-11-28T13:00:00Z"],
    ["in 90 seconds", "2026-11-28T12:01:30Z"],
    ["in 2 hrs", "2026-11-28T14:00:00Z"],
    [" in 30 days ", "2026-12-28T12:00:00Z"],
    ["2026-12-28T12:00:00Z", "2026-12-28T12:00:00Z"],
    ["2026-11-28T11:00:00Z", "2026-11-28T11:00:00Z"],
  ])("takes %s", (text, expected) => {
    expect(parseSchedule(text, NOW)).toStrictEqual({ ok: true, value: new Date(expected) });
  });

  it("takes a Date", () => {
    const date = new Date("2026-12-01T10:00:00Z");
    expect(parseSchedule(date, NOW)).toStrictEqual({ ok: true, value: date });
  });

  it.each([
    "",
    "tomorrow at 9am",
    "Friday at 3pm ET",
    "2026-12-01",
    "2026-02-30T10:00:00Z",
    "2026-12-01T25:00:00Z",
    "2026-12-01T10:00:00ZZ",
    "in 1 month",
    "in -1 hours",
    "in 1.5 hours",
    `in ${"9".repeat(400)} days`,
    1_796_119_200,
    null,
    {},
    [],
    new Date(Number.NaN),
  ])("refuses %j", (value) => {
    expect(parseSchedule(value, NOW)).toMatchObject({
      ok: false,
      problems: expect.stringContaining("ISO 8601"),
    });
  });

  it.each([
    ["2026-12-28T12:00:00.001Z", "30 days"],
    ["in 31 days", "30 days"],
    ["in 999999 days", "30 days"],
    ["9999-12-31T23:59:59Z", "30 days"],
    ["2026-11-28T10:59:59Z", "past"],
    ["2020-01-01T00:00:00Z", "past"],
  ])("refuses %s, which is too far away", (text, detail) => {
    expect(parseSchedule(text, NOW)).toMatchObject({
      ok: false,
      problems: expect.stringContaining(detail),
    });
  });
});

describe("scheduledAt", () => {
  it.each([
    ["absent", {}],
    ["null", { scheduledAt: null }],
    ["empty", { scheduled_at: "" }],
    ["now", { scheduledAt: NOW }],
    ["just over", { scheduledAt: "2026-11-28T11:59:00Z" }],
  ])("that is %s means at once", (_, more) => {
    const parsed = parse(more);
    expect(parsed).toMatchObject({ ok: true, value: { tags: [] } });
    if (parsed.ok) expect(parsed.value).not.toHaveProperty("scheduledAt");
  });

  it.each(["scheduledAt", "scheduled_at"])("is read as %s", (name) => {
    const parsed = parse({ [name]: "2026-12-01T10:00:00Z" });
    expect(parsed.ok && parsed.value.scheduledAt?.getTime()).toBe(at("2026-12-01T10:00:00Z"));
  });

  it("may be there twice with one value, and not with two", () => {
    const time = "2026-12-01T10:00:00Z";
    expect(parse({ scheduledAt: time, scheduled_at: time }).ok).toBe(true);
    expect(problemsOf({ ...MAIL, scheduledAt: time, scheduled_at: "in 1 hour" })).toHaveLength(1);
  });

  it("is wrong under the name that the caller wrote", () => {
    expect(problemsOf({ ...MAIL, scheduled_at: "soon" })).toMatchObject([
      { pointer: "/scheduled_at", detail: expect.stringContaining("`scheduled_at`") },
    ]);
  });
});

describe("tags", () => {
  const tag = (name: unknown, value: unknown): object => ({ name, value });

  it("are kept, in order", () => {
    const tags = [tag("kind", "welcome"), tag("a-b_1", "x".repeat(256))];
    expect(parse({ tags })).toMatchObject({ ok: true, value: { tags } });
  });

  it("may be one, or none", () => {
    expect(parse({ tags: tag("a", "b") })).toMatchObject({
      ok: true,
      value: { tags: [tag("a", "b")] },
    });
    for (const tags of [null, [], ""]) {
      expect(parse({ tags })).toMatchObject({ ok: true, value: { tags: [] } });
    }
  });

  it.each<[string, unknown, string]>([
    ["a space", [tag("a b", "c")], "/tags/0/name"],
    ["an umlaut", [tag("a", "ü")], "/tags/0/value"],
    ["a line break", [tag("a\n", "b")], "/tags/0/name"],
    ["an empty name", [tag("", "b")], "/tags/0/name"],
    ["257 characters", [tag("a", "x".repeat(257))], "/tags/0/value"],
    ["no value", [{ name: "a" }], "/tags/0"],
    ["no name", [tag(null, "b")], "/tags/0"],
    ["a number", [tag("a", 1)], "/tags/0/value"],
    ["a name twice", [tag("a", "b"), tag("a", "c")], "/tags/1"],
    ["more", [{ ...tag("a", "b"), c: 1 }], "/tags/0/c"],
    ["a text", ["a"], "/tags/0"],
    ["76 of them", Array.from({ length: 76 }, (_, n) => tag(`a${n}`, "b")), "/tags"],
  ])("are refused with %s", (_, tags, pointer) => {
    expect(problemsOf({ ...MAIL, tags })).toMatchObject([{ pointer }]);
  });
});

describe("the whole", () => {
  it("tells all that is wrong, of the mail as well", () => {
    const problems = problemsOf({ ...MAIL, to: "x", scheduledAt: "soon", tags: [1] });
    expect(problems.map(({ pointer }) => pointer).toSorted()).toStrictEqual([
      "/scheduledAt",
      "/tags/0",
      "/to",
    ]);
  });

  it.each([null, undefined, "x", 1, [], [MAIL]])("is refused where it is %j", (input) => {
    expect(problemsOf(input).length).toBeGreaterThan(0);
  });

  it("takes nothing from a prototype", () => {
    const inherited: unknown = Object.create({ scheduledAt: "in 1 hour", tags: [1] });
    expect(parsePosting(Object.assign(inherited as object, MAIL), { now: NOW })).toMatchObject({
      ok: true,
      value: { tags: [] },
    });
    const own: unknown = JSON.parse(`{"__proto__":{"tags":[1]},${JSON.stringify(MAIL).slice(1)}`);
    expect(problemsOf(own)).toMatchObject([{ detail: expect.stringContaining("__proto__") }]);
  });
});
