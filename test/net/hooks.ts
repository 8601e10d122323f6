/**
 * Webhooks of the tests: `/hook/NAME/500,200` answers with 500 and from then on with 200, and `/hooks/NAME`
 * tells what it was sent. Signatures are checked by node:crypto, which shares no code with the Worker.
 */
import { createHmac } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

import { HOOK_SECRET, type HookCall } from "./behaviour.ts";

export class Hooks {
  readonly #calls = new Map<string, HookCall[]>();

  /** Whether the request is one for a webhook; then it is answered. */
  takes(request: IncomingMessage, response: ServerResponse): boolean {
    const url = new URL(request.url ?? "/", "http://localhost");
    const [, kind, name = "", statuses = ""] = url.pathname.split("/");
    if (kind === "hooks") response.end(JSON.stringify(this.#calls.get(name) ?? []));
    else if (kind === "hook") void this.#take(request, response, { url, name, statuses });
    return kind === "hooks" || kind === "hook";
  }

  async #take(
    request: IncomingMessage,
    response: ServerResponse,
    { url, name, statuses }: { url: URL; name: string; statuses: string },
  ): Promise<void> {
    const body = await text(request);
    const calls = this.#calls.get(name) ?? [];
    this.#calls.set(name, [...calls, callOf(request, body)]);
    const list = statuses.split(",").map(Number);
    const status = list[Math.min(calls.length, list.length - 1)] ?? 200;
    const retryAfter = url.searchParams.get("retry-after");
    if (retryAfter !== null) response.setHeader("retry-after", retryAfter);
    if (status >= 300 && status < 400) response.setHeader("location", `/hook/${name}-next/200`);
    response.writeHead(status);
    // More than anybody should read of an answer.
    response.end("x".repeat(1_000_000));
  }
}

function callOf(request: IncomingMessage, body: string): HookCall {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([field, value]) => [field, String(value)]),
  );
  const key = Buffer.from(HOOK_SECRET.slice("whsec_".length), "base64");
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const expected = `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
  return { headers, body, isSigned: headers["webhook-signature"] === expected };
}
