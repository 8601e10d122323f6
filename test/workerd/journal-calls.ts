/** The Worker with its journal: vars that bind it, tokens, and mails put there before a call. */
import { env } from "cloudflare:test";
import type { D1Database } from "@cloudflare/workers-types";

import type { Env } from "../../src/env.ts";
import type { NewMail } from "../../src/store/journal.ts";
import { admitted } from "./store/samples.ts";
import { call, TOKEN, vars, type Answer } from "./worker-calls.ts";

const bound = env as unknown as {
  readonly JOURNAL: D1Database;
  readonly NOT_MIGRATED: D1Database;
};

/** A database without tables. */
export const NOT_MIGRATED: D1Database = bound.NOT_MIGRATED;

export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** By name: `all` may do everything, the others are restricted as they are called. */
export const TOKENS = {
  all: TOKEN,
  shop: "shop-0123456789abcdef",
  news: "news-0123456789abcdef",
  reader: "reader-0123456789abcdef",
  sender: "sender-0123456789abcdef",
} as const;

const API_TOKENS = JSON.stringify([
  { name: "all", token: TOKENS.all },
  { name: "shop", token: TOKENS.shop, senders: ["example.com"] },
  { name: "news", token: TOKENS.news, senders: "news@example.net" },
  { name: "reader", token: TOKENS.reader, rights: ["read"] },
  { name: "sender", token: TOKENS.sender, rights: "send" },
]);

/** Vars with the journal, a queue that takes everything, and the tokens. */
export function withJournal(more: Env = {}): Env {
  const taken = async (): Promise<unknown> => Promise.resolve({});
  const queue = { send: taken, sendBatch: taken } as unknown as NonNullable<Env["MAIL_QUEUE"]>;
  return vars({ API_TOKENS, JOURNAL: bound.JOURNAL, MAIL_QUEUE: queue, ...more });
}

interface Ask {
  readonly token?: keyof typeof TOKENS;
  readonly body?: unknown;
  readonly env?: Env;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request as the SDKs make it: a JSON type even where there is no body. */
export async function ask(method: string, path: string, options: Ask = {}): Promise<Answer> {
  const { token = "all", body, env: vars_ = withJournal(), headers = {} } = options;
  return call(
    path,
    {
      method,
      headers: {
        authorization: `Bearer ${TOKENS[token]}`,
        "content-type": "application/json",
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    },
    vars_,
  );
}

/** A mail of the token that waits for its time. */
export async function scheduled(more: Partial<NewMail> = {}): Promise<NewMail> {
  const inAnHour = Date.now() + 3_600_000;
  return admitted({
    token: "all",
    status: "scheduled",
    scheduledAtMs: inAnHour,
    checkAtMs: inAnHour,
    ...more,
  });
}
