/** The schema of a mail and the judge of mails, held to one another. */
import * as fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";

import { mailSchemas } from "../../../src/http/api/mail-schema.ts";
import { parsePosting } from "../../../src/posting.ts";
import { GOLDENS } from "../../mail/goldens.ts";
import { FIRST_PROBLEMS, HEADER_PROBLEMS, PROBLEMS } from "../../mail/mail-problem-cases.ts";
import { HELLO, mailInput } from "../../mail/mails.ts";

const { Mail, RawMail } = mailSchemas();
const either = v.union([Mail, RawMail]);
const takes = (input: unknown): boolean => v.is(either, input);
/** As it comes over HTTP. */
const sent = (input: unknown): unknown =>
  JSON.parse(
    JSON.stringify(input, (_, value: unknown) =>
      value instanceof Uint8Array ? Array.from(value) : value,
    ),
  );
/** Null counts as absent under any name, which a schema of known names cannot say. */
const withoutNulls = (input: unknown): unknown =>
  JSON.parse(
    JSON.stringify(input, (_, value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null))
        : value,
    ),
  );

/** What is said of a structure that is none of a mail. */
const STRUCTURAL =
  /Unknown field|must be (?:a string|true or false|an array|an object|a whole number|`fixed`|`attachment`)|It must be base64, or octets|\d+ entries|At most \d+ attachments/;

/** Members of the objects within a mail. */
const MEMBERS =
  "email address name method content filename url mailto oneClick one_click from to submitter notify ret envid seconds mode trace type r2Key size disposition contentId data value base64 0".split(
    " ",
  );
const leaf = fc.constantFrom("", "a", "ann@example.com", "NEVER", 0, 1, 256, -1, 0.5, true, null);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    leaf,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...MEMBERS), tie("value"), { maxKeys: 3 }),
  ),
}));
const names = Object.keys((Mail as unknown as Entries).entries);
/** A mail with other values in some of its fields. */
const bent = fc
  .array(fc.tuple(fc.constantFrom(...names), value), { minLength: 1, maxLength: 3 })
  .map((pairs): unknown => sent({ ...HELLO, ...Object.fromEntries(pairs) }));

const many = <T>(length: number, item: T): T[] => Array.from({ length }, () => item);

/** Grammar, sums, and fields that depend on one another: what no JSON Schema can say. */
const BEYOND: ReadonlySet<string> = new Set([
  "an empty from",
  "a bad from",
  "no recipient",
  "a bad item",
  "a bad alias by its spelling",
  "two spellings",
  "1001 in all",
  "no content",
  "empty content",
  "a lone surrogate",
  "CRLF in the subject",
  "U+2028 in the subject",
  "NEL in the subject",
  "a date without zone",
  "30 February",
  "a year before 1900",
  "a bad messageId",
  "a messageId that injects",
  "a bad reference",
  "inReplyTo twice",
  "a name in the envelope",
  "CRLF in the envelope",
  "amp alone",
  "a header of its own beside listUnsubscribe",
  "X-Priority beside importance",
  "a List-Id that is not ASCII",
  "a hundred headers and one more, in lists",
  "a header that is too long",
  "a colon in a name in its headers",
  "CRLF in a name in its headers",
  "an empty name in its headers",
  "__proto__ in its headers",
  "a name of 77 in its headers",
  "CRLF in a value in its headers",
  "NUL in a value in its headers",
  "a word that cannot be folded in its headers",
  "a value too long in its headers",
  "two of In-Reply-To in its headers",
]);
/** Null, in JSON. */
const NOT_SENT = "no date at all";

describe("what is a valid mail is one by the schema", () => {
  it.each(GOLDENS.map(({ name, input }) => [name, input] as const))("%s", (_, input) => {
    expect(parsePosting(sent(input)).ok).toBe(true);
    expect(takes(sent(input))).toBe(true);
  });

  it.each([
    [
      "aliases",
      {
        reply_to: "a@example.com",
        list_unsubscribe: { url: "https://example.com/u", one_click: true },
      },
    ],
    ["nulls", { cc: null, attachments: null, headers: { "X-A": null }, dsn: null, tags: null }],
    ["empty lists", { cc: "", bcc: [], attachments: "", headers: [], references: "", tags: [] }],
    [
      "what is empty beside what is not",
      {
        reply_to: [],
        replyTo: "a@example.com",
        attachments: [{ content: "", path: "", content_id: "", inline_content_id: "x" }],
      },
    ],
    ["tags and a time", { tags: [{ name: "a", value: "b" }], scheduled_at: "in 5 minutes" }],
    ["address for email", { from: { address: "a@example.com", name: null } }],
    ["octets", { attachments: [{ filename: "a", content: [1, 2, 255] }] }],
    ["a Buffer", { attachments: [{ filename: "a", content: { type: "Buffer", data: [1] } }] }],
    ["a Uint8Array", { attachments: [{ filename: "a", content: { 0: 1, 1: 2 } }] }],
    [
      "no file name",
      { attachments: [{ filename: false, content: "YQ==", content_type: "text/plain" }] },
    ],
    [
      "requests",
      { dsn: { notify: "never" }, requireTls: true, priority: -9, deliverBy: { seconds: 5 } },
    ],
  ])("with %s", (_, more) => {
    const input = sent({ ...HELLO, ...more });
    expect(parsePosting(input)).toMatchObject({ ok: true });
    expect(takes(input)).toBe(true);
  });

  it("whatever it holds", () => {
    fc.assert(
      fc.property(mailInput, (input) => {
        expect(parsePosting(sent(input)).ok).toBe(true);
        expect(takes(sent(input))).toBe(true);
      }),
    );
  });

  it("however it is bent: nothing that is taken is none by the schema", () => {
    fc.assert(
      fc.property(bent, (input) => {
        if (parsePosting(input).ok) expect(takes(withoutNulls(input))).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("what is a mail by the schema", () => {
  it("is refused for no name, no type and no count, however it is bent", () => {
    fc.assert(
      fc.property(bent, (input) => {
        const posting = parsePosting(input);
        if (posting.ok || !takes(input)) return;
        const told = posting.problems.map(({ pointer, detail }) => `${pointer} ${detail}`);
        expect(told.filter((text) => STRUCTURAL.test(text))).toStrictEqual([]);
      }),
      { numRuns: 3000 },
    );
  });
});

interface Entries {
  readonly entries: object;
}

describe("what is no mail by its structure is refused by both", () => {
  it.each([
    ["no object", "a"],
    ["a list", [HELLO]],
    ["no from", { ...HELLO, from: undefined }],
    ["two of from", { ...HELLO, from: ["a@example.com", "b@example.com"] }],
    ["an unknown field", { ...HELLO, colour: "red" }],
    ["a null item", { ...HELLO, to: [null] }],
    ["a deep list", { ...HELLO, to: [["a@example.com"]] }],
    ["an unknown part of a mailbox", { ...HELLO, to: { email: "a@example.com", age: 1 } }],
    ["1001 of to", { ...HELLO, to: many(1001, "a@example.com") }],
    ["a subject that is no text", { ...HELLO, subject: 1 }],
    ["a subject without end", { ...HELLO, subject: "x".repeat(2001) }],
    ["html that is no text", { ...HELLO, html: { a: 1 } }],
    ["attachments that are one", { ...HELLO, attachments: { content: "" } }],
    ["101 attachments", { ...HELLO, attachments: many(101, { content: "" }) }],
    ["an attachment that is text", { ...HELLO, attachments: ["YQ=="] }],
    ["an octet of 256", { ...HELLO, attachments: [{ content: [256] }] }],
    ["a path", { ...HELLO, attachments: [{ path: "https://example.com/a" }] }],
    ["another disposition", { ...HELLO, attachments: [{ content: "", disposition: "aside" }] }],
    ["a negative size", { ...HELLO, attachments: [{ content: "", size: -1 }] }],
    ["headers that are text", { ...HELLO, headers: "X-A: b" }],
    ["a header that is a number", { ...HELLO, headers: { "X-A": 1 } }],
    ["a calendar without method", { ...HELLO, calendar: { content: "" } }],
    ["an unknown part of the envelope", { ...HELLO, envelope: { cc: [] } }],
    ["a flag that is text", { ...HELLO, requireTls: "yes" }],
    ["a priority of 10", { ...HELLO, priority: 10 }],
    ["half a second", { ...HELLO, holdForSeconds: 0.5 }],
    ["a tag with a space", { ...HELLO, tags: [{ name: "a b", value: "c" }] }],
    ["76 tags", { ...HELLO, tags: many(76, { name: "a", value: "b" }) }],
    ["another text format", { ...HELLO, textFormat: "wide" }],
    ["raw beside html", { raw: "From: a@example.com\r\n\r\nb", html: "<p>", to: "a@example.com" }],
    ["raw that is a number", { raw: 1, to: "a@example.com" }],
  ])("%s", (_, input) => {
    expect(parsePosting(sent(input)).ok).toBe(false);
    expect(takes(sent(input))).toBe(false);
  });
});

describe("an input of which mail-problems.test.ts tells the problem", () => {
  const all: readonly (readonly [string, unknown])[] = [
    ...PROBLEMS.map(([name, input]) => [name, input] as const),
    ...FIRST_PROBLEMS.map(([name, fields]) => [name, { ...HELLO, ...fields }] as const),
    ...HEADER_PROBLEMS.map(
      ([name, headers]) => [`${name} in its headers`, { ...HELLO, headers }] as const,
    ),
  ];

  it.each(all.filter(([name]) => !BEYOND.has(name) && name !== NOT_SENT))(
    "is refused by the schema, too: %s",
    (_, input) => {
      expect(parsePosting(sent(input)).ok).toBe(false);
      expect(takes(sent(input))).toBe(false);
    },
  );

  it.each([...BEYOND])("is beyond the schema: %s", (name) => {
    const input = sent(all.find(([each]) => each === name)?.[1]);
    expect(parsePosting(input).ok).toBe(false);
    expect(takes(input)).toBe(true);
  });
});
