/** SASL PLAIN (RFC 4616 §2): the client speaks once. */
import type { MechanismFactory, PasswordCredentials } from "./mechanism.ts";

export const PLAIN: MechanismFactory = {
  name: "PLAIN",
  create: (credentials) => {
    if (!("password" in credentials)) return undefined;
    const response = plainResponse(credentials);
    return {
      name: "PLAIN",
      isOneWay: true,
      start: () => response,
      // The relay asks again, with an empty challenge, where the response did not fit the command.
      next: (challenge) =>
        challenge.length === 0 ? response : { reason: "a challenge to PLAIN must be empty" },
    };
  },
};

/** `authzid NUL authcid NUL passwd`, the first of them empty. */
export function plainResponse({ username, password }: PasswordCredentials): Uint8Array {
  return new TextEncoder().encode(`\0${username}\0${password}`);
}
