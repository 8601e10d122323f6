/** `wrangler dev` has no clock of its own: the cron of a local Worker is called from here. */

/** Calls the cron so often, while there is a URL. It ends with `clearInterval`, or with the process. */
export function startClock(url: () => string | undefined, everyMs: number): NodeJS.Timeout {
  const clock = setInterval(() => {
    const base = url();
    if (base === undefined) return;
    fetch(`${base}/cdn-cgi/handler/scheduled`, { signal: AbortSignal.timeout(20_000) })
      .then(async (response) => response.body?.cancel())
      // A Worker that is being started or stopped has no time for it.
      .catch(() => undefined);
  }, everyMs);
  return clock.unref();
}
