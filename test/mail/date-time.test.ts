import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { formatDate } from "../../src/mail/date.ts";
import { parseDateTime } from "../../src/mail/date-time.ts";

const NOON = "2026-11-21T12:00:00.000Z";

describe("the date-time of a Date field", () => {
  it.each([
    ["the usual form", "Sat, 21 Nov 2026 12:00:00 +0000", NOON],
    ["no weekday", "21 Nov 2026 12:00:00 +0000", NOON],
    ["no seconds", "Sat, 21 Nov 2026 12:00 +0000", NOON],
    ["no space behind the comma", "Sat,21 Nov 2026 12:00:00 +0000", NOON],
    ["wide white space", " Sat,\t 21  Nov\t2026  12:00:00  +0000 ", NOON],
    ["any case", "SAT, 21 nov 2026 12:00:00 gmt", NOON],
    ["one digit of the day", "Sun, 1 Nov 2026 12:00:00 +0000", "2026-11-01T12:00:00.000Z"],
    ["a zone ahead", "Sat, 21 Nov 2026 13:00:00 +0100", NOON],
    ["a zone of half an hour", "Sat, 21 Nov 2026 08:30:00 -0330", NOON],
    ["a zone that is another day", "Sun, 22 Nov 2026 01:00:00 +1300", NOON],
    ["no zone known", "Sat, 21 Nov 2026 12:00:00 -0000", NOON],
    ["a comment", "Sat, 21 Nov 2026 04:00:00 -0800 (PST)", NOON],
    ["comments", "Sat, 21 Nov 2026 12:00:00 +0000(GMT+00:00) (x) ", NOON],
    ["UT", "Sat, 21 Nov 2026 12:00:00 UT", NOON],
    ["UTC", "Sat, 21 Nov 2026 12:00:00 UTC", NOON],
    ["GMT", "Sat, 21 Nov 2026 12:00:00 GMT", NOON],
    ["Z", "Sat, 21 Nov 2026 12:00:00 Z", NOON],
    ["EST", "Sat, 21 Nov 2026 07:00:00 EST", NOON],
    ["EDT", "Sat, 21 Nov 2026 08:00:00 EDT", NOON],
    ["CST", "Sat, 21 Nov 2026 06:00:00 CST", NOON],
    ["CDT", "Sat, 21 Nov 2026 07:00:00 CDT", NOON],
    ["MST", "Sat, 21 Nov 2026 05:00:00 MST", NOON],
    ["MDT", "Sat, 21 Nov 2026 06:00:00 MDT", NOON],
    ["PST", "Sat, 21 Nov 2026 04:00:00 PST", NOON],
    ["PDT", "Sat, 21 Nov 2026 05:00:00 PDT", NOON],
    ["a leap second", "Sat, 31 Dec 2016 23:59:60 +0000", "2017-01-01T00:00:00.000Z"],
    ["a leap day", "Thu, 29 Feb 2024 00:00:00 +0000", "2024-02-29T00:00:00.000Z"],
    ["the first year", "Mon, 1 Jan 1900 00:00:00 +0000", "1900-01-01T00:00:00.000Z"],
  ])("takes %s", (_, text, expected) => {
    expect(parseDateTime(text)?.toISOString()).toBe(expected);
  });

  it.each([
    ["nothing", ""],
    ["ISO 8601", "2026-11-21T12:00:00Z"],
    ["the form of ctime", "Sat Nov 21 12:00:00 2026"],
    ["the wrong weekday", "Fri, 21 Nov 2026 12:00:00 +0000"],
    ["no weekday at all", "Foo, 21 Nov 2026 12:00:00 +0000"],
    ["no month at all", "21 Foo 2026 12:00:00 +0000"],
    ["a German month", "21 Dez 2026 12:00:00 +0000"],
    ["30 February", "30 Feb 2026 12:00:00 +0000"],
    ["day 0", "0 Nov 2026 12:00:00 +0000"],
    ["day 32", "32 Dec 2026 12:00:00 +0000"],
    ["a year of two digits", "21 Nov 26 12:00:00 +0000"],
    ["a year of five digits", "21 Nov 12026 12:00:00 +0000"],
    ["the year before the first", "31 Dec 1899 12:00:00 +0000"],
    ["24 o'clock", "21 Nov 2026 24:00:00 +0000"],
    ["minute 60", "21 Nov 2026 12:60:00 +0000"],
    ["second 61", "21 Nov 2026 12:00:61 +0000"],
    ["one digit of the hour", "21 Nov 2026 9:00:00 +0000"],
    ["no zone", "21 Nov 2026 12:00:00"],
    ["a zone of 60 minutes", "21 Nov 2026 12:00:00 +0060"],
    ["a zone with a colon", "21 Nov 2026 12:00:00 +01:00"],
    ["a zone without a standard", "21 Nov 2026 12:00:00 CET"],
    ["a military zone", "21 Nov 2026 12:00:00 A"],
    ["an open comment", "21 Nov 2026 12:00:00 +0000 (x"],
    ["words behind", "21 Nov 2026 12:00:00 +0000 x"],
    ["a comment of 300", `21 Nov 2026 12:00:00 +0000 (${"x".repeat(300)})`],
    ["a line break", "21 Nov 2026 12:00:00 +0000\r\n"],
  ])("refuses %s", (_, text) => {
    expect(parseDateTime(text)).toBeUndefined();
  });

  it("reads what we write", () => {
    const date = fc.date({
      min: new Date("1900-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(date, (value) => {
        const seconds = Math.floor(value.getTime() / 1000) * 1000;
        expect(parseDateTime(formatDate(value))?.getTime()).toBe(seconds);
      }),
    );
  });

  it("never throws", () => {
    const piece = fc.constantFrom("Sat", ",", " ", "21", "Nov", "2026", ":", "00", "+", "(", ")");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        parseDateTime(pieces.join(""));
      }),
    );
  });
});
