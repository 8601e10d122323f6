/**
 * A private key as PKCS#8 (RFC 5958 §2), taken apart as far as needed to say which algorithm it is for
 * and whether verifiers take it. Whether its numbers fit is for Web Crypto to find out.
 */
import { invalid, valid } from "../../result.ts";
import type { Result } from "../../result.ts";

export type DkimAlgorithm = "rsa-sha256" | "ed25519-sha256";

export interface Pkcs8Key {
  readonly algorithm: DkimAlgorithm;
  /** In the first version of the format, the one that every platform imports. */
  readonly octets: Uint8Array;
}

export type Pkcs8Fault =
  | "not PKCS#8"
  | "PKCS#1"
  | "public"
  | "encrypted"
  | "other algorithm"
  | "RSA too short"
  | "RSA too long"
  | "damaged";

/** RFC 8301 §3.2: a signer MUST NOT use less; verifiers need not take more than the second. */
export const MIN_RSA_BITS = 1024;
export const MAX_RSA_BITS = 4096;

/** RFC 8017 §A.1. */
const RSA = "2a864886f70d010101";
/** RFC 8410 §3. */
const ED25519 = "2b6570";
/** RFC 8410 §7: all that stands before the 32 octets of the key. */
const ED25519_PREFIX = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
]);
const ED25519_OCTETS = 32;

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const SEQUENCE = 0x30;

/** The key in the octets, or what they are instead. */
export function readPkcs8(octets: Uint8Array): Result<Pkcs8Key, Pkcs8Fault> {
  const outer = elementsOf(octets);
  const parts = outer?.length === 1 ? contentOf(outer[0], SEQUENCE) : undefined;
  const [first, second, third] = (parts === undefined ? undefined : elementsOf(parts)) ?? [];
  if (first?.tag === INTEGER && second?.tag === INTEGER) return invalid("PKCS#1");
  if (first?.tag === SEQUENCE && second?.tag === BIT_STRING) return invalid("public");
  if (first?.tag === SEQUENCE && second?.tag === OCTET_STRING) return invalid("encrypted");
  const identifier = elementsOf(contentOf(second, SEQUENCE) ?? EMPTY)?.[0];
  const algorithm = contentOf(identifier, OBJECT_IDENTIFIER);
  const key = contentOf(third, OCTET_STRING);
  if (first?.tag !== INTEGER || algorithm === undefined || key === undefined) {
    return invalid("not PKCS#8");
  }
  switch (hex(algorithm)) {
    case RSA:
      return rsaKey(octets, key);
    case ED25519:
      return ed25519Key(key);
    default:
      return invalid("other algorithm");
  }
}

function rsaKey(octets: Uint8Array, key: Uint8Array): Result<Pkcs8Key, Pkcs8Fault> {
  const outer = elementsOf(key)?.[0];
  const modulus = contentOf(elementsOf(contentOf(outer, SEQUENCE) ?? EMPTY)?.[1], INTEGER);
  if (modulus === undefined) return invalid("damaged");
  const bits = bitsOf(modulus);
  if (bits < MIN_RSA_BITS) return invalid("RSA too short");
  if (bits > MAX_RSA_BITS) return invalid("RSA too long");
  return valid({ algorithm: "rsa-sha256", octets });
}

/** Without the public key that the second version of the format may have, which some platforms refuse. */
function ed25519Key(key: Uint8Array): Result<Pkcs8Key, Pkcs8Fault> {
  const elements = elementsOf(key);
  const seed = elements?.length === 1 ? contentOf(elements[0], OCTET_STRING) : undefined;
  if (seed?.length !== ED25519_OCTETS) return invalid("damaged");
  const octets = new Uint8Array(ED25519_PREFIX.length + ED25519_OCTETS);
  octets.set(ED25519_PREFIX);
  octets.set(seed, ED25519_PREFIX.length);
  return valid({ algorithm: "ed25519-sha256", octets });
}

/** One element of DER: a tag and what it holds. */
interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

const EMPTY = new Uint8Array(0);

function contentOf(element: Element | undefined, tag: number): Uint8Array | undefined {
  return element?.tag === tag ? element.content : undefined;
}

/** The elements that stand one after the other; undefined where the octets are not all of such. */
function elementsOf(octets: Uint8Array): readonly Element[] | undefined {
  const elements: Element[] = [];
  let at = 0;
  while (at < octets.length) {
    const tag = octets[at] ?? 0;
    let length = octets[at + 1] ?? 0;
    at += 2;
    if (length >= 0x80) {
      const digits = length - 0x80;
      // Two octets of length are enough for any key here; 0x80 alone is not DER.
      if (digits < 1 || digits > 2) return undefined;
      length = digits === 1 ? (octets[at] ?? 0) : (octets[at] ?? 0) * 256 + (octets[at + 1] ?? 0);
      at += digits;
    }
    if (at + length > octets.length) return undefined;
    elements.push({ tag, content: octets.subarray(at, at + length) });
    at += length;
  }
  return elements;
}

function bitsOf(integer: Uint8Array): number {
  const start = integer.findIndex((octet) => octet !== 0);
  if (start < 0) return 0;
  return (integer.length - start) * 8 - (Math.clz32(integer[start] ?? 0) - 24);
}

function hex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
