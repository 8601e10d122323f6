/** The entrypoint `Mailer` behind a service binding of this very Worker, with vars of a test's own. */
import { env } from "cloudflare:workers";
import { afterEach } from "vitest";

import type { Env } from "../../src/env.ts";
import type { Mailer } from "../../src/rpc.ts";
import type { SendErrorMembers } from "../../src/send-error.ts";
import type { FieldsInput } from "../../src/mail/mail.ts";
import { mail, vars } from "./worker-calls.ts";

const bound = env as unknown as Record<string, unknown> & {
  readonly EMAIL: Service<typeof Mailer>;
};
const earlier = new Map<string, unknown>();

afterEach(() => {
  for (const [name, value] of earlier) set(name, value);
  earlier.clear();
});

/** The binding, to a Worker that has these vars from now on, and lacks these bindings. */
export function mailer(
  own: Env = vars(),
  without: readonly (keyof Env)[] = [],
): Service<typeof Mailer> {
  for (const [name, value] of Object.entries(own)) set(name, value);
  for (const name of without) set(name, undefined);
  return bound.EMAIL;
}

function set(name: string, value: unknown): void {
  if (!earlier.has(name)) earlier.set(name, bound[name]);
  if (value === undefined) Reflect.deleteProperty(bound, name);
  else bound[name] = value;
}

/** A mail that can be told from every other, whatever a test puts into it. */
export function posting(more: object = {}): FieldsInput & { readonly subject: string } {
  return mail(more) as unknown as FieldsInput & { readonly subject: string };
}

/** What a call throws, as it comes out of the binding. */
export async function thrown(call: Promise<unknown>): Promise<Error & SendErrorMembers> {
  try {
    await call;
  } catch (error) {
    return error as Error & SendErrorMembers;
  }
  throw new Error("nothing was thrown");
}
