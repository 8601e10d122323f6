/** The control server of relays.ts, from a test in whichever runtime. */
import { inject } from "vitest";

import type { Arrived, Behaviour, HookCall, Ports, Received } from "./behaviour.ts";

export function ports(): Ports {
  return inject("ports");
}

/** A hostile server of this behaviour: its port. */
export async function hostile(behaviour: Behaviour): Promise<number> {
  const { port } = await ask<{ port: number }>(
    `/hostile?behaviour=${encodeURIComponent(JSON.stringify(behaviour))}`,
  );
  return port;
}

/** What a hostile server read, connection by connection. */
export async function received(port: number): Promise<readonly Received[]> {
  return ask(`/received?port=${port}`);
}

/** The mails at a relay whose raw text holds this text. */
export async function arrived(
  relay: Exclude<keyof Ports, "control">,
  text: string,
): Promise<readonly (Omit<Arrived, "raw"> & { readonly raw: string })[]> {
  const mails = await ask<readonly Arrived[]>(`/${relay}`);
  return mails
    .map((mail) => ({ ...mail, raw: atob(mail.raw) }))
    .filter((mail) => mail.raw.includes(text));
}

/** The URL of a webhook that answers with these statuses, one after the other; the last one for good. */
export function hook(name: string, statuses: readonly number[], retryAfter?: string): string {
  const query = retryAfter === undefined ? "" : `?retry-after=${encodeURIComponent(retryAfter)}`;
  return `http://127.0.0.1:${ports().control}/hook/${name}/${statuses.join(",")}${query}`;
}

/** What that webhook was sent. */
export async function called(name: string): Promise<readonly HookCall[]> {
  return ask(`/hooks/${name}`);
}

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${ports().control}${path}`);
  return (await response.json()) as T;
}
