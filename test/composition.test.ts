/** Mails as they leave: signed, with streams read, over a relay in memory. */
import { dkimVerify } from "mailauth";
import { describe, expect, it } from "vitest";

import { composition } from "../src/composition.ts";
import { composeMail } from "../src/index.ts";
import { parseDkimKeys } from "../src/mail/dkim/key.ts";
import type { FieldsInput, MailInput } from "../src/mail/mail.ts";
import { parseMail } from "../src/mail/parse-mail.ts";
import type { ObjectStore } from "../src/mail/source.ts";
import { Mailer } from "../src/mailer.ts";
import { ED25519, pem, RSA, txtRecord } from "./mail/dkim/keys.ts";
import { lint } from "./mail/lint.ts";
import { memoryRelay } from "./net/memory-relay.ts";

const KEYS = [
  { domain: "example.com", selector: "rsa", privateKey: pem(RSA) },
  { domain: "example.com", selector: "ed", privateKey: pem(ED25519) },
];
const DNS: Readonly<Record<string, string>> = {
  "rsa._domainkey.example.com": txtRecord(RSA),
  "ed._domainkey.example.com": txtRecord(ED25519),
};
const HELLO = {
  from: "Ann <ann@example.com>",
  to: "bob@example.org",
  subject: "Grüße",
  text: "Hi Bob,\n\n.\nüber  alles \n\n\n",
} satisfies FieldsInput;

/** `d=` and result of each signature. */
async function verdicts(message: string | Uint8Array): Promise<readonly string[]> {
  const octets = typeof message === "string" ? Buffer.from(message, "latin1") : message;
  const { results } = await dkimVerify(Buffer.from(octets), {
    resolver: async (name: string) => Promise.resolve([[DNS[name] ?? ""]]),
  });
  return results.map(
    ({ status, signingDomain, algo }) => `${signingDomain} ${algo} ${status.result}`,
  );
}

const GOOD = ["example.com rsa-sha256 pass", "example.com ed25519-sha256 pass"];

function streamOf(octets: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: (controller) => {
      controller.enqueue(octets);
      controller.close();
    },
  });
}

describe("a mailer with keys", () => {
  const raw = "From: ann@example.com\nTo: bob@example.org\n\nHi\n";
  const png = { filename: "a.png", content: "AAEC", contentId: "a" };
  it.each<[string, () => MailInput]>([
    ["a text", () => HELLO],
    [
      "all parts",
      () => ({ ...HELLO, html: "<img src=cid:a>", attachments: [png, { content: "AAEC" }] }),
    ],
    ["from a domain below", () => ({ ...HELLO, from: "a@news.example.com" })],
    ["a list", () => ({ ...HELLO, listUnsubscribe: { url: "https://example.com/u?1" } })],
    ["UTF-8 in the header", () => ({ ...HELLO, to: "jürgen@example.org" })],
    ["a whole message", () => ({ raw })],
    ["a whole message of 8 bits", () => ({ raw: `${raw}ü  \xa0 \n` })],
    [
      "a stream",
      () => ({ ...HELLO, attachments: [{ content: streamOf(new Uint8Array(200_000)) }] }),
    ],
    ["an empty text", () => ({ ...HELLO, text: "", attachments: [{ content: "" }] })],
  ])("signs %s with each, by DATA and by BDAT", async (_, mail) => {
    for (const offers of [
      ["8BITMIME", "SMTPUTF8"],
      ["8BITMIME", "SMTPUTF8", "PIPELINING", "CHUNKING"],
    ]) {
      const relay = memoryRelay({ offers });
      const options = { host: "localhost", security: "none" as const };
      const mailer = new Mailer({ relay: options, connect: relay.connect, dkim: KEYS });
      const outcome = await mailer.submit(mail());
      expect(outcome.status).toBe("accepted");
      expect(await verdicts(relay.accepted[0]?.content ?? "")).toEqual(GOOD);
    }
  });

  it("refuses mail from a domain that no key is for, and says so", async () => {
    const relay = memoryRelay({ offers: [] });
    const options = { host: "localhost", security: "none" as const };
    const mailer = new Mailer({ relay: options, connect: relay.connect, dkim: KEYS });
    for (const from of ["ann@example.net", "ann@badexample.com", "ann@com"]) {
      const outcome = await mailer.submit({ ...HELLO, from });
      expect(outcome).toMatchObject({
        status: "refused",
        failure: {
          cause: "config",
          stage: "compose",
          message: expect.stringContaining(from.slice(4)),
        },
      });
    }
    expect(relay.sessions).toHaveLength(0);
  });

  it("throws for keys that are none, naming the option", () => {
    const { connect } = memoryRelay({ offers: [] });
    const relay = { host: "localhost", security: "none" as const };
    const dkim = { domain: "example.com", selector: "s", privateKey: "x" };
    expect(() => new Mailer({ relay, connect, dkim })).toThrow(/\/dkim\/privateKey: /);
    const twice = [KEYS[0] ?? dkim, KEYS[0] ?? dkim];
    expect(() => new Mailer({ relay, connect, dkim: twice })).toThrow(/\/dkim\/1/);
  });
});

describe("composeMail", () => {
  it("gives the octets as they would be sent, signed if there is a key", async () => {
    const { envelope, content } = await composeMail(HELLO, { dkim: KEYS });
    expect(envelope.to).toEqual(["bob@example.org"]);
    expect(lint(content)).toEqual([]);
    expect(new TextDecoder().decode(content)).toMatch(/^DKIM-Signature: v=1; a=rsa-sha256;/);
    expect(await verdicts(content)).toEqual(GOOD);
    const [unsigned] = [await composeMail(HELLO)];
    expect(new TextDecoder().decode(unsigned.content)).toMatch(/^From: /);
  });

  it("rejects with the problems, and for a domain without a key", async () => {
    await expect(composeMail({ ...HELLO, from: "x" })).rejects.toMatchObject({
      code: "validation",
    });
    const other = composeMail({ ...HELLO, from: "a@example.net" }, { dkim: KEYS });
    await expect(other).rejects.toMatchObject({ code: "config" });
  });
});

describe("what cannot be read", () => {
  const failing: ObjectStore = {
    find: async () =>
      Promise.resolve({
        size: 100_000,
        open: async function* open() {
          yield await Promise.resolve(new Uint8Array(70_000));
          throw new Error("the bucket is gone");
        },
      }),
  };
  const mail = parseMail({ ...HELLO, attachments: [{ r2Key: "a" }] });
  if (!mail.ok) throw new Error("a mail of this test is invalid");

  it("is deferred while it is signed", async () => {
    const keys = parseDkimKeys(KEYS, "");
    const dkim = keys.ok ? keys.value : [];
    expect(await composition(mail.value, { store: failing, dkim })).toMatchObject({
      ok: false,
      problems: { cause: "connection", message: expect.stringContaining("the bucket is gone") },
    });
  });

  it("is deferred where a stream fails, and nothing is dialled", async () => {
    const relay = memoryRelay({ offers: [] });
    const options = { host: "localhost", security: "none" as const };
    const mailer = new Mailer({ relay: options, connect: relay.connect });
    const content = new ReadableStream({ pull: () => Promise.reject(new Error("cut off")) });
    const outcome = await mailer.submit({ ...HELLO, attachments: [{ content }] });
    expect(outcome).toMatchObject({
      status: "deferred",
      failure: {
        cause: "connection",
        stage: "compose",
        message: expect.stringContaining("cut off"),
      },
    });
    expect(relay.sessions).toHaveLength(0);
  });
});
