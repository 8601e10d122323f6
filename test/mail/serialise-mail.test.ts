import * as fc from "fast-check";
import { expect, it } from "vitest";

import { parseMail } from "../../src/mail/parse-mail.ts";
import { serialiseMail } from "../../src/mail/serialise-mail.ts";
import { HELLO, mailInput, mailOf } from "./mails.ts";

it("keeps a mail the same through JSON: Message-ID, Date and envelope too", () => {
  fc.assert(
    fc.property(mailInput, (input) => {
      const mail = mailOf(input);
      const later = { now: new Date(0), messageId: () => "<other@example.com>" };
      const again = parseMail(JSON.parse(JSON.stringify(serialiseMail(mail))), later);
      expect(again).toEqual({ ok: true, value: mail });
    }),
  );
});

it.each([
  ["the null reverse-path", { envelope: { from: "" } }],
  ["an envelope of its own", { envelope: { to: ["x@example.net"] } }],
  ["a content ID", { attachments: [{ content: "AA==", contentId: "logo@example.com" }] }],
  ["a type with parameters", { attachments: [{ content: "", type: 'text/x; a="b c"' }] }],
  ["an 8-bit message", { attachments: [{ content: [200], filename: "a.eml" }] }],
  ["SMTPUTF8", { to: "Jürgen <jürgen@bücher.example>" }],
  [
    "a header named like a member of every object",
    { headers: { constructor: "x", toString: "y" } },
  ],
  ["an empty header", { headers: { "X-Empty": "", "X-None": [""] } }],
])("keeps %s", (_, fields) => {
  const mail = mailOf({ ...HELLO, ...fields });
  expect(mailOf(JSON.parse(JSON.stringify(serialiseMail(mail))))).toEqual(mail);
});
