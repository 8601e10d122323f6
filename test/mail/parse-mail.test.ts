import { describe, expect, it } from "vitest";

import { parseMail } from "../../src/mail/parse-mail.ts";
import { HELLO, NOW, mailOf, problemsOf } from "./mails.ts";

describe("a mail", () => {
  it("is parsed into one typed value", () => {
    const mail = mailOf({
      ...HELLO,
      cc: [{ email: "c@example.net" }],
      bcc: "",
      replyTo: [],
      html: null,
      headers: { "X-A": ["1", " 2 "], "X-B": "3", "X-C": null, "X-D": [] },
    });
    expect(mail).toEqual({
      from: { localPart: "ann", domain: "example.com", name: "Ann" },
      to: [{ localPart: "bob", domain: "example.org" }],
      cc: [{ localPart: "c", domain: "example.net" }],
      bcc: [],
      replyTo: [],
      subject: "Hello",
      text: "Hi Bob",
      textFormat: "fixed",
      attachments: [],
      headers: [
        { name: "X-A", value: "1" },
        { name: "X-A", value: "2" },
        { name: "X-B", value: "3" },
      ],
      references: [],
      messageId: "<1@example.com>",
      date: NOW,
      envelope: {
        from: "ann@example.com",
        to: ["bob@example.org", "c@example.net"],
        smtpUtf8: false,
      },
    });
  });

  it("takes duplicates out of the envelope, across to, cc and bcc, by the rule of addresses", () => {
    const mail = mailOf({
      ...HELLO,
      to: ["a@example.com", "A@example.com"],
      cc: "a@EXAMPLE.com",
      bcc: ["b@bücher.example", "b@xn--bcher-kva.example"],
    });
    expect(mail.envelope.to).toEqual(["a@example.com", "A@example.com", "b@xn--bcher-kva.example"]);
  });

  it.each([
    ["bcc alone", { to: undefined, bcc: "b@example.com" }, ["b@example.com"]],
    ["cc alone", { to: [], cc: "c@example.com" }, ["c@example.com"]],
    ["the envelope alone", { to: null, envelope: { to: "e@example.com" } }, ["e@example.com"]],
    ["the envelope before all", { envelope: { to: ["e@example.com"] } }, ["e@example.com"]],
    ["to where the envelope has none", { envelope: { to: [] } }, ["bob@example.org"]],
  ])("finds its recipients in %s", (_, fields, to) => {
    expect(mailOf({ ...HELLO, ...fields }).envelope.to).toEqual(to);
  });

  it.each([
    ["From", {}, "ann@example.com"],
    ["Sender", { sender: "s@example.net" }, "s@example.net"],
    [
      "the envelope",
      { sender: "s@example.net", envelope: { from: "e@example.net" } },
      "e@example.net",
    ],
    ["the null reverse-path", { envelope: { from: "" } }, ""],
    ["From, where the envelope says null", { envelope: { from: null } }, "ann@example.com"],
  ])("takes its reverse-path from %s", (_, fields, from) => {
    expect(mailOf({ ...HELLO, ...fields }).envelope.from).toBe(from);
  });

  it.each([
    ["a recipient", { to: "jürgen@example.com" }, true],
    ["a reply address", { replyTo: "jürgen@example.com" }, true],
    ["the reverse-path", { envelope: { from: "jürgen@example.com" } }, true],
    ["no local part, but a domain", { to: "a@bücher.example" }, false],
    ["no local part, but a name", { to: "Jürgen <a@example.com>" }, false],
  ])("needs SMTPUTF8 if it has Unicode in %s", (_, fields, smtpUtf8) => {
    expect(mailOf({ ...HELLO, ...fields }).envelope.smtpUtf8).toBe(smtpUtf8);
  });

  it("reads the snake-case spellings of the Resend API", () => {
    const mail = mailOf({
      ...HELLO,
      reply_to: "r@example.com",
      in_reply_to: "1@example.org",
      message_id: "<2@example.org>",
    });
    expect(mail.replyTo).toHaveLength(1);
    expect([mail.inReplyTo, mail.messageId]).toEqual(["<1@example.org>", "<2@example.org>"]);
    expect(
      problemsOf({ ...HELLO, reply_to: ["a@example.com"], replyTo: ["a@example.com"] }),
    ).toEqual([]);
    expect(problemsOf({ ...HELLO, reply_to: null, replyTo: "a@example.com" })).toEqual([]);
  });

  it.each([
    ["a list", { references: ["a@example.com", "<b@example.com>"] }],
    ["a string", { references: "<a@example.com>  b@example.com" }],
    ["a header", { headers: { References: "<a@example.com>\t<b@example.com>" } }],
  ])("reads references from %s", (_, fields) => {
    expect(mailOf({ ...HELLO, ...fields }).references).toEqual([
      "<a@example.com>",
      "<b@example.com>",
    ]);
    expect(mailOf({ ...HELLO, ...fields }).headers).toEqual([]);
  });

  it.each([
    ["Z", "2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000Z"],
    ["an offset", "2026-11-21T10:00:00+02:00", "2026-11-21T08:00:00.000Z"],
    ["an offset without colon", "2026-11-21T10:00:00.5-0130", "2026-11-21T11:30:00.500Z"],
    ["nanoseconds", "2026-11-21T10:00:00.123456789Z", "2026-11-21T10:00:00.123Z"],
    ["a Date", new Date(0), "1970-01-01T00:00:00.000Z"],
  ])("reads a date with %s", (_, date, expected) => {
    expect(mailOf({ ...HELLO, date }).date.toISOString()).toBe(expected);
  });

  it("makes a Message-ID of 128 random bits in the domain of From, and a Date of now", () => {
    const [one, other] = [parseMail(HELLO), parseMail(HELLO)];
    if (!one.ok || !other.ok) throw new Error("HELLO is valid");
    expect(one.value.messageId).toMatch(/^<[0-9a-f]{32}@example\.com>$/);
    expect(one.value.messageId).not.toBe(other.value.messageId);
    expect(Math.abs(one.value.date.getTime() - Date.now())).toBeLessThan(5_000);
  });
});
