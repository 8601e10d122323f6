/** "Byte-exact" is only worth as much as the comparison: each row breaks one thing it must see. */
import { expect, it } from "vitest";

import type { ReceivedMail } from "./relay.ts";
import { differences, isArrivalOf, sampleMail } from "./sample-mail.ts";
import type { SampleMail } from "./sample-mail.ts";

const sent = sampleMail("test");
const [first, second] = sent.attachments;

it("finds no difference in what arrived as it was sent", async () => {
  expect(isArrivalOf(sent, arrival(sent))).toBe(true);
  expect(await differences(sent, arrival(sent))).toEqual([]);
});

it.each<[string, Partial<SampleMail>, string]>([
  ["subject", { subject: sent.subject.replace("ü", "u") }, "Subject is"],
  ["lost dot", { text: sent.text.replace("\n..a", "\n.a") }, "text is"],
  ["lost blanks", { text: sent.text.replace("blanks   ", "blanks") }, "text is"],
  ["html", { html: `${sent.html} ` }, "html is"],
  ["date", { date: "2020-01-01T00:00:00.000Z" }, "Date is"],
  ["lost attachment", { attachments: sent.attachments.slice(1) }, "the list of attachments is"],
  [
    "one bit of an attachment",
    {
      attachments: [{ filename: "random.bin", content: flipped(first?.content) }, ...attachment()],
    },
    "the list of attachments is",
  ],
])("finds a changed %s", async (_name, change, finding) => {
  expect(await differences(sent, arrival({ ...sent, ...change }))).toEqual([
    expect.stringContaining(finding),
  ]);
});

it.each<[string, (mail: ReceivedMail) => Partial<ReceivedMail>, string]>([
  [
    "a bare line feed",
    ({ raw }) => ({ raw: replaced(raw, "\r\nMIME-Version", "\nMIME-Version") }),
    "bare line ends is 1",
  ],
  [
    "a Bcc field",
    ({ raw }) => ({ raw: Buffer.concat([Buffer.from(`Bcc: <${sent.bcc}>\r\n`), raw]) }),
    "Bcc is",
  ],
  [
    "a lost recipient",
    ({ envelope }) => ({ envelope: { ...envelope, rcptTo: ["bob@example.org"] } }),
    "the list of forward-paths is",
  ],
  [
    "a connection without TLS",
    ({ session }) => ({ session: { ...session, secure: false } }),
    "the connection's TLS is",
  ],
])("finds %s", async (_name, change, finding) => {
  const mail = arrival(sent);
  const found = await differences(sent, { ...mail, ...change(mail) });
  expect(found[0]).toContain(finding);
});

function attachment(): SampleMail["attachments"] {
  return second === undefined ? [] : [second];
}

function flipped(base64 = ""): string {
  const bytes = Buffer.from(base64, "base64");
  bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
  return bytes.toString("base64");
}

function replaced(raw: Buffer, from: string, to: string): Buffer {
  return Buffer.from(raw.toString("latin1").replace(from, to), "latin1");
}

/** The mail as a plain and correct composer writes it: everything in base64. */
function arrival(mail: SampleMail): ReceivedMail {
  const part = (boundary: string, fields: readonly string[], base64: string) => [
    `--${boundary}`,
    ...fields,
    "Content-Transfer-Encoding: base64",
    "",
    base64.replaceAll(/.{76}/g, "$&\r\n"),
  ];
  const utf8 = (text: string) => Buffer.from(text).toString("base64");
  const word = (text: string) => `=?utf-8?B?${utf8(text)}?=`;
  const content = [
    `From: ${mail.from}`,
    `To: ${word("Bjørn Example")} <bob@example.org>`,
    `Subject: ${(mail.subject.match(/.{1,10}/gsu) ?? []).map((text) => word(text)).join("\r\n ")}`,
    `Message-ID: ${mail.messageId}`,
    `Date: ${new Date(mail.date).toUTCString().replace("GMT", "+0000")}`,
    "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=b",
    "",
    "--b",
    "Content-Type: multipart/alternative; boundary=a",
    "",
    ...part("a", ["Content-Type: text/plain; charset=utf-8"], utf8(mail.text)),
    ...part("a", ["Content-Type: text/html; charset=utf-8"], utf8(mail.html)),
    "--a--",
    ...mail.attachments.flatMap(({ filename, content: base64 }) =>
      part(
        "b",
        [
          "Content-Type: application/octet-stream",
          `Content-Disposition: attachment; filename*=utf-8''${encodeURIComponent(filename)}`,
        ],
        base64,
      ),
    ),
    "--b--",
    "",
  ];
  return {
    id: "1",
    raw: Buffer.from(content.join("\r\n")),
    receivedAt: new Date(0),
    envelope: { mailFrom: "ann@example.com", rcptTo: ["bob@example.org", "carol@example.net"] },
    session: { id: "s", secure: true, user: "postrider", ehloName: "client.example" },
  };
}
