/**
 * A private key out of text: PEM (RFC 7468 §10) as files have it, as JSON or a form has left it, or the
 * bare base64. What is wrong is told with the command that makes it right, never with the text itself.
 */
import { invalid, valid } from "../../result.ts";
import type { Result } from "../../result.ts";
import { decodeBase64 } from "../base64.ts";
import { MAX_RSA_BITS, MIN_RSA_BITS, readPkcs8 } from "./pkcs8.ts";
import type { Pkcs8Fault, Pkcs8Key } from "./pkcs8.ts";

/** RSA of 4096 bits is 3300 characters. */
const MAX_CHARACTERS = 16_384;

/** How to make a key, for who has none that fits. */
export const MAKE_A_KEY =
  "`openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -out dkim.pem` makes one";

const CONVERT = "Convert it with `openssl pkey -in old.pem -out dkim.pem`.";

const FAULTS: Readonly<Record<Pkcs8Fault, string>> = {
  "not PKCS#8": `is not a private key as PKCS#8, \`-----BEGIN PRIVATE KEY-----\`: ${MAKE_A_KEY}.`,
  "PKCS#1": `is PKCS#1, and PKCS#8 (\`-----BEGIN PRIVATE KEY-----\`) is needed. ${CONVERT}`,
  public: "is the public half, which belongs into the DNS. The private key is needed.",
  encrypted: `is encrypted, and its password cannot be given. ${CONVERT}`,
  "other algorithm": `is for an algorithm that DKIM does not have, only RSA and Ed25519: ${MAKE_A_KEY}.`,
  "RSA too short": `is RSA of less than ${MIN_RSA_BITS} bits, which verifiers refuse. Use 2048: ${MAKE_A_KEY}.`,
  "RSA too long": `is RSA of more than ${MAX_RSA_BITS} bits, which verifiers need not take. Use 2048: ${MAKE_A_KEY}.`,
  damaged: `is damaged or cut off: copy it again, all lines of it, or make another: ${MAKE_A_KEY}.`,
};

const LABELS: Readonly<Record<string, Pkcs8Fault>> = {
  "RSA PRIVATE KEY": "PKCS#1",
  "ENCRYPTED PRIVATE KEY": "encrypted",
  "EC PRIVATE KEY": "other algorithm",
  "DSA PRIVATE KEY": "other algorithm",
  "PUBLIC KEY": "public",
  "RSA PUBLIC KEY": "public",
  CERTIFICATE: "public",
};

/** The key, or how the sentence goes on that begins with the name of the option. */
export function readPrivateKey(text: string): Result<Pkcs8Key, string> {
  if (text.length > MAX_CHARACTERS) return invalid("is too long for a private key.");
  const base64 = base64Of(unescaped(text));
  if (!base64.ok) return base64;
  const octets = decodeBase64(base64.value);
  if (!octets.ok || octets.value.length === 0) return invalid(FAULTS.damaged);
  const key = readPkcs8(octets.value);
  if (key.ok) return key;
  const isBroken = key.problems === "not PKCS#8" && text.includes("-----BEGIN PRIVATE KEY-----");
  return invalid(FAULTS[isBroken ? "damaged" : key.problems]);
}

/** The text cut where one PEM block ends and the next begins; text without any is one piece. */
export function pemBlocks(text: string): readonly string[] {
  const pieces = unescaped(text).split(/(?=-----BEGIN )/);
  const [before = "", first] = pieces;
  if (first === undefined || before.startsWith("-----BEGIN ")) return pieces;
  // What stands before the first is not a key, and is found to be wrong with it.
  return [before + first, ...pieces.slice(2)];
}

/** Line ends as JSON writes them, which a secret pasted out of a file of JSON still has. */
function unescaped(text: string): string {
  return text.replaceAll(/\\r|\\n/g, "\n");
}

function base64Of(text: string): Result<string, string> {
  const label = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(text)?.[1];
  if (label === undefined) {
    const isArmoured = text.includes("-----");
    return isArmoured ? invalid(FAULTS["not PKCS#8"]) : valid(withoutSpace(text));
  }
  if (label !== "PRIVATE KEY") {
    return invalid(FAULTS[(Object.hasOwn(LABELS, label) && LABELS[label]) || "not PKCS#8"]);
  }
  const block =
    /^[ \t\r\n,]*-----BEGIN PRIVATE KEY-----([^-]*)-----END PRIVATE KEY-----([^]*)$/.exec(text);
  const [, base64 = "", rest = ""] = block ?? [];
  if (rest.includes("-----BEGIN ")) return invalid("holds more than one key: one is needed.");
  if (block === null || /[^ \t\r\n,]/.test(rest)) {
    const detail =
      "must be `-----BEGIN PRIVATE KEY-----`, base64 and `-----END PRIVATE KEY-----`, and nothing before or after.";
    return invalid(detail);
  }
  return valid(withoutSpace(base64));
}

function withoutSpace(text: string): string {
  return text.replaceAll(/[ \t\r\n]+/g, "");
}
