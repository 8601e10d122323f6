/**
 * Mails that are too large for where they wait: each stands in the bucket as one object, and what waits is
 * its key (a claim check). Removed when the mail is settled; a lifecycle rule of the bucket takes what a
 * crash leaves behind.
 */
import type { R2Bucket } from "@cloudflare/workers-types";

/** Callers cannot name an object under this: their attachments stand elsewhere. */
const PREFIX = "postrider/mails/";

/** Keeps the text; the key under which it stands. Rejects where the bucket does not take it. */
export async function putSpooled(bucket: R2Bucket, id: string, text: string): Promise<string> {
  const key = `${PREFIX}${id}`;
  await bucket.put(key, text, { httpMetadata: { contentType: "application/json" } });
  return key;
}

/** The text under the key; undefined where it is gone. */
export async function readSpooled(bucket: R2Bucket, key: string): Promise<string | undefined> {
  if (!key.startsWith(PREFIX)) return undefined;
  const object = await bucket.get(key);
  return object === null ? undefined : object.text();
}

/** Of one mail, or of up to 1000 in one call. */
export async function removeSpooled(
  bucket: R2Bucket,
  ids: string | readonly string[],
): Promise<void> {
  const keys = (typeof ids === "string" ? [ids] : ids).map((id) => `${PREFIX}${id}`);
  await bucket.delete(keys);
}
