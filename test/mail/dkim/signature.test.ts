/** Signatures, read by a verifier that is not ours, and what happens to them on the way. */
import { createHash } from "node:crypto";

import { dkimVerify } from "mailauth";
import { describe, expect, it } from "vitest";

import { bodyHash } from "../../../src/mail/dkim/body-hash.ts";
import { canonicalField, splitHeader } from "../../../src/mail/dkim/canonical-header.ts";
import { importDkimKey, parseDkimKeys, type DkimKey } from "../../../src/mail/dkim/key.ts";
import { keysFor, signatureFields } from "../../../src/mail/dkim/signature.ts";
import { ED25519, pem, RSA, txtRecord } from "./keys.ts";

const signedAt = new Date("2026-11-22T01:02:03.999Z");
const DNS: Readonly<Record<string, string>> = {
  "rsa._domainkey.example.com": txtRecord(RSA),
  "ed._domainkey.example.com": txtRecord(ED25519),
  // RFC 8463 §A.2.
  "brisbane._domainkey.football.example.com":
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
};
const BOTH = await keysOf([
  { domain: "example.com", selector: "rsa", privateKey: pem(RSA) },
  { domain: "example.com", selector: "ed", privateKey: pem(ED25519) },
]);
const [RSA_KEY, ED25519_KEY] = BOTH;

const HEADER = [
  "From: =?UTF-8?Q?Ann_=C3=84?= <ann@example.com>",
  "To: Bob <bob@example.org>,",
  "\t carol@example.org",
  "Subject: A mail  with  spaces ",
  "Date: Sun, 22 Nov 2026 01:02:03 +0000",
  "Message-ID: <1@example.com>",
  "List-Unsubscribe: <https://example.com/u?1>",
  "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
  "MIME-Version: 1.0",
  "Content-Type: text/plain; charset=utf-8",
  "Content-Transfer-Encoding: 8bit",
  "X-Mailer: postrider",
  "",
].join("\r\n");
const BODY = "Hi,\r\n\r\n.\r\n..  two  dots \t\r\nGr\xc3\xbc\xc3\x9fe\r\n\xff\xfe\r\n\r\n\r\n";

async function keysOf(input: unknown): Promise<readonly [DkimKey, DkimKey]> {
  const keys = parseDkimKeys(input, "");
  const [first, second = first] = keys.ok ? await Promise.all(keys.value.map(importDkimKey)) : [];
  if (first === undefined || second === undefined) throw new Error("a key of this test is invalid");
  return [first, second];
}

async function sign(header: string, body: string, keys: readonly DkimKey[]): Promise<string> {
  const octets = Buffer.from(body, "latin1");
  const blocks = function* (): Iterable<Uint8Array> {
    for (let at = 0; at < octets.length; at += 7) yield octets.subarray(at, at + 7);
  };
  return signatureFields({ header, body: blocks }, keys, { signedAt });
}

/** What each signature of the message is found to be. */
async function verdicts(message: Buffer): Promise<readonly string[]> {
  const resolver = async (name: string): Promise<string[][]> => {
    const text = DNS[name];
    if (text === undefined) throw Object.assign(new Error(name), { code: "ENOTFOUND" });
    return [text.match(/.{1,255}/g) ?? []];
  };
  const { results } = await dkimVerify(message, { resolver, strict: true, curTime: signedAt });
  return results.map(({ status }) => status.result);
}

/** Header in UTF-8, body with an octet for each character. */
function messageOf(header: string, body: string): Buffer {
  return Buffer.concat([Buffer.from(`${header}\r\n`), Buffer.from(body, "latin1")]);
}

function tagsOf(field: string): Readonly<Record<string, string>> {
  const value = field.replace(/^DKIM-Signature:/, "").replaceAll(/\s/g, "");
  return Object.fromEntries(
    value
      .split(";")
      .map((tag) => [tag.slice(0, tag.indexOf("=")), tag.slice(tag.indexOf("=") + 1)]),
  );
}

describe("a verifier takes", () => {
  it.each<[string, readonly DkimKey[], readonly string[]]>([
    ["RSA", [RSA_KEY], ["pass"]],
    ["Ed25519", [ED25519_KEY], ["pass"]],
    ["both", BOTH, ["pass", "pass"]],
    ["none, of no key", [], ["none"]],
  ])("%s", async (_, keys, wanted) => {
    const fields = await sign(HEADER, BODY, keys);
    expect(await verdicts(messageOf(fields + HEADER, BODY))).toStrictEqual(wanted);
  });

  it.each<[string, string, string]>([
    ["an empty body", HEADER, ""],
    ["a body of one empty line", HEADER, "\r\n"],
    ["a body of white space", HEADER, " \r\n\t\r\n "],
    ["a body without a last CRLF", HEADER, "a"],
    ["a body with trailing spaces", HEADER, "a \t \r\nb \r\n \r\n"],
    ["a long body", HEADER, `${"QUJD".repeat(19)}\r\n`.repeat(5000)],
    ["a header in UTF-8", "From: Änn <änn@example.com>\r\nSubject: Grüße\u00a0 🚂\u2003\r\n", BODY],
    ["a header without its last CRLF", HEADER.slice(0, -2), BODY],
    ["an empty Subject", "From: a@example.com\r\nSubject: \r\n", BODY],
    ["fields that are there twice", `Subject: other\r\nTo: x@example.org\r\n${HEADER}`, BODY],
    [
      "a mail sent on",
      `Resent-From: a@example.com\r\nResent-To: b@example.org\r\nReceived: x\r\n${HEADER}`,
      BODY,
    ],
    ["a long field", `References: ${"<1@example.com>\r\n ".repeat(60)}<2@x>\r\n${HEADER}`, BODY],
    ["white space before a colon", `Sender : a@example.com\r\n${HEADER}`, BODY],
  ])("%s", async (_, header, body) => {
    const fields = await sign(header, body, BOTH);
    const whole = header.endsWith("\r\n") ? header : `${header}\r\n`;
    expect(await verdicts(messageOf(fields + whole, body))).toStrictEqual(["pass", "pass"]);
  });

  it("what a relay may do on the way", async () => {
    const fields = await sign(HEADER, BODY, BOTH);
    const header = (fields + HEADER)
      .replace("From:", "FROM:")
      .replace("A mail  with", "A mail\r\n with")
      .replace("X-Mailer: postrider\r\n", "X-Spam: no\r\n");
    const trace =
      "Return-Path: <ann@example.com>\r\nReceived: from a by b\r\nResent-To: d@example.org\r\n";
    const body = BODY.replace("two  dots", "two dots\t").replace(/(\r\n)+$/, "\r\n");
    expect(await verdicts(messageOf(trace + header, body))).toStrictEqual(["pass", "pass"]);
  });
});

describe("a verifier refuses", () => {
  it.each<[string, (header: string) => string, (body: string) => string]>([
    ["another body", (header) => header, (body) => body.replace("Hi", "Ho")],
    ["a longer body", (header) => header, (body) => `${body}x\r\n`],
    ["a shorter body", (header) => header, (body) => body.slice(0, 8)],
    ["a line more within", (header) => header, (body) => body.replace("Hi,", "Hi,\r\n")],
    ["another Subject", (header) => header.replace("A mail", "Mail"), (body) => body],
    ["another From", (header) => header.replace("<ann@", "<eve@"), (body) => body],
    ["another type", (header) => header.replace("text/plain", "text/html"), (body) => body],
    ["no Message-ID", (header) => header.replace(/Message-ID.*\r\n/, ""), (body) => body],
    ["another way off the list", (header) => header.replace("/u?1", "/u?2"), (body) => body],
    ["another time", (header) => header.replaceAll(/ t=\d+/g, " t=1"), (body) => body],
    ...[
      "From: eve@example.com",
      "Sender: eve@example.com",
      "To: eve@example.com",
      "Cc: eve@example.com",
      "Reply-To: eve@example.com",
      "Subject: other",
      "Date: Mon, 23 Nov 2026 01:02:03 +0000",
      "Message-ID: <2@example.com>",
      "MIME-Version: 1.0",
      "Content-Type: text/html",
      "Content-Transfer-Encoding: 7bit",
      "List-Unsubscribe: <https://example.net>",
      "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ].map((field): [string, (header: string) => string, (body: string) => string] => [
      `one more: ${field}`,
      (header) => `${field}\r\n${header}`,
      (body) => body,
    ]),
  ])("%s", async (_, changedHeader, changedBody) => {
    const fields = await sign(HEADER, BODY, BOTH);
    const message = messageOf(changedHeader(fields + HEADER), changedBody(BODY));
    const results = await verdicts(message);
    expect(results).toHaveLength(2);
    for (const result of results) expect(["fail", "neutral"]).toContain(result);
  });
});

describe("the field", () => {
  it("says what is signed, by whom, how and when, on lines of 78 characters", async () => {
    const fields = await sign(HEADER, BODY, BOTH);
    expect(fields).toMatch(/^[\x20-\x7e\r\n]+$/);
    const lines = fields.split("\r\n");
    expect(lines.pop()).toBe("");
    for (const line of lines) {
      expect(line.length).toBeLessThanOrEqual(78);
      expect(line).toMatch(/^(?:DKIM-Signature: | )\S/);
      expect(line).toMatch(/\S$/);
    }
    const [rsa, ed25519] = splitHeader(fields).map(({ text }) => tagsOf(text));
    const hash = createHash("sha256").update(
      "Hi,\r\n\r\n.\r\n.. two dots\r\nGr\xc3\xbc\xc3\x9fe\r\n\xff\xfe\r\n",
      "latin1",
    );
    const shared = {
      v: "1",
      c: "relaxed/relaxed",
      d: "example.com",
      t: "1795309323",
      bh: hash.digest("base64"),
      h: "from:from:sender:to:to:cc:reply-to:subject:subject:date:date:mime-version:mime-version:content-type:content-type:content-transfer-encoding:content-transfer-encoding:message-id:message-id:list-unsubscribe:list-unsubscribe:list-unsubscribe-post:list-unsubscribe-post",
    };
    expect(rsa).toStrictEqual({ ...shared, a: "rsa-sha256", s: "rsa", b: expect.any(String) });
    expect(ed25519).toStrictEqual({
      ...shared,
      a: "ed25519-sha256",
      s: "ed",
      b: expect.any(String),
    });
    expect(Buffer.from(rsa?.["b"] ?? "", "base64")).toHaveLength(256);
    expect(Buffer.from(ed25519?.["b"] ?? "", "base64")).toHaveLength(64);
  });

  it("lists fields of trace and Bcc never, others as often as they are there", async () => {
    const header = [
      "Return-Path: <a@example.com>",
      "Received: x",
      "DKIM-Signature: v=1",
      "Bcc: c@example.org",
      "X-Sender: x",
      "Resent-To: d@example.org",
      "Resent-To: e@example.org",
      "List-Id: <x.example.com>",
      "Auto-Submitted: auto-generated",
      "In-Reply-To: <1@x>",
      "References: <1@x>",
      "Sender: s@example.com",
      "Reply-To: r@example.com",
      "Cc: c@example.org",
      "From: a@example.com",
      "From: b@example.com",
    ];
    const { h } = tagsOf(await sign(header.join("\r\n"), "", [ED25519_KEY]));
    expect(h?.split(":").toSorted()).toStrictEqual(
      [
        ..."from from from to cc cc reply-to reply-to subject date sender sender".split(" "),
        ..."in-reply-to in-reply-to references references list-id list-id".split(" "),
        ..."auto-submitted auto-submitted resent-to resent-to".split(" "),
        ..."mime-version content-type content-transfer-encoding".split(" "),
      ].toSorted(),
    );
  });

  it("goes over a line only where a name is that long", async () => {
    const label = "a".repeat(63);
    const [key] = await keysOf({
      domain: `${label}.${label}.example.com`,
      selector: label,
      privateKey: pem(ED25519),
    });
    const lines = (await sign(HEADER, BODY, [key])).split("\r\n");
    const long = lines.filter((line) => line.length > 78);
    expect(long).toStrictEqual([` d=${label}.${label}.example.com;`]);
  });

  it("is not made of what could end a tag", async () => {
    for (const bad of [
      { domain: "example.com; l=0" },
      { domain: "EXAMPLE.com" },
      { domain: "" },
      { selector: "rsa;" },
      { selector: "a=b" },
      { selector: "a\r\n" },
      { algorithm: "rsa-sha1" },
    ]) {
      const key = { ...RSA_KEY, ...bad } as DkimKey;
      await expect(sign(HEADER, BODY, [key])).rejects.toThrow(TypeError);
    }
  });

  it("is not made without a From, of a bad header, or for no time", async () => {
    await expect(sign("To: a@example.com\r\n", "", BOTH)).rejects.toThrow(/no From/);
    await expect(sign("From: a@example.com\nTo: b", "", BOTH)).rejects.toThrow(TypeError);
    for (const time of [Number.NaN, -1]) {
      const message = { header: HEADER, body: () => [] };
      const signing = signatureFields(message, BOTH, { signedAt: new Date(time) });
      await expect(signing).rejects.toThrow(TypeError);
    }
  });
});

describe("the body", () => {
  it("is read once for all keys, and what reading it throws is thrown", async () => {
    let times = 0;
    const body = async function* (): AsyncIterable<Uint8Array> {
      times += 1;
      yield Buffer.from("a");
    };
    await signatureFields({ header: HEADER, body }, BOTH, { signedAt });
    expect(times).toBe(1);
    const broken = async function* (): AsyncIterable<Uint8Array> {
      yield* body();
      throw new Error("the object is gone");
    };
    const signing = signatureFields({ header: HEADER, body: broken }, BOTH, { signedAt });
    await expect(signing).rejects.toThrow("the object is gone");
  });

  it("may be given in one block that is used again", async () => {
    const block = new Uint8Array(5);
    const body = function* (): Iterable<Uint8Array> {
      for (const text of ["Hello", " worl", "d\r\n\r\n"]) {
        block.set(Buffer.from(text));
        yield block;
      }
    };
    const wanted = createHash("sha256").update("Hello world\r\n").digest();
    expect(Buffer.from(await bodyHash(body))).toStrictEqual(wanted);
  });

  it("that is empty hashes to what is known", async () => {
    const hash = Buffer.from(await bodyHash(() => [])).toString("base64");
    expect(hash).toBe("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  });
});

/** RFC 8463 §A.3, with the signature of Ed25519 alone. */
describe("the example of RFC 8463", () => {
  const signature = [
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;",
    " d=football.example.com; i=@football.example.com;",
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :",
    " subject : date : message-id : from : subject : date;",
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus",
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==",
  ].join("\r\n");
  const header = [
    "From: Joe SixPack <joe@football.example.com>",
    "To: Suzie Q <suzie@shopping.example.net>",
    "Subject: Is dinner ready?",
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)",
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>",
    "",
  ].join("\r\n");
  const body = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";

  it("is what the verifier takes", async () => {
    expect(await verdicts(messageOf(`${signature}\r\n${header}`, body))).toStrictEqual(["pass"]);
  });

  it("has our body hash, and is signed as we sign", async () => {
    const hash = Buffer.from(await bodyHash(() => [Buffer.from(body)])).toString("base64");
    expect(tagsOf(signature)["bh"]).toBe(hash);
    const [key] = await keysOf({
      domain: "football.example.com",
      selector: "brisbane",
      privateKey: `MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g`,
    });
    const unsigned = signature.replace(/ b=[^]*$/, " b=");
    const text = [...splitHeader(header), { name: "dkim-signature", text: unsigned }]
      .map(canonicalField)
      .join("\r\n");
    const digest = createHash("sha256").update(text).digest();
    const octets = Buffer.from(await crypto.subtle.sign("Ed25519", key.key, digest));
    expect(octets.toString("base64")).toBe(tagsOf(signature)["b"]);
  });
});

it.each<[string, string, readonly string[]]>([
  ["the domain itself", "a.example.com", ["a.example.com", "a.example.com"]],
  ["in capitals", "A.Example.COM", ["a.example.com", "a.example.com"]],
  ["the nearest above", "x.y.a.example.com", ["a.example.com", "a.example.com"]],
  ["further above", "b.example.com", ["example.com"]],
  ["none below", "com", []],
  ["none that only ends so", "notexample.com", []],
  ["none of others", "example.org", []],
])("the keys for a domain are those of %s", (_, from, domains) => {
  const keys = ["example.com", "a.example.com", "z.a.example.com", "a.example.com"].map(
    (domain) => ({ domain }),
  );
  expect(keysFor(keys, from).map(({ domain }) => domain)).toStrictEqual(domains);
});
