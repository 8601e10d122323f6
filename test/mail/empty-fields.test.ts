/** What clients send for a field that they do not have: it is no second value beside one that is. */
import { describe, expect, it } from "vitest";

import { parseMail } from "../../src/mail/parse-mail.ts";
import { parsePosting } from "../../src/posting.ts";

const HELLO = { from: "ann@example.com", to: "bob@example.org", text: "Hello" };
const REPLY = [{ localPart: "b", domain: "example.com" }];

it.each([
  ["an empty text before", { reply_to: "", replyTo: "b@example.com" }, REPLY],
  ["an empty text behind", { replyTo: "b@example.com", reply_to: "" }, REPLY],
  ["an empty list before", { reply_to: [], replyTo: ["b@example.com"] }, REPLY],
  ["an empty list behind", { replyTo: ["b@example.com"], reply_to: [] }, REPLY],
  ["both, a list and a text", { reply_to: [], replyTo: "" }, []],
])("is absent: %s", (_, more, replyTo) => {
  expect(parseMail({ ...HELLO, ...more })).toMatchObject({ ok: true, value: { replyTo } });
});

it.each([
  ["a flag", { require_tls: "", requireTls: true }],
  ["an object", { deliver_by: "", deliverBy: { seconds: 60 } }],
  ["a list where one text is meant", { message_id: [], messageId: "<1@example.com>" }],
])("is another value where no text is meant: %s", (_, more) => {
  expect(parseMail({ ...HELLO, ...more })).toMatchObject({ ok: false });
});

it("is absent as a time", () => {
  const posting = parsePosting({ ...HELLO, scheduled_at: "", scheduledAt: "in 5 min" });
  expect(posting).toMatchObject({ ok: true, value: { scheduledAt: expect.any(Date) } });
});

describe("of an attachment", () => {
  const parse = (more: object) =>
    parseMail({ ...HELLO, attachments: [{ filename: "a.txt", content: "aGk=", ...more }] });

  it.each([
    ["an empty content ID before another", { content_id: "", inline_content_id: "x" }],
    ["an empty content ID behind another", { contentId: "x", inline_content_id: "" }],
    ["three of them", { content_id: "", contentId: "x", inline_content_id: "" }],
  ])("is absent: %s", (_, more) => {
    const attachments = [{ contentId: "x", disposition: "inline" }];
    expect(parse(more)).toMatchObject({ ok: true, value: { attachments } });
  });

  it.each(["", null])("is absent as a path beside content: %j", (path) => {
    expect(parse({ path })).toMatchObject({ ok: true, value: { attachments: [{}] } });
  });

  it("is no content where it is a path alone", () => {
    expect(parse({ path: "", content: null })).toMatchObject({
      ok: false,
      problems: [{ pointer: "/attachments/0/content" }],
    });
  });
});
