/** A sender as a Worker; `bundle.ts` puts one peer behind it. */
import type { Peer } from "./peer.ts";
import { senderFor } from "./sender.ts";

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

interface Worker {
  fetch(request: Request, env: unknown, context: Context): Promise<Response>;
}

export function workerOf(peer: Peer): Worker {
  const sender = senderFor(peer);
  return {
    async fetch(request, _env, context) {
      const { answer, leaving } = await sender(new URL(request.url).pathname, await request.text());
      if (leaving !== undefined) context.waitUntil(leaving);
      return Response.json(answer);
    },
  };
}
