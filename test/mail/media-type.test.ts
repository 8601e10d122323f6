/** The media type of an attachment: one strict form in, one canonical form out. */
import { describe, expect, it } from "vitest";

import { parseMediaType } from "../../src/mail/media-type.ts";

describe("a media type", () => {
  it.each([
    ["text/plain", "text/plain"],
    ["Text/HTML", "text/html"],
    ["  text/plain", "text/plain"],
    ["\ttext/plain \t", "text/plain"],
    [" text/plain\t; charset=UTF-8", "text/plain; charset=UTF-8"],
    ["application/vnd.a+b.c-d_e", "application/vnd.a+b.c-d_e"],
    [`a/${"b".repeat(127)}`, `a/${"b".repeat(127)}`],
  ])("%j is %j", (text, value) => {
    expect(parseMediaType(text)).toStrictEqual({ ok: true, value });
  });

  it.each([
    ["a line break before it", "\r\ntext/plain"],
    ["a line break behind it", "text/plain\r\n"],
    ["a line feed before its parameters", "text/plain\n; charset=utf-8"],
    ["a form feed", "\ftext/plain"],
    ["a vertical tab", "text/plain\v"],
    ["a no-break space", "\u00a0text/plain"],
    ["a byte order mark", "\ufefftext/plain"],
    ["an ideographic space", "text/plain\u3000"],
    ["a line separator", "text/plain\u2028"],
    ["NUL", "text/plain\0"],
    ["a space around the slash", "text / plain"],
    ["the Kelvin sign", "text/mar\u212adown"],
    ["no subtype", "text/"],
    ["two slashes", "text/plain/x"],
    ["nothing", " "],
    ["128 characters", `a/${"b".repeat(128)}`],
  ])("is refused with %s", (_, text) => {
    expect(parseMediaType(text)).toStrictEqual({
      ok: false,
      problems: "A media type is like `text/plain` or `text/plain; charset=utf-8`.",
    });
  });
});
