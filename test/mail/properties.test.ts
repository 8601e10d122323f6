/** What holds for every mail: it is read as it was written, by readers that are not ours. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { flow } from "../../src/mail/format-flowed.ts";
import { parseMail } from "../../src/mail/parse-mail.ts";
import { serialiseMail } from "../../src/mail/serialise-mail.ts";
import { countingBytes } from "./goldens.ts";
import { lint } from "./lint.ts";
import { composeWhole, flowedText, HELLO, mailInput, mailOf } from "./mails.ts";
import type { WholeMail } from "./mails.ts";
import { expectReadByMailparser, expectReadByPostalMime } from "./read-back.ts";
import { readByMailparser, readByPostalMime } from "./read-back.ts";
import { sha256 } from "./reading.ts";

const RUNS = 300;

const composed = (mail: WholeMail) => composeWhole(mail, { randomBytes: countingBytes() }).content;

describe("any mail", () => {
  it("reads as it was written where its text is flowed", async () => {
    await fc.assert(
      fc.asyncProperty(flowedText, async (text) => {
        const mail = mailOf({ ...HELLO, textFormat: "flowed", text });
        const content = composed(mail);
        expect(lint(content)).toEqual([]);
        await expectReadByPostalMime(content, mail);
        // mailparser joins lines before it takes the stuffing off, against RFC 3676 §4.4.
        if (flow(text).includes(" \r\n From ")) return;
        await expectReadByMailparser(content, mail);
      }),
      { numRuns: RUNS },
    );
  });

  it("is composed of the same octets when it has waited as JSON", () => {
    fc.assert(
      fc.property(mailInput, (input) => {
        const mail = mailOf(input);
        const waited = mailOf(JSON.parse(JSON.stringify(serialiseMail(mail))));
        expect(Buffer.from(composed(waited)).equals(composed(mail))).toBe(true);
        expect(waited.envelope).toEqual(mail.envelope);
      }),
      { numRuns: RUNS },
    );
  });

  it("stays the same, octet for octet, when it is sent on as raw", () => {
    fc.assert(
      fc.property(mailInput, (input) => {
        const mail = mailOf(input);
        const content = composed(mail);
        const { from, to } = mail.envelope;
        const raw = mailOf({ raw: content, envelope: { from, to } });
        expect(Buffer.from(composed(raw)).equals(content)).toBe(true);
        const waited = parseMail(JSON.parse(JSON.stringify(serialiseMail(raw))));
        expect(waited).toMatchObject({ ok: true, value: { envelope: raw.envelope } });
        expect(waited.ok && Buffer.from(waited.value.raw?.content ?? []).equals(content)).toBe(
          true,
        );
      }),
      { numRuns: RUNS },
    );
  });
});

describe("any octets", () => {
  it("come back as they were attached, by both readers", async () => {
    const type = fc.constantFrom(undefined, "text/plain", "text/html; charset=utf-16", "image/png");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), type, async (content, given) => {
        const file = { filename: "a.bin", content, type: given, disposition: "attachment" };
        const message = composed(mailOf({ ...HELLO, attachments: [file] }));
        expect(lint(message)).toEqual([]);
        for (const read of [readByPostalMime, readByMailparser]) {
          const { files } = await read(message);
          expect(files.map((one) => one.sha256)).toEqual([sha256(content)]);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
