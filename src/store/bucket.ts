/** An R2 bucket as the place where attachments stand. */
import type { R2Bucket } from "@cloudflare/workers-types";

import type { ObjectStore, Source } from "../mail/source.ts";

/** The objects of the bucket. They are read while they are sent, never whole. */
export function bucketStore(bucket: R2Bucket): ObjectStore {
  return {
    find: async (key) => {
      const head = await timely(bucket.head(key));
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
      const object = await timely(bucket.get(key, { onlyIf: { etagMatches: etag } }));
      // Without a body the condition failed: a signature over the other object would not hold.
      if (object === null || !("body" in object)) {
        throw new Error("an object in SPOOL is gone or has changed since the mail was begun");
      }
      const reader = object.body.getReader();
      try {
        for (;;) {
          const { done, value } = await timely(reader.read());
          if (done) return;
          yield value;
        }
      } finally {
        reader.cancel().catch(() => undefined);
      }
    },
  };
}

/** A bucket that stalls must not hold up every mail behind. */
const ANSWER_MS = 30_000;

async function timely<T>(answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("SPOOL did not answer in time")), ANSWER_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}
