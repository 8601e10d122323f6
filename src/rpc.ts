/**
 * The way in for other Workers: a service binding to the entrypoint `Mailer` is used as Cloudflare's
 * `send_email` binding is. Who may bind it is decided by the account; it asks for no token.
 */
import { WorkerEntrypoint } from "cloudflare:workers";

import { readConfig } from "./config.ts";
import { MAX_MAILS } from "./dispatch/batch-size.ts";
import { dispatch } from "./dispatch/dispatch.ts";
import { nameOf, type Office, type Order } from "./dispatch/order.ts";
import type { Env } from "./env.ts";
import { memory } from "./isolate.ts";
import { fateOf } from "./idempotency/fate.ts";
import type { Done, Mails } from "./idempotency/once.ts";
import { createLog } from "./log.ts";
import { connect } from "./net/cloudflare.ts";
import { forbidden } from "./policy.ts";
import type { PostingInput } from "./posting.ts";
import { invalid, type Result } from "./result.ts";
import { readRpcMail, type RpcPosting } from "./rpc-mail.ts";
import { answeredOnce, readKey, type Call, type SendOptions } from "./rpc-once.ts";
import { settled, settledBefore, type MailReceipt, type Settled } from "./rpc-receipt.ts";
import {
  faultError,
  forbiddenError,
  invalidError,
  misconfiguredError,
  type SendError,
} from "./send-error.ts";
import { openStore } from "./store/d1/store.ts";
import { traced } from "./trace.ts";
import { verification, type Verification } from "./verification.ts";

/** What `send` takes: all that the `send_email` binding does, and all that POST /emails does. */
export type RpcMail =
  | PostingInput
  | EmailMessageBuilder
  | EmailMessage
  /** An EmailMessage cannot cross RPC, and what it is made of can. */
  | {
      readonly from: string;
      readonly to: string | readonly string[];
      readonly raw: string | Uint8Array | ArrayBuffer | ReadableStream<Uint8Array>;
    };

export class Mailer extends WorkerEntrypoint<Env> {
  /**
   * Sends the mail; what the relay does not take yet is tried again where MAIL_QUEUE is bound, as the
   * `send_email` binding would. Throws a {@link SendError}, with its `code`, where nothing was sent.
   */
  async send(message: RpcMail, options?: SendOptions): Promise<MailReceipt> {
    const [result] = await guarded(this.#sendAll("send", [message], options));
    if (result === undefined) throw faultError();
    if (result.status === "rejected") throw result.reason;
    return result.value;
  }

  /** Up to 100 mails over one session, each settled by itself, as by Promise.allSettled. */
  async sendBatch(
    messages: readonly RpcMail[],
    options?: SendOptions,
  ): Promise<PromiseSettledResult<MailReceipt>[]> {
    if (!Array.isArray(messages) || messages.length > MAX_MAILS) {
      const detail = `A batch is a list of at most ${MAX_MAILS} mails.`;
      throw invalidError([{ pointer: "", detail }]);
    }
    return guarded(this.#sendAll("sendBatch", messages, options));
  }

  /** Connects to each relay: EHLO, TLS, AUTH, and no mail. */
  async verify(): Promise<Verification> {
    return guarded(this.#office().then(verification));
  }

  async #sendAll(
    call: Call,
    messages: readonly RpcMail[],
    options: SendOptions | undefined,
  ): Promise<Settled[]> {
    return traced("request", async (note) => {
      note({ "rpc.method": call, "rpc.mails": messages.length });
      const office = await this.#office();
      const key = readKey(options, office.store !== undefined);
      const items = await Promise.all(messages.map(async (message) => readItem(message, office)));
      const sendable = items.filter(({ ok }) => ok);
      const asked = {
        of: [
          "RPC",
          call,
          items.map((item) => (item.ok ? item.value.input : item.problems.message)),
        ],
        ids: sendable.map(() => crypto.randomUUID()),
      };
      return answeredOnce({ key, asked }, office, async (mails) => sent(items, mails, office));
    });
  }

  async #office(): Promise<Office> {
    const { env, ctx } = this;
    const config = await readConfig(env);
    if (!config.ok) throw misconfiguredError(config.problems);
    return {
      env,
      config: config.value,
      log: createLog(config.value.logLevel),
      ...(env.JOURNAL === undefined ? {} : { store: openStore(env.JOURNAL) }),
      wayIn: "rpc",
      connect,
      memory,
      outlive: (work) => ctx.waitUntil(work.catch(() => undefined)),
    };
  }
}

/** What is thrown has a code: of anything else, no more than its name is told, and that to the log. */
async function guarded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && "code" in error && "retryable" in error) throw error;
    createLog("error")("error", "rpc.fault", { error: nameOf(error) });
    throw faultError();
  }
}

/** A mail that may be sent, and what it was made of. */
type Item = Result<RpcPosting, SendError>;

async function readItem(message: unknown, { config }: Office): Promise<Item> {
  const read = await readRpcMail(message);
  if (!read.ok) return invalid(invalidError(read.problems));
  const problems = forbidden(read.value.posting.mail, config);
  return problems.length > 0 ? invalid(forbiddenError(problems)) : read;
}

/** Sends those that may be, but for those that a call before had begun. */
async function sent(
  items: readonly Item[],
  mails: Mails,
  office: Office,
): Promise<Done<Settled[]>> {
  const ids = mails.ids.values();
  const orders = items.map((item): Order | undefined => {
    const id = item.ok ? ids.next().value : undefined;
    return item.ok && id !== undefined ? { id, posting: item.value.posting } : undefined;
  });
  const fresh = orders.filter((order) => order !== undefined && !mails.known.has(order.id));
  const dispatched = fresh.filter((order) => order !== undefined);
  const defer = office.config.delivery === "queue";
  const results = await dispatch(dispatched, { defer, retryLater: true, token: "rpc" }, office);
  const byId = new Map(dispatched.map(({ id }, index) => [id, results[index]]));
  const answer = items.map((item, index): Settled => {
    if (!item.ok) return { status: "rejected", reason: item.problems };
    const order = orders[index];
    const known = mails.known.get(order?.id ?? "");
    if (known !== undefined) return settledBefore(known);
    const result = byId.get(order?.id ?? "");
    return order === undefined || result === undefined
      ? { status: "rejected", reason: faultError() }
      : settled(order, result);
  });
  return { answer, fate: fateOf(results, { isKnown: mails.known.size > 0 }) };
}
