/** A promise with a limit: the one place that sets timers, and clears them. */

export type Within<T> =
  | { readonly type: "value"; readonly value: T }
  | { readonly type: "error"; readonly error: unknown }
  | { readonly type: "timeout" };

/** What the promise came to, or `timeout` after `ms` milliseconds. Never rejects. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<Within<T>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<Within<T>>((resolve) => {
    timer = setTimeout(() => resolve({ type: "timeout" }), Math.max(0, ms));
  });
  const settled = promise.then(
    (value): Within<T> => ({ type: "value", value }),
    (error: unknown): Within<T> => ({ type: "error", error }),
  );
  try {
    return await Promise.race([settled, timeout]);
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}

/** The platform's word for an error, on one line. */
export function wordsOf(error: unknown): string | undefined {
  const text = error instanceof Error ? error.message : typeof error === "string" ? error : "";
  return text === "" ? undefined : text.replaceAll(/\s+/g, " ").slice(0, 200);
}
