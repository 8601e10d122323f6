/** Inputs that are no mail, each with what is said of it; the schema of the API document is held to them, too. */
import { HELLO } from "./mails.ts";

type Case = readonly [name: string, input: unknown, problem: string];

const FORMAT =
  "The email address needs to follow the `email@example.com` or `Name <email@example.com>` format.";
const many = (count: number) => Array.from({ length: count }, (_, at) => `u${at}@example.com`);

/** What it is, the input, and its one problem as `pointer detail`. */
export const PROBLEMS: readonly Case[] = [
  ["no object", "from", " A mail must be an object with `from` and `to`."],
  ["an array", [HELLO], " A mail must be an object with `from` and `to`."],
  ["no from", { ...HELLO, from: undefined }, "/from Missing `from` field."],
  ["an empty from", { ...HELLO, from: "" }, "/from Missing `from` field."],
  [
    "two of from",
    { ...HELLO, from: ["a@example.com", "b@example.com"] },
    `/from Invalid \`from\` field. ${FORMAT} It must be a string, or an object with \`email\` and \`name\`.`,
  ],
  [
    "a bad from",
    { ...HELLO, from: "ann" },
    `/from Invalid \`from\` field. ${FORMAT} It has no \`@\`.`,
  ],
  ["no recipient", { ...HELLO, to: [] }, "/to Missing `to` field."],
  [
    "a bad item",
    { ...HELLO, to: ["a@example.com", "b"] },
    `/to/1 Invalid \`to\` field. ${FORMAT} It has no \`@\`.`,
  ],
  [
    "a null item",
    { ...HELLO, to: [null] },
    `/to/0 Invalid \`to\` field. ${FORMAT} It must be a string, or an object with \`email\` and \`name\`.`,
  ],
  [
    "a deep list",
    { ...HELLO, to: [["a@example.com"]] },
    `/to/0 Invalid \`to\` field. ${FORMAT} It must be a string, or an object with \`email\` and \`name\`.`,
  ],
  [
    "a bad alias by its spelling",
    { ...HELLO, reply_to: ["x"] },
    `/reply_to/0 Invalid \`reply_to\` field. ${FORMAT} It has no \`@\`.`,
  ],
  [
    "two spellings",
    { ...HELLO, reply_to: "a@example.com", replyTo: "b@example.com" },
    "/replyTo Invalid `replyTo` field. It is the same field as `reply_to`, with another value.",
  ],
  [
    "1001 of to",
    { ...HELLO, to: many(1001) },
    "/to Invalid `to` field. It has 1001 entries; at most 1000 are allowed.",
  ],
  [
    "1001 in all",
    { ...HELLO, to: many(1000), cc: "x@example.com" },
    "/to A mail has at most 1000 recipients; this one has 1001.",
  ],
  ["no content", { ...HELLO, text: undefined }, "/text Missing `html` or `text` field."],
  [
    "empty content",
    { ...HELLO, text: "", html: "", attachments: [] },
    "/text Missing `html` or `text` field.",
  ],
  [
    "a list for text",
    { ...HELLO, text: ["Hi"] },
    "/text Invalid `text` field. It must be a string.",
  ],
  [
    "an object for text",
    { ...HELLO, html: { toString: () => "x" } },
    "/html Invalid `html` field. It must be a string.",
  ],
  [
    "a lone surrogate",
    { ...HELLO, text: "\ud83d" },
    "/text Invalid `text` field. It holds half of a surrogate pair, which UTF-8 cannot carry.",
  ],
  [
    "CRLF in the subject",
    { ...HELLO, subject: "a\r\nBcc: b@example.com" },
    "/subject Invalid `subject` field. It may not hold a line break or another control character.",
  ],
  [
    "U+2028 in the subject",
    { ...HELLO, subject: "a\u2028b" },
    "/subject Invalid `subject` field. It may not hold a line break or another control character.",
  ],
  [
    "NEL in the subject",
    { ...HELLO, subject: "a\u0085b" },
    "/subject Invalid `subject` field. It may not hold a line break or another control character.",
  ],
  [
    "a long subject",
    { ...HELLO, subject: "a".repeat(2001) },
    "/subject Invalid `subject` field. It has more than 2000 characters.",
  ],
  [
    "a number for subject",
    { ...HELLO, subject: 1 },
    "/subject Invalid `subject` field. It must be a string.",
  ],
  ["an unknown field", { ...HELLO, tpl: 1 }, "/tpl Unknown field `tpl`."],
  [
    "an unknown field in need of escapes",
    { ...HELLO, "a/b~`\n": 1 },
    "/a~1b~0`\n Unknown field `a/b~??`.",
  ],
  [
    "__proto__",
    JSON.parse('{"__proto__":{"x":1},"from":"a@example.com","to":"b@example.com","text":"x"}'),
    "/__proto__ Unknown field `__proto__`.",
  ],
  ["constructor", { ...HELLO, constructor: 1 }, "/constructor Unknown field `constructor`."],
  [
    "a date without zone",
    { ...HELLO, date: "2026-11-21T10:00:00" },
    "/date Invalid `date` field. It must be ISO 8601 with a zone, like `2026-11-21T10:00:00Z`.",
  ],
  [
    "30 February",
    { ...HELLO, date: "2026-02-30T10:00:00Z" },
    "/date Invalid `date` field. It must be ISO 8601 with a zone, like `2026-11-21T10:00:00Z`.",
  ],
  [
    "no date at all",
    { ...HELLO, date: new Date(Number.NaN) },
    "/date Invalid `date` field. It must be ISO 8601 with a zone, like `2026-11-21T10:00:00Z`.",
  ],
  [
    "a year before 1900",
    { ...HELLO, date: "1899-12-31T00:00:00Z" },
    "/date Invalid `date` field. It must be ISO 8601 with a zone, like `2026-11-21T10:00:00Z`.",
  ],
  [
    "a bad messageId",
    { ...HELLO, messageId: "<a b@example.com>" },
    "/messageId Invalid `messageId` field. A message identifier is like `<left@right>`, without spaces, quotes or comments.",
  ],
  [
    "a messageId that injects",
    { ...HELLO, messageId: "<a@example.com>\r\nBcc: <b@example.com>" },
    "/messageId Invalid `messageId` field. A message identifier is like `<left@right>`, without spaces, quotes or comments.",
  ],
  [
    "a bad reference",
    { ...HELLO, references: ["a@example.com", "x"] },
    "/references/1 Invalid `references` field. A message identifier is like `<left@right>`, without spaces, quotes or comments.",
  ],
  [
    "inReplyTo twice",
    { ...HELLO, inReplyTo: "a@example.com", headers: { "in-reply-to": "<b@example.com>" } },
    "/headers/in-reply-to Invalid `in-reply-to` field. It is the same as the `inReplyTo` field; give one of them.",
  ],
  [
    "an envelope string",
    { ...HELLO, envelope: "a@example.com" },
    "/envelope Invalid `envelope` field. It must be an object with `from` and `to`.",
  ],
  [
    "a name in the envelope",
    { ...HELLO, envelope: { from: "A <a@example.com>" } },
    "/envelope/from Invalid `from` field. It must be a bare address. One string is one mailbox; give several as an array.",
  ],
  [
    "CRLF in the envelope",
    { ...HELLO, envelope: { to: ["a@example.com\r\nRCPT"] } },
    "/envelope/to/0 Invalid `to` field. It must be a bare address. The domain may hold letters, digits, hyphens and dots only.",
  ],
  [
    "more in the envelope",
    { ...HELLO, envelope: { size: 1 } },
    "/envelope/size Unknown field `size`.",
  ],
];

/** Those of which the beginning of the first problem is told, by the fields beside those of HELLO. */
export const FIRST_PROBLEMS: readonly (readonly [string, object, string])[] = [
  ["amp alone", { text: null, amp: "<p>" }, "/text Missing `html` or `text` field."],
  ["another textFormat", { textFormat: "html" }, "/textFormat Invalid `textFormat` field."],
  [
    "a header of its own beside listUnsubscribe",
    { listUnsubscribe: { mailto: "a@example.com" }, headers: { "list-unsubscribe": "<x>" } },
    "/listUnsubscribe Invalid `listUnsubscribe` field. The header `list-unsubscribe` says it already.",
  ],
  [
    "X-Priority beside importance",
    { importance: "high", headers: { "X-Priority": "1" } },
    "/importance Invalid `importance` field. The header `X-Priority` says it already.",
  ],
  [
    "raw and what it brings itself",
    { raw: "From: a@example.com\r\n\r\nHi\r\n" },
    "/subject Invalid `subject` field. The `raw` message brings its own; leave this out.",
  ],
  ["raw of a number", { subject: null, text: null, raw: 1 }, "/raw Invalid `raw` field."],
  [
    "raw that is no base64",
    { subject: null, text: null, raw: { base64: "*" } },
    "/raw Invalid `raw` field.",
  ],
  [
    "raw that is no message",
    { subject: null, text: null, raw: "Hello" },
    "/raw Invalid `raw` field. Line 1: ",
  ],
  [
    "raw that was sent before, and does not say who it is for now",
    {
      subject: null,
      text: null,
      raw: "Resent-From: a@example.com\r\nResent-To: b@example.org\r\nFrom: c@example.com\r\nTo: d@example.com\r\n\r\nHi\r\n",
      from: null,
      to: null,
    },
    "/envelope The message has been resent",
  ],
  [
    "a List-Id that is not ASCII",
    { headers: { "List-Id": "News <zeitüng.example.com>" } },
    "/headers/List-Id Invalid `List-Id` field. Between `<` and `>` only ASCII may stand.",
  ],
  [
    "a hundred headers and one more, in lists",
    { headers: { "X-A": Array<string>(60).fill("1"), "X-B": Array<string>(41).fill("2") } },
    "/headers Invalid `headers` field. At most 100 headers are allowed, each value counted.",
  ],
  [
    "a header that is too long",
    {
      to: Array.from({ length: 900 }, (_, at) => `${"Ünï ".repeat(30)}<u${at}@example.org>`),
    },
    " The header has ",
  ],
];

/** Those of `headers`, told in full. */
export const HEADER_PROBLEMS: readonly Case[] = [
  [
    "a list",
    ["X-A: 1"],
    "/headers Invalid `headers` field. It must be an object of names and values.",
  ],
  [
    "a colon in a name",
    { "X:A": "1" },
    "/headers/X:A Invalid `X:A` field. A header name is letters, digits and hyphens.",
  ],
  [
    "CRLF in a name",
    { "X\r\nBcc": "1" },
    "/headers/X\r\nBcc Invalid `X??Bcc` field. A header name is letters, digits and hyphens.",
  ],
  [
    "an empty name",
    { "": "1" },
    "/headers/ Invalid `` field. A header name is letters, digits and hyphens.",
  ],
  [
    "__proto__",
    JSON.parse('{"__proto__":"1"}'),
    "/headers/__proto__ Invalid `__proto__` field. A header name is letters, digits and hyphens.",
  ],
  [
    "a name of 77",
    { ["X".repeat(77)]: "1" },
    `/headers/${"X".repeat(77)} Invalid \`${"X".repeat(64)}\` field. A header name has at most 76 characters.`,
  ],
  [
    "CRLF in a value",
    { "X-A": "1\r\nBcc: b@example.com" },
    "/headers/X-A Invalid `X-A` field. A header value may not hold a line break or another control character.",
  ],
  [
    "NUL in a value",
    { "X-A": ["1", "\0"] },
    "/headers/X-A/1 Invalid `X-A` field. A header value may not hold a line break or another control character.",
  ],
  ["a number", { "X-A": 1 }, "/headers/X-A Invalid `X-A` field. It must be a string."],
  [
    "a word that cannot be folded",
    { "X-A": "a".repeat(998) },
    "/headers/X-A Invalid `X-A` field. A header value may not hold a word of more than 997 characters.",
  ],
  [
    "a value too long",
    { "X-A": "a ".repeat(4001) },
    "/headers/X-A Invalid `X-A` field. A header value has at most 8000 characters.",
  ],
  [
    "two of In-Reply-To",
    { "In-Reply-To": "<a@example.com>", "in-reply-to": "<b@example.com>" },
    "/headers/in-reply-to Invalid `in-reply-to` field. It is there twice.",
  ],
];
