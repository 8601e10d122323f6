/** The Worker: wires the entry points to the platform, and decides nothing. */
import type { Env } from "./env.ts";
import { createApp } from "./http/app.ts";
import { tick } from "./cron.ts";
import { connect } from "./net/cloudflare.ts";
import { consume } from "./queue.ts";
import { RelayMemory } from "./relay-memory.ts";

// Facts about relays that save a round trip; an isolate that is new just does not know them yet.
const memory = new RelayMemory();
const app = createApp(connect, memory);

const worker: ExportedHandler<Env> = {
  fetch: async (request, env, context) => app.fetch(request, env, context),
  queue: async (batch, env) => consume(batch, env, { connect, memory }),
  // The clock may come late, and a mail that is due by now is due.
  scheduled: async ({ scheduledTime }, env) => tick(env, Math.max(scheduledTime, Date.now())),
};

export { RelaySessions } from "./relay/relay-sessions.ts";

export default worker;
