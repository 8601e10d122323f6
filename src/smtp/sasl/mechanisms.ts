/** The mechanisms this client has, and which of them a relay and its credentials call for. */
import { CRAM_MD5 } from "./cram-md5.ts";
import { LOGIN } from "./login.ts";
import type { Credentials, Mechanism, MechanismFactory } from "./mechanism.ts";
import { OAUTHBEARER } from "./oauthbearer.ts";
import { PLAIN } from "./plain.ts";
import { SCRAM_SHA_1, SCRAM_SHA_256 } from "./scram.ts";
import { XOAUTH2 } from "./xoauth2.ts";

/**
 * The best first, and what is tried unless `authMethods` says otherwise. One of them is for each kind
 * of credentials: a token goes out through no mechanism for passwords, nor the reverse.
 */
export const MECHANISMS: readonly MechanismFactory[] = [
  SCRAM_SHA_256,
  SCRAM_SHA_1,
  OAUTHBEARER,
  XOAUTH2,
  PLAIN,
  LOGIN,
];

/** Those that can be named. CRAM-MD5 only so: it makes the relay keep passwords in the clear. */
const NAMED: readonly MechanismFactory[] = [...MECHANISMS, CRAM_MD5];

/** The names that `authMethods` may hold. */
export const AUTH_METHODS: readonly string[] = NAMED.map(({ name }) => name);

/** The mechanism of that name, in any case of letters, or undefined. */
export function mechanismOf(name: string): MechanismFactory | undefined {
  return NAMED.find((factory) => factory.name === name.toUpperCase());
}

/** What is wrong with credentials for every mechanism, or undefined (RFC 4616 §2: no NUL). */
export function credentialFault(credentials: Credentials): string | undefined {
  if (credentials.username === "") return "the user name is empty";
  const secret = "password" in credentials ? credentials.password : credentials.accessToken;
  if (secret === "") {
    return `the ${"password" in credentials ? "password" : "access token"} is empty`;
  }
  const texts = [credentials.username, typeof secret === "string" ? secret : ""];
  return texts.some((text) => text.includes("\0"))
    ? "a NUL in a user name, password or token cannot be sent"
    : undefined;
}

/** An exchange of each mechanism that the relay offers and the credentials are for, in order. */
export function chooseMechanisms(
  offered: readonly string[],
  credentials: Credentials,
  wanted: readonly MechanismFactory[] = MECHANISMS,
): readonly Mechanism[] {
  return wanted
    .filter(({ name }) => offered.includes(name.toUpperCase()))
    .flatMap((factory) => factory.create(credentials) ?? []);
}
