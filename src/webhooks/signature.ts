/** Signatures of Standard Webhooks 1.0.0: HMAC-SHA256, by which a receiver knows the sender and the time. */
import { encodeBase64 } from "../mail/base64.ts";

/** What `webhook-signature` says of the body sent under this id, at this time in seconds. */
export async function signatureOf(
  secret: Uint8Array,
  { id, timestamp, body }: Signed,
): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  const octets = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  return `v1,${encodeBase64(new Uint8Array(await crypto.subtle.sign("HMAC", key, octets)))}`;
}

export interface Signed {
  readonly id: string;
  readonly timestamp: number;
  readonly body: string;
}
