/** The hash functions of SCRAM (RFC 5802 §2.2) over Web Crypto: H, HMAC and Hi, which is PBKDF2. */

export type Hash = "SHA-1" | "SHA-256";

const OUTPUT_BITS = { "SHA-1": 160, "SHA-256": 256 } as const satisfies Record<Hash, number>;

export async function digest(hash: Hash, octets: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest(hash, octets));
}

/** HMAC (RFC 2104 §2). */
export async function hmac(hash: Hash, key: Uint8Array, octets: Uint8Array): Promise<Uint8Array> {
  const algorithm = { name: "HMAC", hash };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, octets));
}

/** PBKDF2 with HMAC, as many bits as the hash gives. Rejects where the platform finds it too much. */
export async function pbkdf2(
  hash: Hash,
  password: Uint8Array,
  { salt, iterations }: { readonly salt: Uint8Array; readonly iterations: number },
): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const algorithm = { name: "PBKDF2" as const, hash, salt, iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, OUTPUT_BITS[hash]));
}
