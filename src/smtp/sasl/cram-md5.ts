/**
 * CRAM-MD5 (RFC 2195 §2): the password does not travel, but the relay must keep it in the clear, and
 * proves nothing in return. Inside TLS it is worse than PLAIN; it is here for relays with nothing else.
 */
import { hmacMd5 } from "./md5.ts";
import type { MechanismFactory } from "./mechanism.ts";

export const CRAM_MD5: MechanismFactory = {
  name: "CRAM-MD5",
  create: (credentials) => {
    if (!("password" in credentials)) return undefined;
    const { username, password } = credentials;
    const encoder = new TextEncoder();
    let wasAsked = false;
    return {
      name: "CRAM-MD5",
      secrets: [password],
      start: () => undefined,
      next: (challenge) => {
        if (wasAsked) return { reason: "CRAM-MD5 has one challenge, and this is a second" };
        wasAsked = true;
        return encoder.encode(`${username} ${hex(hmacMd5(encoder.encode(password), challenge))}`);
      },
    };
  },
};

/** In lower case, as RFC 2195 §2 has it. */
function hex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
