/** The objects that keep sessions, bound as a deployment binds them, but for their vars: a test's own. */
import { env, runInDurableObject } from "cloudflare:test";
import { beforeEach } from "vitest";

import type { Env } from "../../src/env.ts";
import type { DeliveryJob, RelaySessionsBinding } from "../../src/relay/job.ts";
import type { RelaySessions } from "../../src/relay/relay-sessions.ts";
import type { Outcome } from "../../src/smtp/outcome.ts";

const { RELAY_SESSIONS } = env as {
  readonly RELAY_SESSIONS: DurableObjectNamespace<RelaySessions>;
};

/** Every call of the Worker, as it went to an object. */
export const calls: { readonly name: string; readonly job: DeliveryJob }[] = [];

beforeEach(() => {
  calls.length = 0;
});

/** These vars with the binding; an object has the same, but for those of `inside`. */
export function bound(vars: Env, inside: Env = {}): Env {
  const binding: RelaySessionsBinding = {
    getByName: (name) => ({
      deliver: async (job) => {
        calls.push({ name, job: structuredClone(job) });
        return ask(name, job, { ...vars, ...inside });
      },
    }),
  };
  return { ...vars, RELAY_SESSIONS: binding };
}

/** Calls the object of this name, as whoever has the binding could. */
export async function ask(name: string, job: unknown, vars: Env): Promise<Outcome> {
  const stub = RELAY_SESSIONS.getByName(name);
  await runInDurableObject(stub, (instance) => {
    Object.defineProperty(instance, "env", { value: vars, configurable: true });
  });
  return stub.deliver(job as DeliveryJob);
}

/** The object is no more, and what was under way in it neither. */
export async function abort(name: string): Promise<void> {
  const stub = RELAY_SESSIONS.getByName(name);
  await runInDurableObject(stub, (_, state) => state.abort("reset by the test")).catch(
    () => undefined,
  );
}
