/** The Worker: wires the entry points to the platform, and decides nothing. */
import { tick } from "./cron.ts";
import type { Env } from "./env.ts";
import { createApp } from "./http/app.ts";
import { memory } from "./isolate.ts";
import { connect } from "./net/cloudflare.ts";
import { consume } from "./queue.ts";

const app = createApp(connect, memory);

const worker: ExportedHandler<Env> = {
  fetch: async (request, env, context) => app.fetch(request, env, context),
  queue: async (batch, env) => consume(batch, env, { connect, memory }),
  // The clock may come late, and a mail that is due by now is due.
  scheduled: async ({ scheduledTime }, env) => tick(env, Math.max(scheduledTime, Date.now())),
};

export { RelaySessions } from "./relay/relay-sessions.ts";
export { Mailer } from "./rpc.ts";

export default worker;
