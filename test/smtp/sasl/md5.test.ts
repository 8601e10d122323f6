/** MD5 (RFC 1321), HMAC with it (RFC 2104) and CRAM-MD5 (RFC 2195). */
import { createHash, createHmac } from "node:crypto";

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { CRAM_MD5 } from "../../../src/smtp/sasl/cram-md5.ts";
import { hmacMd5, md5 } from "../../../src/smtp/sasl/md5.ts";
import type { Mechanism } from "../../../src/smtp/sasl/mechanism.ts";
import { octets, reason, text } from "./octets.ts";

const hex = (digest: Uint8Array): string => Buffer.from(digest).toString("hex");

describe("MD5", () => {
  // RFC 1321 §A.5.
  it.each([
    ["", "d41d8cd98f00b204e9800998ecf8427e"],
    ["a", "0cc175b9c0f1b6a831c399e269772661"],
    ["abc", "900150983cd24fb0d6963f7d28e17f72"],
    ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
    ["abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"],
    [
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
      "d174ab98d277d9f5a5611c2c9f419d9f",
    ],
    ["1234567890".repeat(8), "57edf4a22be3c955ac49da2e2107b67a"],
  ])("of %j", (message, digest) => {
    expect(hex(md5(octets(message)))).toBe(digest);
  });

  it("is that of node:crypto at every length around two blocks", () => {
    for (let length = 0; length <= 130; length += 1) {
      const message = Uint8Array.from({ length }, (_, at) => at * 7);
      expect(hex(md5(message))).toBe(createHash("md5").update(message).digest("hex"));
    }
  });

  it("is that of node:crypto for any octets, in a view of a larger buffer too", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(20), (message, skipped) => {
        const view = message.subarray(Math.min(skipped, message.length));
        expect(hex(md5(view))).toBe(createHash("md5").update(view).digest("hex"));
      }),
    );
  });
});

describe("HMAC", () => {
  // RFC 2104 §A, as far as it is text.
  it.each([
    ["Jefe", "what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738"],
    ["\x0b".repeat(16), "Hi There", "9294727a3638bb1c13f48ef8158bfc9d"],
  ])("of %j", (key, message, digest) => {
    expect(hex(hmacMd5(octets(key), octets(message)))).toBe(digest);
  });

  it("is that of node:crypto, for keys below, of and above a block", () => {
    const keys = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ minLength: 63, maxLength: 65 }),
    );
    fc.assert(
      fc.property(keys, fc.uint8Array({ maxLength: 200 }), (key, message) => {
        expect(hex(hmacMd5(key, message))).toBe(
          createHmac("md5", key).update(message).digest("hex"),
        );
      }),
    );
  });
});

describe("CRAM-MD5", () => {
  const created = (username: string, password: string): Mechanism => {
    const mechanism = CRAM_MD5.create({ username, password });
    if (mechanism === undefined) throw new Error("no mechanism");
    return mechanism;
  };

  it("answers as in RFC 2195 §2", async () => {
    const mechanism = created("tim", "tanstaaftanstaaf");
    expect(mechanism.start()).toBeUndefined();
    const challenge = octets("<1896.697170952@postoffice.reston.mci.net>");
    expect(text(await mechanism.next(challenge))).toBe("tim b913a602c7eda7a495b4e6e7334d3890");
  });

  it("answers any octets as node:crypto would, with a name and a password of any text", async () => {
    const property = fc.asyncProperty(
      fc.string({ unit: "grapheme", minLength: 1 }),
      fc.string({ unit: "grapheme", minLength: 1 }),
      fc.uint8Array(),
      async (username, password, challenge) => {
        const digest = createHmac("md5", password).update(challenge).digest("hex");
        const mechanism = created(username, password);
        expect(text(await mechanism.next(challenge))).toBe(`${username} ${digest}`);
        expect(mechanism.secrets).toEqual([password]);
      },
    );
    await fc.assert(property);
  });

  it("gives up at a second challenge, without a word of the password", async () => {
    const mechanism = created("ann", "hunter22");
    await mechanism.next(octets("<1@example.com>"));
    const why = reason(await mechanism.next(octets("hunter22")));
    expect(why).toContain("second");
    expect(why).not.toContain("hunter22");
  });

  it("is for passwords alone", () => {
    expect(CRAM_MD5.create({ username: "ann", accessToken: "token" })).toBeUndefined();
  });
});
