/** An R2 bucket as the place where attachments stand. */
import type { R2Bucket } from "@cloudflare/workers-types";

import type { ObjectStore, Source } from "../mail/source.ts";

/** The objects of the bucket. They are read while they are sent, never whole. */
export function bucketStore(bucket: R2Bucket): ObjectStore {
  return {
    find: async (key) => {
      const head = await bucket.head(key);
      return head === null ? undefined : sourceOf(bucket, key, head);
    },
  };
}

function sourceOf(
  bucket: R2Bucket,
  key: string,
  { size, etag }: { readonly size: number; readonly etag: string },
): Source {
  return {
    size,
    open: async function* open(): AsyncGenerator<Uint8Array> {
      const object = await bucket.get(key, { onlyIf: { etagMatches: etag } });
      // Without a body the condition failed: a signature over the other object would not hold.
      if (object === null || !("body" in object)) {
        throw new Error("an object in SPOOL is gone or has changed since the mail was begun");
      }
      yield* object.body;
    },
  };
}
