/** A mail that is hard to carry unchanged, and the comparison of what was sent with what arrived. */
import { createHash, randomBytes, randomUUID } from "node:crypto";

import PostalMime from "postal-mime";

import type { ReceivedMail } from "./relay.ts";

/** The part of the JSON contract that the sample uses. */
export interface SampleMail {
  readonly from: string;
  readonly to: string;
  readonly bcc: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly messageId: string;
  readonly date: string;
  readonly attachments: readonly { readonly filename: string; readonly content: string }[];
}

/** A new mail each time: its own Message-ID and random attachments. */
export function sampleMail(way: string): SampleMail {
  return {
    from: "Ann Example <ann@example.com>",
    to: "Bjørn Example <bob@example.org>",
    bcc: "carol@example.net",
    subject:
      `Grüße ${way}: a subject that is long enough to be folded ✓ ${"and longer ".repeat(8)}`.trim(),
    text: [
      `Hello by ${way},`,
      ".",
      "..a line that begins with dots",
      "From here on: trailing blanks   ",
      "=3D is not an equals sign, ünïcödé is not ASCII 📮",
      "x".repeat(2000),
      "",
      "bye",
    ].join("\n"),
    html: `<p>Grüße <b>${way}</b> 📮</p>\n<p>.</p>\n<p title="a=b">${"long ".repeat(400)}</p>`,
    messageId: `<${randomUUID()}@example.com>`,
    date: new Date(Math.floor(Date.now() / 1000) * 1000).toISOString(),
    attachments: [
      { filename: "random.bin", content: randomBytes(48 * 1024 + 1).toString("base64") },
      {
        filename: "Straße 1.dat",
        content: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString("base64"),
      },
    ],
  };
}

/** Whether this is the arrival of that mail. */
export function isArrivalOf(sent: Pick<SampleMail, "messageId">, received: ReceivedMail): boolean {
  return received.raw.includes(sent.messageId);
}

/** Every way in which the mail that arrived differs from the one sent; none if it is byte-exact. */
export async function differences(sent: SampleMail, received: ReceivedMail): Promise<string[]> {
  const { raw, envelope, session } = received;
  const email = await PostalMime.parse(raw);
  const found: string[] = [];
  const check = (what: string, actual: unknown, expected: unknown) => {
    const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
    if (got !== wanted) found.push(`${what} is ${brief(got)} instead of ${brief(wanted)}`);
  };
  check("the reverse-path", envelope.mailFrom, "ann@example.com");
  check("the list of forward-paths", envelope.rcptTo.toSorted(), ["bob@example.org", sent.bcc]);
  check("the connection's TLS", session.secure, true);
  check("the AUTH user", session.user, "postrider");
  check("From", email.from, { address: "ann@example.com", name: "Ann Example" });
  check("To", email.to, [{ address: "bob@example.org", name: "Bjørn Example" }]);
  check("Subject", email.subject, sent.subject);
  check("Message-ID", email.messageId, sent.messageId);
  check("Date", email.date, sent.date);
  check("text", withoutLineEnd(email.text), sent.text);
  check("html", withoutLineEnd(email.html), sent.html);
  check(
    "the list of attachments",
    email.attachments.map(({ filename, content }) => [
      filename,
      typeof content === "string" ? content : sha256(new Uint8Array(content)),
    ]),
    sent.attachments.map(({ filename, content }) => [
      filename,
      sha256(Buffer.from(content, "base64")),
    ]),
  );
  const source = raw.toString("latin1");
  check("the count of bare line ends", source.match(/\r(?!\n)|(?<!\r)\n/g)?.length ?? 0, 0);
  check(
    "the longest line",
    Math.max(...source.split("\r\n").map(({ length }) => length)) <= 998,
    true,
  );
  check("Bcc", email.bcc ?? email.headers.find(({ key }) => key === "bcc"), undefined);
  check("a mention of the blind recipient", source.includes(sent.bcc), false);
  return found;
}

/** A text in a mail has CRLF, and a last line end that belongs to the format rather than the text. */
function withoutLineEnd(text: string | undefined): string | undefined {
  return text?.replaceAll("\r\n", "\n").replace(/\n$/, "");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function brief(json: string | undefined): string {
  if (json === undefined) return "absent";
  return json.length > 200 ? `${json.slice(0, 200)}…` : json;
}
