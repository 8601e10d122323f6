/** The Worker: wires the entry points to the platform, and decides nothing. */
import type { Env } from "./env.ts";
import { createApp } from "./http/app.ts";
import { connect } from "./net/cloudflare.ts";
import { consume } from "./queue.ts";

const app = createApp(connect);

const worker: ExportedHandler<Env> = {
  fetch: async (request, env, context) => app.fetch(request, env, context),
  queue: async (batch, env) => consume(batch, env, connect),
};

export default worker;
