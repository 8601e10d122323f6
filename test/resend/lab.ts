/** The official SDK of Resend in front of the local stack, by nothing but its base URL. */
import { randomUUID } from "node:crypto";

import PostalMime from "postal-mime";
import type { Email } from "postal-mime";
import { Resend } from "resend";

import { startStack } from "../local/stack.ts";
import type { Stack, StackOptions } from "../local/stack.ts";

/** By name; `shop` may send as example.com alone. */
const TOKENS = {
  app: "re_app_0123456789abcdef",
  shop: "re_shop_0123456789abcdef",
  reader: "re_reader_0123456789abcdef",
  hasty: "re_hasty_0123456789abcdef",
} as const;

const API_TOKENS = JSON.stringify([
  { name: "app", token: TOKENS.app },
  { name: "shop", token: TOKENS.shop, senders: ["example.com"] },
  { name: "reader", token: TOKENS.reader, rights: ["read"] },
  { name: "hasty", token: TOKENS.hasty },
]);

export interface Lab {
  readonly stack: Stack;
  /** The SDK as whoever has this token, or any other key. */
  as(token: keyof typeof TOKENS | { readonly key: string }): Resend;
  /** The mails with this subject, as the inbox has them. */
  arrived(subject: string): Promise<readonly ArrivedMail[]>;
  /** The same, when there is one. */
  arrival(subject: string): Promise<ArrivedMail>;
}

export interface ArrivedMail {
  readonly envelope: { readonly mailFrom: string; readonly rcptTo: readonly string[] };
  readonly raw: string;
  readonly email: Email;
}

interface Summary {
  readonly id: string;
  readonly subject: string;
  readonly envelope: ArrivedMail["envelope"];
}

/** A mail may take so long, through queue and all, on a busy machine. */
const ARRIVAL_TIMEOUT_MS = 20_000;

/** Starts relay, inbox and Worker; whoever starts a lab stops its stack. */
export async function startLab(options: StackOptions = {}): Promise<Lab> {
  const stack = await startStack({
    ...options,
    relay: {
      refuseRecipients: {
        "gone@example.org": "550 5.1.1 No such user",
        "later@example.org": "451 4.2.1 Mailbox busy",
      },
      ...options.relay,
    },
    vars: { API_TOKENS, JOURNAL_DETAIL: "all", ...options.vars },
  });
  const arrived = async (subject: string): Promise<readonly ArrivedMail[]> => {
    const answer = await fetch(`${stack.inbox.url}/api/mails`);
    const all = (await answer.json()) as readonly Summary[];
    const found = all.filter((one) => one.subject === subject);
    return Promise.all(found.map(async (one) => read(stack, one)));
  };
  return {
    stack,
    as: (token) =>
      new Resend(typeof token === "string" ? TOKENS[token] : token.key, {
        baseUrl: stack.worker.url,
      }),
    arrived,
    arrival: async (subject) => {
      await stack.relay.waitFor(({ raw }) => raw.includes(subject), ARRIVAL_TIMEOUT_MS);
      const [first] = await arrived(subject);
      if (first === undefined) throw new Error("the relay has a mail that the inbox does not show");
      return first;
    },
  };
}

async function read(stack: Stack, { id, envelope }: Summary): Promise<ArrivedMail> {
  const answer = await fetch(`${stack.inbox.url}/mails/${id}/raw.eml`);
  const raw = await answer.text();
  return { envelope, raw, email: await PostalMime.parse(raw) };
}

/** A mail that can be told from all others by its subject. */
export function mail<T extends object = object>(
  more?: T,
): { from: string; to: string; subject: string; text: string } & T {
  return {
    from: "Ann <ann@example.com>",
    to: "bob@example.org",
    subject: `resend ${randomUUID()}`,
    text: "Hello",
    ...(more ?? ({} as T)),
  };
}
