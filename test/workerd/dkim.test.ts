/** Signatures made where the Worker runs: the body digested as a stream, both algorithms, no Node. */
import { describe, expect, it } from "vitest";

import { bodyHash } from "../../src/mail/dkim/body-hash.ts";
import { importDkimKey, parseDkimKeys } from "../../src/mail/dkim/key.ts";
import { signatureFields } from "../../src/mail/dkim/signature.ts";

const HEADER = "From:  Ann <ann@example.com>\r\nX-Other: x\r\nSubject: Grüße\r\n\taus Köln \r\n";
const signedAt = new Date("2026-11-22T01:02:03Z");

/** Written by hand, of the header above. */
const CANONICAL = "from:Ann <ann@example.com>\r\nsubject:Grüße aus Köln\r\n";
/** SHA-256 of "Hi.\r\n\r\nWe lost the game. Are you hungry yet?\r\n\r\nJoe.\r\n", as RFC 8463 §A.3 has it. */
const BODY = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\t\r\n\r\nJoe.\r\n \r\n\r\n";
const BODY_HASH = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=";

const ALGORITHMS = [
  {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  },
  { name: "Ed25519" },
] as const;

async function pairOf(algorithm: (typeof ALGORITHMS)[number]): Promise<CryptoKeyPair> {
  // With these algorithms it is a pair: the types leave it open.
  return (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
}

async function pemOf({ privateKey }: CryptoKeyPair): Promise<string> {
  const octets = (await crypto.subtle.exportKey("pkcs8", privateKey)) as ArrayBuffer;
  const base64 = btoa(String.fromCharCode(...new Uint8Array(octets)));
  return `-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----\n`;
}

const octetsOf = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new TextEncoder().encode(text));

describe("in workerd", () => {
  it("a mail is signed with RSA and Ed25519, as the public keys say", async () => {
    expect(crypto.DigestStream).toBeTypeOf("function");
    const pairs = await Promise.all(ALGORITHMS.map(pairOf));
    const inputs = await Promise.all(
      pairs.map(async (pair, index) => ({
        domain: "example.com",
        selector: `s${index}`,
        privateKey: await pemOf(pair),
      })),
    );
    const parsed = parseDkimKeys(inputs, "/dkim");
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const keys = await Promise.all(parsed.value.map(importDkimKey));
    const body = async function* (): AsyncIterable<Uint8Array> {
      for (const octet of octetsOf(BODY)) yield Uint8Array.of(octet);
    };
    const fields = await signatureFields({ header: HEADER, body }, keys, { signedAt });
    const each = fields.split(/\r\n(?! )/).slice(0, -1);
    expect(each).toHaveLength(2);
    for (const [index, field] of each.entries()) {
      expect(field).toContain(` bh=${BODY_HASH};`);
      const [unsigned = "", signature = ""] = field.split(/(?<= b=)/);
      const value = unsigned.slice("DKIM-Signature:".length).replaceAll(/\s+/g, " ").trim();
      const data = octetsOf(`${CANONICAL}dkim-signature:${value}`);
      const [algorithm, pair] = [ALGORITHMS[index], pairs[index]];
      if (algorithm === undefined || pair === undefined) throw new Error("a key too few");
      const signed = index === 0 ? data : await crypto.subtle.digest("SHA-256", data);
      const octets = Uint8Array.from(atob(signature.replaceAll(/\s/g, "")), (digit) =>
        digit.charCodeAt(0),
      );
      const verified = crypto.subtle.verify(algorithm.name, pair.publicKey, octets, signed);
      await expect(verified, algorithm.name).resolves.toBe(true);
    }
  });

  it("the digest is let go of where the body cannot be read", async () => {
    const broken = async function* (): AsyncIterable<Uint8Array> {
      yield octetsOf("a");
      throw new Error("the object is gone");
    };
    await expect(bodyHash(broken)).rejects.toThrow("the object is gone");
  });

  it("a body that is empty has the hash that is known", async () => {
    const hash = btoa(String.fromCharCode(...(await bodyHash(() => []))));
    expect(hash).toBe("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  });

  it("a key that its numbers make none is refused by name", async () => {
    const pair = await pairOf(ALGORITHMS[0]);
    const octets = new Uint8Array(
      (await crypto.subtle.exportKey("pkcs8", pair.privateKey)) as ArrayBuffer,
    );
    // An even modulus: its last octet stands before the public exponent, 02 03 01 00 01.
    const text = String.fromCharCode(...octets);
    const at = text.indexOf("\u0002\u0003\u0001\u0000\u0001") - 1;
    octets[at] = (octets[at] ?? 0) & 0xfe;
    const privateKey = btoa(String.fromCharCode(...octets));
    const parsed = parseDkimKeys({ domain: "example.com", selector: "s", privateKey }, "");
    const key = parsed.ok ? parsed.value[0] : undefined;
    if (key === undefined) throw new Error("the key is refused too early");
    await expect(importDkimKey(key)).rejects.toThrow(
      /^The DKIM key with selector s of example\.com cannot be used: /,
    );
  });
});
