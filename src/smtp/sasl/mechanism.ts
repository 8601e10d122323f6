/** SASL as SMTP carries it (RFC 4954 §4): what a mechanism is, and which one to take. */
import { login } from "./login.ts";
import { plain } from "./plain.ts";

/** One exchange of one mechanism. Octets in and out; base64 is the dialogue's. */
export interface Mechanism {
  readonly name: string;
  /** The initial response, or undefined where the server speaks first. */
  start(): Uint8Array | undefined;
  /** The answer to a challenge, or undefined to give up. */
  next(challenge: Uint8Array): Uint8Array | undefined;
}

/** Never logged, never in an error. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The mechanisms this client has, the best first. */
export const AUTH_METHODS: readonly string[] = ["PLAIN", "LOGIN"];

/**
 * The first of `wanted` that the relay offers, ready for one exchange; undefined where they have
 * none in common.
 */
export function chooseMechanism(
  offered: readonly string[],
  credentials: Credentials,
  wanted: readonly string[] = AUTH_METHODS,
): Mechanism | undefined {
  for (const name of wanted.map((method) => method.toUpperCase())) {
    if (!offered.includes(name)) continue;
    if (name === "PLAIN") return plain(credentials);
    if (name === "LOGIN") return login(credentials);
  }
  return undefined;
}
