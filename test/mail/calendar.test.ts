/** An invitation: what is taken as one, and in which form it travels. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { calendarType, readCalendar } from "../../src/mail/calendar.ts";
import type { Problem } from "../../src/smtp/outcome.ts";

function read(value: unknown) {
  const problems: Problem[] = [];
  const calendar = readCalendar({ name: "calendar", pointer: "/calendar", value }, problems);
  return { calendar, problems };
}

const ics = (...lines: string[]) =>
  ["BEGIN:VCALENDAR", "VERSION:2.0", ...lines, "END:VCALENDAR", ""].join("\r\n");
const REQUEST = ics("METHOD:REQUEST", "BEGIN:VEVENT", "SUMMARY:Grüße 👋", "END:VEVENT");
const FOLDED = ics("METH\r\n OD:REQU\r\n\tEST");

describe("a calendar", () => {
  it.each([
    ["a request", { method: "REQUEST", content: REQUEST }, REQUEST],
    ["a method in lower case", { method: "request", content: REQUEST }, REQUEST],
    ["LF", { method: "REQUEST", content: REQUEST.replaceAll("\r\n", "\n") }, REQUEST],
    ["white space around it", { method: "REQUEST", content: `\n\t ${REQUEST}\r\n \n` }, REQUEST],
    ["no line end at its end", { method: "REQUEST", content: REQUEST.trim() }, REQUEST],
    ["a folded METHOD", { method: "REQUEST", content: FOLDED }, FOLDED],
    ["two objects", { method: "REQUEST", content: REQUEST + REQUEST }, REQUEST + REQUEST],
    [
      "names in lower case",
      { method: "REQUEST", content: "begin:vcalendar\r\nmethod:request\r\nend:vcalendar\r\n" },
      "begin:vcalendar\r\nmethod:request\r\nend:vcalendar\r\n",
    ],
    [
      "a METHOD in a text",
      { method: "REQUEST", content: ics("METHOD:REQUEST", "SUMMARY:METHOD:CANCEL\\nMETHOD:ADD") },
      ics("METHOD:REQUEST", "SUMMARY:METHOD:CANCEL\\nMETHOD:ADD"),
    ],
    [
      "a tab in a text",
      { method: "REQUEST", content: ics("METHOD:REQUEST", "X-A:a\tb") },
      ics("METHOD:REQUEST", "X-A:a\tb"),
    ],
  ])("is taken with %s, and its own form again", (_, value, content) => {
    const calendar = { method: "REQUEST", content };
    expect(read(value)).toStrictEqual({ calendar, problems: [] });
    expect(read(calendar)).toStrictEqual({ calendar, problems: [] });
  });

  it.each("PUBLISH REQUEST REPLY ADD CANCEL REFRESH COUNTER DECLINECOUNTER".split(" "))(
    "is taken with the method %s",
    (method) => {
      const content = ics(`METHOD:${method}`);
      expect(read({ method: method.toLowerCase(), content }).calendar).toStrictEqual({
        method,
        content,
      });
      expect(calendarType({ method, content })).toBe(
        `text/calendar; charset=utf-8; method=${method}`,
      );
    },
  );

  it.each([
    ["invite.ics", { filename: "invite.ics" }],
    ["Einladung für Jürgen.ICS", { filename: "Einladung für Jürgen.ICS" }],
    ["", {}],
    [null, {}],
  ])("has the file name %j", (filename, expected) => {
    const { calendar, problems } = read({ method: "REQUEST", content: REQUEST, filename });
    expect(problems).toStrictEqual([]);
    expect(calendar).toStrictEqual({ method: "REQUEST", content: REQUEST, ...expected });
  });

  it.each([
    ["a string", REQUEST, "", "must be an object"],
    ["octets", new Uint8Array(3), "", "must be an object"],
    ["no method", { content: REQUEST }, "", "Missing `method`"],
    ["no content", { method: "REQUEST" }, "", "Missing `content`"],
    [
      "an unknown field",
      { method: "REQUEST", content: REQUEST, type: "x" },
      "/type",
      "Unknown field",
    ],
    ["an unknown method", { method: "INVITE", content: REQUEST }, "/method", "DECLINECOUNTER"],
    [
      "a method that injects",
      { method: "REQUEST; x=y", content: REQUEST },
      "/method",
      "It must be",
    ],
    ["a method that is a number", { method: 1, content: REQUEST }, "/method", "It must be"],
    ["content that is a number", { method: "REQUEST", content: 1 }, "/content", "must be a string"],
    [
      "half a surrogate pair",
      { method: "REQUEST", content: `${REQUEST}\ud800` },
      "/content",
      "surrogate",
    ],
    ["nothing in it", { method: "REQUEST", content: "" }, "/content", "begin with"],
    [
      "no BEGIN",
      { method: "REQUEST", content: "METHOD:REQUEST\r\nEND:VCALENDAR" },
      "/content",
      "begin with",
    ],
    [
      "another BEGIN",
      { method: "REQUEST", content: "BEGIN:VCALENDARS\r\nEND:VCALENDAR" },
      "/content",
      "begin with",
    ],
    [
      "a byte order mark",
      { method: "REQUEST", content: `\ufeff${REQUEST}` },
      "/content",
      "begin with",
    ],
    [
      "a no-break space",
      { method: "REQUEST", content: `\u00a0${REQUEST}` },
      "/content",
      "begin with",
    ],
    [
      "no END",
      { method: "REQUEST", content: "BEGIN:VCALENDAR\r\nMETHOD:REQUEST" },
      "/content",
      "end with",
    ],
    ["text behind END", { method: "REQUEST", content: `${REQUEST}x` }, "/content", "end with"],
    [
      "an END that is folded on",
      { method: "REQUEST", content: `${REQUEST} x` },
      "/content",
      "end with",
    ],
    ["NUL", { method: "REQUEST", content: ics("METHOD:REQUEST", "X-A:\0") }, "/content", "NUL"],
    [
      "an escape",
      { method: "REQUEST", content: ics("METHOD:REQUEST", "X-A:\u001b") },
      "/content",
      "control",
    ],
    [
      "DEL",
      { method: "REQUEST", content: ics("METHOD:REQUEST", "X-A:\u007f") },
      "/content",
      "control",
    ],
    [
      "a C1 control",
      { method: "REQUEST", content: ics("METHOD:REQUEST", "X-A:\u0085") },
      "/content",
      "control",
    ],
    ["no METHOD", { method: "REQUEST", content: ics() }, "/content", "one line `METHOD:REQUEST`"],
    [
      "another METHOD",
      { method: "REQUEST", content: ics("METHOD:CANCEL") },
      "/content",
      "`METHOD:CANCEL`, and",
    ],
    [
      "another METHOD, folded",
      { method: "REQUEST", content: ics("METHOD:REQUEST", "MET\r\n HOD:CANCEL") },
      "/content",
      "CANCEL",
    ],
    [
      "another METHOD behind a CR",
      { method: "REQUEST", content: ics("METHOD:REQUEST", "X-A:\rMETHOD:CANCEL") },
      "/content",
      "CANCEL",
    ],
    [
      "another METHOD with a parameter",
      { method: "REQUEST", content: ics("METHOD:REQUEST", "METHOD;X=1:CANCEL") },
      "/content",
      "CANCEL",
    ],
    [
      "METHOD twice",
      { method: "REQUEST", content: ics("METHOD:REQUEST", "METHOD:REQUEST") },
      "/content",
      "one line",
    ],
    [
      "METHOD in one of two",
      { method: "REQUEST", content: REQUEST + ics() },
      "/content",
      "Each `VCALENDAR`",
    ],
    [
      "a file name of another kind",
      { method: "REQUEST", content: REQUEST, filename: "a.exe" },
      "/filename",
      "end in `.ics`",
    ],
    [
      "an extension alone",
      { method: "REQUEST", content: REQUEST, filename: ".ics" },
      "/filename",
      "end in `.ics`",
    ],
    [
      "a path",
      { method: "REQUEST", content: REQUEST, filename: "../a.ics" },
      "/filename",
      "path separator",
    ],
    [
      "CRLF in the name",
      { method: "REQUEST", content: REQUEST, filename: "a\r\n.ics" },
      "/filename",
      "line break",
    ],
    [
      "a name turned around",
      { method: "REQUEST", content: REQUEST, filename: "a\u202e.ics" },
      "/filename",
      "bidirectional",
    ],
  ])("is refused: %s", (_, value: unknown, pointer, detail) => {
    expect(read(value).problems).toStrictEqual([
      { pointer: `/calendar${pointer}`, detail: expect.stringContaining(detail) },
    ]);
  });

  it("is absent where the field is", () => {
    expect(readCalendar(undefined, [])).toBeUndefined();
  });

  it("has no line end but CRLF and no control, whatever is given", () => {
    const line = fc.oneof(
      fc.string({ unit: "binary", maxLength: 20 }),
      fc.constantFrom("METHOD:REQUEST", "METHOD:CANCEL", "\r", "\n", " ", "BEGIN:VCALENDAR"),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        const { calendar, problems } = read({
          method: "REQUEST",
          content: ics("METHOD:REQUEST", ...lines),
        });
        expect(calendar === undefined).toBe(problems.length > 0);
        if (calendar === undefined) return;
        expect(calendar.content.replaceAll("\r\n", "")).not.toMatch(/[^\P{Cc}\t]/u);
        expect(calendar.content).not.toMatch(/METHOD:CANCEL\r/);
        expect(read(calendar).calendar).toStrictEqual(calendar);
      }),
    );
  });

  it("is read in linear time", () => {
    const before = performance.now();
    const blank = `${REQUEST}${"\r\n ".repeat(300_000)}x`;
    expect(read({ method: "REQUEST", content: blank }).problems).toHaveLength(1);
    const many = ics("METHOD:REQUEST", "x\r\n".repeat(300_000), "METHOD".repeat(50_000));
    expect(read({ method: "REQUEST", content: many }).problems).toStrictEqual([]);
    expect(performance.now() - before).toBeLessThan(3_000);
  });
});
