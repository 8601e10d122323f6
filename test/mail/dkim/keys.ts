/** Keys made for a test run, and what a verifier finds of them in the DNS: none is ever committed. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";

interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export const RSA: Pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
export const ED25519: Pair = generateKeyPairSync("ed25519");

/** PKCS#8 as `openssl genpkey` writes it. */
export function pem({ privateKey }: Pair): string {
  return privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}

/** The TXT record with the public key. */
export function txtRecord({ publicKey }: Pair): string {
  const { x } = publicKey.export({ format: "jwk" });
  return publicKey.asymmetricKeyType === "ed25519"
    ? `v=DKIM1; k=ed25519; p=${Buffer.from(x ?? "", "base64url").toString("base64")}`
    : `v=DKIM1; k=rsa; p=${publicKey.export({ format: "der", type: "spki" }).toString("base64")}`;
}
