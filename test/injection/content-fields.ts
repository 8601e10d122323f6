/** The strings of a mail that make parts and fields of their own: invitations, AMP, lists, marks. */
import { decodeWords } from "postal-mime";

import type { MailField } from "./fields.ts";
import { ALL, but } from "./harmless.ts";
import { filenameOf, headerOf, lines } from "./reading.ts";

const calendarOf = (text: string): string =>
  `BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nX-NOTE:${text}\r\nEND:VCALENDAR\r\n`;

/** What iCalendar has no place for: controls that are no line ends. */
const CONTROLS = ["NUL", "NUL and a dot", "U+0085", "VT and FF", "ESC", "DEL"];

export const CONTENT_FIELDS: readonly MailField[] = [
  {
    name: "amp",
    clean: "<p>Hi Bob</p>",
    pointer: "/amp",
    put: (amp) => ({ amp, html: "<p>Hi</p>" }),
    shown: (email) => lines(email.html),
    means: () => "<p>Hi</p>",
    takes: but(ALL, "half a surrogate pair"),
  },
  {
    name: "calendar.content",
    clean: "x",
    pointer: "/calendar/content",
    put: (text) => ({ calendar: { method: "REQUEST", content: calendarOf(text) } }),
    shown: (email) => lines(email.text),
    means: () => "Hi",
    takes: but(ALL, "half a surrogate pair", "__proto__", ...CONTROLS),
  },
  {
    name: "calendar.method",
    clean: "REQUEST",
    pointer: "/calendar/method",
    put: (method) => ({ calendar: { method, content: calendarOf("x") } }),
    takes: [],
  },
  {
    name: "calendar.filename",
    clean: "invite.ics",
    pointer: "/calendar/filename",
    put: (filename) => ({
      calendar: { method: "REQUEST", content: calendarOf("x"), filename },
    }),
    shown: (_, wire) => filenameOf(wire),
    takes: [
      "an open quote",
      "a comment before",
      "a route",
      "a soft hyphen",
      "a zero-width space",
      "a byte order mark",
    ],
  },
  {
    name: "listUnsubscribe.url",
    clean: "https://example.com/u",
    pointer: "/listUnsubscribe/url",
    put: (url) => ({ listUnsubscribe: { url } }),
    shown: (email) => headerOf(email, "list-unsubscribe"),
    means: (value) => `<${new URL(value).href}>`,
    takes: [
      "a second at sign",
      "an asterisk behind",
      "full-width brackets and at sign",
      "percent-encoded CRLF",
    ],
  },
  {
    name: "listUnsubscribe.mailto",
    clean: "off@example.com",
    pointer: "/listUnsubscribe/mailto",
    put: (mailto) => ({ listUnsubscribe: { mailto } }),
    shown: (email) => headerOf(email, "list-unsubscribe"),
    means: (value) => `<mailto:${value}>`,
    takes: [],
  },
  {
    name: "listUnsubscribe.mailto URI",
    clean: "mailto:off@example.com?subject=off",
    pointer: "/listUnsubscribe/mailto",
    put: (mailto) => ({ listUnsubscribe: { mailto } }),
    shown: (email) => decodeURIComponent(headerOf(email, "list-unsubscribe")),
    means: (value) => `<${value}>`,
    takes: ["a second at sign", "an asterisk behind"],
  },
  {
    name: "autoSubmitted",
    clean: "auto-generated",
    pointer: "/autoSubmitted",
    put: (autoSubmitted) => ({ autoSubmitted }),
    shown: (email) => decodeWords(headerOf(email, "auto-submitted")),
    takes: [],
  },
  {
    name: "importance",
    clean: "high",
    pointer: "/importance",
    put: (importance) => ({ importance }),
    shown: (email) => headerOf(email, "importance"),
    takes: [],
  },
  {
    name: "textFormat",
    clean: "flowed",
    pointer: "/textFormat",
    put: (textFormat) => ({ textFormat }),
    takes: [],
  },
];
