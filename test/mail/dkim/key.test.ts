/** Keys that sign: what is taken, in which form, and what is refused, without key material in the reason. */
import { createPrivateKey, generateKeyPairSync } from "node:crypto";

import { describe, expect, it } from "vitest";

import { importDkimKey, isSelector, parseDkimKeys } from "../../../src/mail/dkim/key.ts";
import { ED25519, pem, RSA } from "./keys.ts";

const RSA_PEM = pem(RSA);
const ED25519_PEM = pem(ED25519);
const BASE64 = RSA_PEM.replaceAll(/-----[^-]+-----|\n/g, "");
const BASE = { domain: "example.com", selector: "mail", privateKey: RSA_PEM };

const rsaOf = (modulusLength: number): string => pem(generateKeyPairSync("rsa", { modulusLength }));

function problemsOf(input: unknown): Record<string, string> {
  const keys = parseDkimKeys(input, "/dkim");
  if (keys.ok) return {};
  return Object.fromEntries(keys.problems.map(({ pointer, detail }) => [pointer, detail]));
}

/** DER of small things: the tag, the length, and what is in it. */
function der(tag: number, ...content: readonly (number | Buffer)[]): Buffer {
  const octets = Buffer.concat(content.map((one) => (Buffer.isBuffer(one) ? one : Buffer.of(one))));
  return Buffer.concat([Buffer.of(tag, octets.length), octets]);
}

describe("a key", () => {
  it("is read with its algorithm, and domain and selector in small letters", () => {
    expect(
      parseDkimKeys({ ...BASE, domain: "Bücher.Example", selector: "Mail.2026" }, ""),
    ).toStrictEqual({
      ok: true,
      value: [
        {
          domain: "xn--bcher-kva.example",
          selector: "mail.2026",
          algorithm: "rsa-sha256",
          pkcs8: BASE64,
        },
      ],
    });
  });

  it("is one of several", () => {
    const keys = parseDkimKeys(
      [
        { ...BASE, algorithm: "rsa-sha256" },
        { ...BASE, selector: "ed", privateKey: ED25519_PEM, algorithm: "ed25519-sha256" },
        { ...BASE, domain: "example.org", algorithm: null },
      ],
      "/dkim",
    );
    expect(keys.ok && keys.value.map(({ algorithm }) => algorithm)).toStrictEqual([
      "rsa-sha256",
      "ed25519-sha256",
      "rsa-sha256",
    ]);
  });

  it.each<[string, (text: string) => string]>([
    ["as the file has it", (text) => text],
    ["with CRLF", (text) => text.replaceAll("\n", "\r\n")],
    ["as JSON writes line ends", (text) => text.replaceAll("\n", String.raw`\n`)],
    ["with CRLF as JSON writes it", (text) => text.replaceAll("\n", String.raw`\r\n`)],
    ["with spaces for line ends", (text) => text.replaceAll("\n", " ")],
    ["on one line", (text) => text.replaceAll("\n", "")],
    ["within white space", (text) => `\n\t ${text}\n\n`],
    ["as base64 alone", (text) => text.replaceAll(/-----[^-]+-----|\n/g, "")],
    ["as base64 in lines", (text) => text.replaceAll(/-----[^-]+-----/g, "")],
  ])("is the same %s", (_, form) => {
    for (const text of [RSA_PEM, ED25519_PEM]) {
      const wanted = parseDkimKeys({ ...BASE, privateKey: text }, "");
      expect(wanted.ok).toBe(true);
      expect(parseDkimKeys({ ...BASE, privateKey: form(text) }, "")).toStrictEqual(wanted);
    }
  });

  it("of Ed25519 may bring its public key along, which is left out", () => {
    const octets = ED25519.privateKey.export({ format: "der", type: "pkcs8" });
    const second = der(
      0x30,
      Buffer.of(2, 1, 1),
      octets.subarray(5),
      der(0x81, 0, ED25519.publicKey.export({ format: "der", type: "spki" }).subarray(-32)),
    );
    const key = parseDkimKeys({ ...BASE, privateKey: second.toString("base64") }, "");
    expect(key).toMatchObject({ ok: true, value: [{ pkcs8: octets.toString("base64") }] });
  });

  it.each([1024, 3072, 4096])("may be RSA of %d bits", (bits) => {
    expect(problemsOf({ ...BASE, privateKey: rsaOf(bits) })).toStrictEqual({});
  });
});

describe("what is refused", () => {
  const pkcs1 = RSA.privateKey.export({ format: "der", type: "pkcs1" });
  const spki = RSA.publicKey.export({ format: "der", type: "spki" });
  const encrypted = { cipher: "aes-256-cbc", passphrase: "secret" } as const;
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ed = ED25519.privateKey.export({ format: "der", type: "pkcs8" });

  it.each<[string, string | Buffer, RegExp]>([
    [
      "PKCS#1",
      RSA.privateKey.export({ format: "pem", type: "pkcs1" }),
      /PKCS#1.*openssl pkey -in old\.pem -out dkim\.pem/,
    ],
    [
      "PKCS#1, encrypted",
      RSA.privateKey.export({ format: "pem", type: "pkcs1", ...encrypted }),
      /PKCS#1.*openssl pkey/,
    ],
    ["PKCS#1 as base64", pkcs1.toString("base64"), /PKCS#1.*openssl pkey/],
    ["PKCS#1 under another name", BASE64.replace(/.*/, pkcs1.toString("base64")), /PKCS#1/],
    [
      "PKCS#8, encrypted",
      RSA.privateKey.export({ format: "pem", type: "pkcs8", ...encrypted }),
      /encrypted.*openssl pkey/,
    ],
    [
      "PKCS#8, encrypted, as base64",
      RSA.privateKey.export({ format: "der", type: "pkcs8", ...encrypted }).toString("base64"),
      /encrypted.*openssl pkey/,
    ],
    ["the public half", RSA.publicKey.export({ format: "pem", type: "spki" }), /public half.*DNS/],
    ["the public half as base64", spki.toString("base64"), /public half/],
    [
      "EC",
      ec.privateKey.export({ format: "pem", type: "sec1" }),
      /only RSA and Ed25519.*openssl genpkey/,
    ],
    ["EC as PKCS#8", pem(ec), /only RSA and Ed25519.*openssl genpkey/],
    ["Ed448", pem(generateKeyPairSync("ed448")), /only RSA and Ed25519/],
    ["X25519", pem(generateKeyPairSync("x25519")), /only RSA and Ed25519/],
    ["RSA-PSS", pem(generateKeyPairSync("rsa-pss", { modulusLength: 2048 })), /only RSA/],
    ["RSA of 1023 bits", rsaOf(1023), /less than 1024.*2048/],
    ["RSA of 4104 bits", rsaOf(4104), /more than 4096.*2048/],
    ["a label of others", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", /is not a private key/],
    ["a label of Object", "-----BEGIN constructor-----\nAAAA\n", /is not a private key/],
    ["a label of nobody", "-----BEGIN -----", /is not a private key/],
    ["a path", "/etc/dkim/secret7391.pem", /is not a private key|damaged/],
    ["no base64", RSA_PEM.replace("M", "%"), /damaged/],
    ["nothing in it", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", /damaged/],
    ["white space", " \n", /damaged/],
    ["base64 of something else", Buffer.from("secret7391").toString("base64"), /PKCS#8/],
    ["a line too few", RSA_PEM.replace(/^MII.*\n/m, ""), /damaged/],
    ["no end", RSA_PEM.slice(0, 1500), /nothing before or after/],
    ["a field of PEM", RSA_PEM.replace("\n", "\nProc-Type: 4\n\n"), /nothing before or after/],
    ["text before it", `secret7391 ${RSA_PEM}`, /nothing before or after/],
    ["text after it", `${RSA_PEM}secret7391`, /nothing before or after/],
    ["NUL in it", RSA_PEM.replace("\nM", "\nM\0"), /damaged/],
    ["two keys", RSA_PEM + ED25519_PEM, /more than one/],
    ["more than a key", "A".repeat(20_000), /too long/],
    ["an octet too many", ED25519_PEM.replace("\n-----END", "AA==\n-----END"), /damaged/],
    ["octets behind it", Buffer.concat([ed, Buffer.of(5, 0)]).toString("base64"), /PKCS#8/],
    ["a length without end", Buffer.of(0x30, 0x80, 0, 0).toString("base64"), /PKCS#8/],
    ["a length of 2 GB", Buffer.of(0x30, 0x84, 127, 0, 0, 0).toString("base64"), /PKCS#8/],
    [
      "a short seed",
      der(0x30, ed.subarray(2, 12), der(4, der(4, 1, 2, 3))).toString("base64"),
      /damaged/,
    ],
    [
      "RSA without numbers",
      der(
        0x30,
        Buffer.of(2, 1, 0),
        Buffer.from("300d06092a864886f70d0101010500", "hex"),
        der(4, 0x30, 0),
      ).toString("base64"),
      /damaged/,
    ],
  ])("for a private key: %s", (_, privateKey, detail) => {
    const problems = problemsOf({ ...BASE, privateKey: privateKey.toString() });
    expect(Object.keys(problems)).toStrictEqual(["/dkim/privateKey"]);
    const [problem = ""] = Object.values(problems);
    expect(problem).toMatch(/^`privateKey` .*\.$/);
    expect(problem).toMatch(detail);
    expect(problem).toMatch(/^[\x20-\x7e]+$/);
    const longWords = problem.match(/[A-Za-z0-9+/]{17,}/g) ?? [];
    expect(longWords).toStrictEqual([]);
    expect(problem).not.toContain("7391");
  });

  it.each<[string, unknown, Record<string, RegExp>]>([
    ["nothing", undefined, { "/dkim": /an object with `domain`/ }],
    ["a PEM alone", RSA_PEM, { "/dkim": /an object with `domain`/ }],
    [
      "an empty object",
      {},
      {
        "/dkim/domain": /^Missing `domain`/,
        "/dkim/selector": /^Missing `selector`.*_domainkey/,
        "/dkim/privateKey": /^Missing `privateKey`.*openssl genpkey/,
      },
    ],
    [
      "an inherited key",
      Object.create(BASE),
      { "/dkim/domain": /./, "/dkim/selector": /./, "/dkim/privateKey": /./ },
    ],
    ["a hole in a list", [BASE, null], { "/dkim/1": /an object/ }],
    ["an unknown option", { ...BASE, keySelector: "x" }, { "/dkim/keySelector": /unknown option/ }],
    ["no domain", { ...BASE, domain: "a b" }, { "/dkim/domain": /`domain` must be a domain/ }],
    ["a tag in the domain", { ...BASE, domain: "example.com; l=0" }, { "/dkim/domain": /./ }],
    ["a number for a domain", { ...BASE, domain: 1 }, { "/dkim/domain": /a string/ }],
    ["a tag in the selector", { ...BASE, selector: "mail; l=0" }, { "/dkim/selector": /letters/ }],
    [
      "a line end in the selector",
      { ...BASE, selector: "mail\r\n" },
      { "/dkim/selector": /letters/ },
    ],
    ["a label too long", { ...BASE, selector: "a".repeat(64) }, { "/dkim/selector": /letters/ }],
    [
      "a name too long",
      { ...BASE, selector: Array(4).fill("a".repeat(62)).join(".") },
      { "/dkim/selector": /253/ },
    ],
    [
      "a buffer for a key",
      { ...BASE, privateKey: Buffer.from(RSA_PEM) },
      { "/dkim/privateKey": /a string/ },
    ],
    [
      "no such algorithm",
      { ...BASE, algorithm: "rsa-sha1" },
      { "/dkim/algorithm": /`rsa-sha256` or/ },
    ],
    [
      "an algorithm that the key is not for",
      { ...BASE, algorithm: "ed25519-sha256" },
      { "/dkim/algorithm": /`ed25519-sha256`.*`rsa-sha256`/ },
    ],
    [
      "two keys of one name",
      [BASE, { ...BASE, selector: "MAIL", privateKey: ED25519_PEM }],
      { "/dkim/1/selector": /same/ },
    ],
  ])("%s", (_, input, wanted) => {
    const problems = problemsOf(input);
    expect(Object.keys(problems).toSorted()).toStrictEqual(Object.keys(wanted).toSorted());
    for (const [pointer, detail] of Object.entries(wanted))
      expect(problems[pointer]).toMatch(detail);
    expect(JSON.stringify(problems)).not.toContain(BASE64.slice(40, 60));
  });
});

it.each<[string, boolean]>([
  ["mail", true],
  ["S1-2026.eu.x", true],
  ["1", true],
  ["", false],
  ["a_b", false],
  ["-a", false],
  ["a-", false],
  ["a..b", false],
  [".a", false],
  ["a.", false],
  ["ä", false],
  ["a\n", false],
])("a selector is labels: %j, %s", (text, is) => {
  expect(isSelector(text)).toBe(is);
});

describe("importing", () => {
  const optionsOf = (input: unknown) => {
    const keys = parseDkimKeys(input, "");
    const key = keys.ok ? keys.value[0] : undefined;
    if (key === undefined) throw new Error("the key of this test is not valid");
    return key;
  };

  it("gives a key that signs and cannot be read, the same each time", async () => {
    const options = optionsOf(BASE);
    const first = await importDkimKey(options);
    const again = await importDkimKey({ ...options, selector: "other" });
    expect(first).toMatchObject({
      domain: "example.com",
      selector: "mail",
      algorithm: "rsa-sha256",
    });
    expect(again.selector).toBe("other");
    expect(again.key).toBe(first.key);
    expect(first.key).toMatchObject({ extractable: false, usages: ["sign"] });
  });

  it("lets go of the oldest", async () => {
    const options = optionsOf({ ...BASE, privateKey: ED25519_PEM });
    const first = await importDkimKey(options);
    for (let count = 0; count < 32; count += 1) {
      await importDkimKey(optionsOf({ ...BASE, privateKey: pem(generateKeyPairSync("ed25519")) }));
    }
    expect((await importDkimKey(options)).key).not.toBe(first.key);
  });

  it("says which key the platform refuses, and nothing of it", async () => {
    const octets = createPrivateKey(RSA_PEM).export({ format: "der", type: "pkcs8" });
    // The last of its numbers is none.
    const broken = Buffer.from(octets);
    broken[octets.lastIndexOf(Buffer.of(0x02, 0x81))] = 0x03;
    const options = optionsOf({ ...BASE, privateKey: broken.toString("base64") });
    const refused = importDkimKey(options);
    await expect(refused).rejects.toThrow(TypeError);
    await expect(refused).rejects.toThrow(
      /^The DKIM key with selector mail of example\.com cannot be used: .*copy it again/,
    );
  });
});
