/**
 * SCRAM (RFC 5802, and RFC 7677 for SHA-256): each side proves to the other that it knows the password,
 * which never travels. Without channel binding, which Workers cannot do. The server proves itself in a
 * challenge, answered with nothing; RFC 4954 §4 lets a 235 carry no data, so it cannot come there.
 */
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { digest, hmac, pbkdf2, type Hash } from "./keyed-hash.ts";
import type { GiveUp, Mechanism, MechanismFactory, PasswordCredentials } from "./mechanism.ts";
import { saslprep, type Preparation } from "./saslprep.ts";

export const SCRAM_SHA_256: MechanismFactory = scram("SHA-256");
export const SCRAM_SHA_1: MechanismFactory = scram("SHA-1");

/** SCRAM over a hash; the random octets become the client's nonce, and are given only by tests. */
export function scram(
  hash: Hash,
  randomOctets: (count: number) => Uint8Array = systemRandom,
): MechanismFactory {
  return {
    name: `SCRAM-${hash}`,
    create: (credentials) =>
      "password" in credentials ? new Scram(hash, credentials, randomOctets) : undefined,
  };
}

type Stage =
  | { readonly name: "new" | "proven" | "over" }
  | {
      readonly name: "greeted";
      /** Client-first-message-bare. */
      readonly bare: string;
      readonly nonce: string;
      readonly password: string;
      readonly wasAsked: boolean;
    }
  | { readonly name: "answered"; readonly serverSignature: Uint8Array };

/** RFC 5802 §5.1 asks for a nonce and sets no length; 18 octets are 24 characters, unpadded. */
const NONCE_OCTETS = 18;
/** RFC 7677 §3; RFC 5802 §5.1 says the same of SHA-1. */
const MIN_ITERATIONS = 4096;
/** What PBKDF2 does for us in production on Cloudflare Workers (workerd issue 1346). */
const MAX_ITERATIONS = 100_000;
/** `n`: no channel binding, and no authorization identity but our own. */
const GS2_HEADER = "n,,";

class Scram implements Mechanism {
  readonly name: string;
  readonly secrets: readonly string[];
  readonly #hash: Hash;
  readonly #credentials: PasswordCredentials;
  readonly #randomOctets: (count: number) => Uint8Array;
  #stage: Stage = { name: "new" };

  constructor(
    hash: Hash,
    credentials: PasswordCredentials,
    randomOctets: (count: number) => Uint8Array,
  ) {
    this.name = `SCRAM-${hash}`;
    this.secrets = [credentials.password];
    this.#hash = hash;
    this.#credentials = credentials;
    this.#randomOctets = randomOctets;
  }

  get isProven(): boolean {
    return this.#stage.name === "proven";
  }

  /** Throws a TypeError where user name or password cannot be prepared: nothing may be sent then. */
  start(): Uint8Array {
    // RFC 5802 §5.1: the user name is prepared as a query; §2.2: the password as a stored string.
    const username = prepared("user name", this.#credentials.username, "query");
    const password = prepared("password", this.#credentials.password, "stored");
    const nonce = encodeBase64(this.#randomOctets(NONCE_OCTETS));
    const bare = `n=${username.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
    this.#stage = { name: "greeted", bare, nonce, password, wasAsked: false };
    return utf8(GS2_HEADER + bare);
  }

  async next(challenge: Uint8Array): Promise<Uint8Array | GiveUp> {
    const stage = this.#stage;
    // Whatever happens from here on, success alone leads out of this.
    this.#stage = { name: "over" };
    const message = decodeUtf8(challenge);
    if (message === undefined) return this.#giveUp("is not UTF-8");
    switch (stage.name) {
      case "greeted":
        if (message === "" && !stage.wasAsked) {
          // The response did not fit the AUTH command, and the relay asks for it (RFC 4954 §4).
          this.#stage = { ...stage, wasAsked: true };
          return utf8(GS2_HEADER + stage.bare);
        }
        return this.#answer(message, stage);
      case "answered":
        return this.#verify(message, stage.serverSignature);
      case "new":
      case "proven":
      case "over":
        return this.#giveUp("comes when none is due");
    }
  }

  /** The client-final-message to a server-first-message (RFC 5802 §3). */
  async #answer(
    serverFirst: string,
    { bare, nonce, password }: Extract<Stage, { name: "greeted" }>,
  ): Promise<Uint8Array | GiveUp> {
    const parsed = parseServerFirst(serverFirst, nonce);
    if ("fault" in parsed) return this.#giveUp(parsed.fault);
    const withoutProof = `c=${encodeBase64(utf8(GS2_HEADER))},r=${parsed.nonce}`;
    const authMessage = utf8(`${bare},${serverFirst},${withoutProof}`);
    try {
      const saltedPassword = await pbkdf2(this.#hash, utf8(password), parsed);
      const clientKey = await hmac(this.#hash, saltedPassword, utf8("Client Key"));
      const storedKey = await digest(this.#hash, clientKey);
      const clientSignature = await hmac(this.#hash, storedKey, authMessage);
      const serverKey = await hmac(this.#hash, saltedPassword, utf8("Server Key"));
      const serverSignature = await hmac(this.#hash, serverKey, authMessage);
      const proof = clientKey.map((octet, at) => octet ^ (clientSignature[at] ?? 0));
      this.#stage = { name: "answered", serverSignature };
      return utf8(`${withoutProof},p=${encodeBase64(proof)}`);
    } catch {
      // The platform's own words are left out: nothing promises that they are free of secrets.
      return { reason: `this platform refused to derive the key of ${this.name}` };
    }
  }

  /** RFC 5802 §3: a client that does not check this has proved itself to anybody. */
  #verify(serverFinal: string, expected: Uint8Array): Uint8Array | GiveUp {
    const [verifier = "", ...extensions] = serverFinal.split(",");
    if (verifier.startsWith("e=")) return this.#giveUp(`is an error: ${errorOf(verifier)}`);
    if (!extensions.every(isExtension)) return this.#giveUp("is not a server-final-message");
    const signature = verifier.startsWith("v=") ? decodeBase64(verifier.slice(2)) : undefined;
    if (signature === undefined || !areSame(signature, expected)) {
      return this.#giveUp("does not prove that the relay knows the password");
    }
    this.#stage = { name: "proven" };
    return new Uint8Array();
  }

  #giveUp(fault: string): GiveUp {
    return { reason: `the relay's ${this.name} challenge ${fault}` };
  }
}

function prepared(field: string, input: string, preparation: Preparation): string {
  const result = saslprep(input, preparation);
  if ("text" in result) return result.text;
  throw new TypeError(`the ${field} ${result.fault} (RFC 4013)`);
}

interface ServerFirst {
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** RFC 5802 §7: nonce, salt and iteration count in this order, then what we need not know. */
function parseServerFirst(
  message: string,
  clientNonce: string,
): ServerFirst | { readonly fault: string } {
  const [r = "", s = "", i = "", ...extensions] = message.split(",");
  if (r.startsWith("e=")) return { fault: `is an error: ${errorOf(r)}` };
  if (r.startsWith("m=")) return { fault: "demands an extension that we do not have" };
  if (!r.startsWith("r=") || !s.startsWith("s=") || !i.startsWith("i=")) {
    return { fault: "is not a server-first-message" };
  }
  if (!extensions.every(isExtension)) return { fault: "has extensions that make no sense" };
  const nonce = r.slice(2);
  // RFC 5802 §5.1: its own part must be there, or an old exchange could be played to us again.
  if (!nonce.startsWith(clientNonce) || nonce === clientNonce || !/^[!-~]+$/.test(nonce)) {
    return { fault: "does not carry our nonce on" };
  }
  const salt = decodeBase64(s.slice(2));
  if (salt === undefined || salt.length === 0) return { fault: "has a salt that is not base64" };
  const iterations = /^i=[1-9]\d{0,6}$/.test(i) ? Number(i.slice(2)) : 0;
  if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
    return {
      fault:
        `asks for an iteration count that is not between ${MIN_ITERATIONS} (RFC 7677) and ` +
        `${MAX_ITERATIONS} (the limit of Cloudflare Workers)`,
    };
  }
  return { nonce, salt, iterations };
}

/** `attr-val` of RFC 5802 §7: ignored, but for `m`, which ends it wherever it stands (§5.1). */
function isExtension(attribute: string): boolean {
  return /^[A-Za-ln-z]=[^\0]+$/.test(attribute);
}

/** Those of RFC 5802 §7, and no other word: an echo of the password must not pass for an error. */
const SERVER_ERRORS: readonly string[] = [
  "invalid-encoding",
  "extensions-not-supported",
  "invalid-proof",
  "channel-bindings-dont-match",
  "server-does-support-channel-binding",
  "channel-binding-not-supported",
  "unsupported-channel-binding-type",
  "unknown-user",
  "invalid-username-encoding",
  "no-resources",
  "other-error",
];

function errorOf(attribute: string): string {
  // RFC 5802 §7: an error we do not know is `other-error`.
  return SERVER_ERRORS.find((error) => `e=${error}` === attribute) ?? "other-error";
}

/** In constant time for a given length, which is no secret. */
function areSame(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (const [at, octet] of a.entries()) difference |= octet ^ (b[at] ?? 0);
  return difference === 0;
}

function systemRandom(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The text, or undefined; a byte order mark stays, since what is signed is what was sent. */
function decodeUtf8(octets: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return undefined;
  }
}
