/** SASL PLAIN (RFC 4616 §2): the client speaks once. */
import type { Credentials, Mechanism } from "./mechanism.ts";

/** An exchange of PLAIN. Credentials with a NUL are the caller's to refuse: see `credentialFault`. */
export function plain(credentials: Credentials): Mechanism {
  const response = new TextEncoder().encode(`\0${credentials.username}\0${credentials.password}`);
  return {
    name: "PLAIN",
    start: () => response,
    // The relay asks again, with an empty challenge, where the response did not fit the command.
    next: (challenge) => (challenge.length === 0 ? response : undefined),
  };
}

/** What is wrong with credentials for every mechanism, or undefined (RFC 4616 §2: no NUL). */
export function credentialFault(credentials: Credentials): string | undefined {
  if (credentials.username === "") return "the user name is empty";
  if (credentials.password === "") return "the password is empty";
  return credentials.username.includes("\0") || credentials.password.includes("\0")
    ? "a NUL in the user name or password cannot be sent"
    : undefined;
}
