/** The schema of a mail and the judge of mails, held to one another. */
import * as fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";

import { mailSchemas } from "../../../src/http/api/mail-schema.ts";
import { parsePosting } from "../../../src/posting.ts";
import { GOLDENS } from "../../mail/goldens.ts";
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
const many = <T>(length: number, item: T): T[] => Array.from({ length }, () => item);

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
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom("", [], {}, null, 0, true, "ann@example.com", ["a@example.com"]),
    );
    const name = fc.constantFrom(...Object.keys((Mail as unknown as Entries).pipe[0].entries));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 3 }), (pairs) => {
        const input = sent({ ...HELLO, ...Object.fromEntries(pairs) });
        if (parsePosting(input).ok) expect(takes(withoutNulls(input))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

interface Entries {
  readonly pipe: readonly [{ readonly entries: object }];
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
