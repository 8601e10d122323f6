/**
 * The Worker as the platform calls it, with vars that point it at the test relays. Every answer is held
 * to what all answers promise before a test sees it.
 */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { expect } from "vitest";

import type { Env } from "../../src/env.ts";
import worker from "../../src/worker.ts";
import { ports } from "../net/control.ts";
import { expectAllowed, expectDocumented } from "./documented.ts";

export const TOKEN = "token-0123456789abcdef";
/** base64 of "\0postrider\0postrider": what AUTH PLAIN says to the test relays. */
const AUTH_LINE = "AHBvc3RyaWRlcgBwb3N0cmlkZXI=";
export const WRONG_PASSWORD = "not-the-password-7391";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Vars that send through the STARTTLS relay; `without` leaves some of them unset. */
export function vars(more: Env = {}, without: readonly (keyof Env)[] = []): Env {
  const all = {
    SMTP_HOST: "localhost",
    SMTP_PORT: String(ports().starttls),
    SMTP_USERNAME: "postrider",
    SMTP_PASSWORD: "postrider",
    API_TOKENS: TOKEN,
    LOG_LEVEL: "none",
    ...more,
  };
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => !without.some((one) => one === name)),
  );
}

/** Vars with RELAYS, one for each port: timeouts short enough to wait for, long for a busy machine. */
export function relays(relayPorts: readonly number[], more: Env = {}): Env {
  const timeouts = { greeting: 3000, command: 3000, dataTermination: 3000 };
  const list = relayPorts.map((port) => ({
    host: "localhost",
    port,
    username: "postrider",
    password: "postrider",
    timeouts,
  }));
  return { API_TOKENS: TOKEN, LOG_LEVEL: "none", RELAYS: JSON.stringify(list), ...more };
}

/** The Worker's answer to a request, after all that outlives it. */
export async function call(path: string, init: RequestInit = {}, env = vars()): Promise<Answer> {
  const context = createExecutionContext();
  const request = new Request<unknown, IncomingRequestCfProperties>(
    `https://mail.example.com${path}`,
    init as RequestInit<IncomingRequestCfProperties>,
  );
  const response = await worker.fetch?.(request, env, context);
  if (response === undefined) throw new TypeError("the Worker has no fetch");
  await waitOnExecutionContext(context);
  const text = await response.text();
  for (const secret of [TOKEN, AUTH_LINE, WRONG_PASSWORD]) expect(text).not.toContain(secret);
  const body: unknown = request.method === "HEAD" ? {} : JSON.parse(text);
  expect(body).toBeTypeOf("object");
  expect(Array.isArray(body) || body === null).toBe(false);
  const answer = {
    status: response.status,
    headers: response.headers,
    body: body as Answer["body"],
  };
  if (request.method !== "HEAD") {
    expectShape(answer);
    expectDocumented(request, answer);
    expectAllowed(request, init.body, answer.status);
  }
  return answer;
}

/** POST with the token and a JSON body. */
export async function post(
  path: string,
  body: unknown,
  { env = vars(), headers = {} }: { env?: Env; headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  const init = {
    method: "POST",
    headers: {
      authorization: `Bearer ${TOKEN}`,
      "content-type": "application/json",
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  };
  return call(path, init, env);
}

let count = 0;

/** A mail that can be told from every other, by its subject. */
export function mail<T extends object>(
  more?: T,
): T & { from: string; to: unknown; subject: string } {
  count += 1;
  return {
    from: "Ann <ann@example.com>",
    to: "bob@example.org",
    text: "Hello\r\n",
    subject: `call ${count} ${crypto.randomUUID()}`,
    ...(more ?? ({} as T)),
  };
}

/** Resend's members and those of RFC 9457 in every error; no trace of an error in a success. */
function expectShape({ status, headers, body }: Answer): void {
  expect(body).not.toHaveProperty("error");
  if (status < 400 || body["bindings"] !== undefined) {
    expect(headers.get("content-type")).toMatch(/^application\/json/);
    expect(body).not.toHaveProperty("statusCode");
    return;
  }
  expect(headers.get("content-type")).toMatch(/^application\/(?:problem\+)?json$/);
  expect(headers.get("vary")).toContain("Accept");
  expect(headers.get("cache-control")).toBe("no-store");
  expect(body).toMatchObject({ statusCode: status, status, detail: body["message"] });
  expect(body["name"]).toMatch(
    /^(?:validation_error|missing_required_field|invalid_attachment|invalid_parameter|invalid_idempotency_key|invalid_idempotent_request|concurrent_idempotent_requests|missing_api_key|restricted_api_key|invalid_api_key|not_found|method_not_allowed|rate_limit_exceeded|application_error)$/,
  );
  expect(body["type"]).toMatch(/^https:\/\/.+#[a-z-]+$/);
  expect(body["title"]).toMatch(/^[A-Z]/);
  expect(body["message"]).toMatch(/\S/);
}
