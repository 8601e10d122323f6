/**
 * The way in for other Workers: a service binding to the entrypoint `Mailer` is used as Cloudflare's
 * `send_email` binding is. Who may bind it is decided by the account; it asks for no token.
 */
import { WorkerEntrypoint } from "cloudflare:workers";

import { readConfig } from "./config.ts";
import { dispatch } from "./dispatch/dispatch.ts";
import { nameOf, type Dispatched, type Office, type Order } from "./dispatch/order.ts";
import type { Env } from "./env.ts";
import { memory } from "./isolate.ts";
import { keptReply } from "./kept-reply.ts";
import { createLog } from "./log.ts";
import { connect } from "./net/cloudflare.ts";
import { forbidden } from "./policy.ts";
import type { PostingInput } from "./posting.ts";
import { invalid, valid, type Result } from "./result.ts";
import { readRpcMail } from "./rpc-mail.ts";
import {
  dispatchError,
  faultError,
  forbiddenError,
  invalidError,
  misconfiguredError,
  type SendError,
} from "./send-error.ts";
import type { KeptReply } from "./store/journal.ts";
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

/** What became of a mail that was sent, or will be. */
export interface MailReceipt {
  readonly messageId: string;
  /** In the journal, and in the log. */
  readonly id: string;
  readonly status: "accepted" | "queued" | "scheduled";
  readonly accepted?: readonly string[];
  readonly refused?: readonly { readonly recipient: string; readonly reply: KeptReply }[];
  /** They may have it or not. */
  readonly unknown?: readonly string[];
  /** Left out: they are on the suppression list. */
  readonly suppressed?: readonly string[];
  readonly relay?: string;
  readonly reply?: KeptReply;
}

/** More would take longer than a call may. */
const MAX_MAILS = 100;

export class Mailer extends WorkerEntrypoint<Env> {
  /**
   * Sends the mail; what the relay does not take yet is tried again where MAIL_QUEUE is bound, as the
   * `send_email` binding would. Throws a {@link SendError}, with its `code`, where nothing was sent.
   */
  async send(message: RpcMail): Promise<MailReceipt> {
    const [result] = await guarded(this.#sendAll([message]));
    if (result === undefined) throw faultError();
    if (result.status === "rejected") throw result.reason;
    return result.value;
  }

  /** Up to 100 mails over one session, each settled by itself, as by Promise.allSettled. */
  async sendBatch(messages: readonly RpcMail[]): Promise<PromiseSettledResult<MailReceipt>[]> {
    if (!Array.isArray(messages) || messages.length > MAX_MAILS) {
      const detail = `A batch is a list of at most ${MAX_MAILS} mails.`;
      throw invalidError([{ pointer: "", detail }]);
    }
    return guarded(this.#sendAll(messages));
  }

  /** Connects to each relay: EHLO, TLS, AUTH, and no mail. */
  async verify(): Promise<Verification> {
    return guarded(this.#office().then(verification));
  }

  async #sendAll(messages: readonly RpcMail[]): Promise<PromiseSettledResult<MailReceipt>[]> {
    return traced("request", async (note) => {
      note({ "rpc.mails": messages.length });
      return this.#dispatchAll(messages);
    });
  }

  async #dispatchAll(messages: readonly RpcMail[]): Promise<PromiseSettledResult<MailReceipt>[]> {
    const office = await this.#office();
    const { config } = office;
    const items = await Promise.all(messages.map(async (message) => readItem(message, office)));
    const orders = items.flatMap((item) => (item.ok ? [item.value] : []));
    const options = { defer: config.delivery === "queue", retryLater: true, token: "rpc" };
    const results = await dispatch(orders, options, office);
    const byId = new Map(orders.map(({ id }, index) => [id, results[index]]));
    return items.map((item) => {
      if (!item.ok) return { status: "rejected", reason: item.problems };
      const result = byId.get(item.value.id);
      return result === undefined
        ? { status: "rejected", reason: faultError() }
        : settled(item.value, result);
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

async function readItem(message: unknown, { config }: Office): Promise<Result<Order, SendError>> {
  const posting = await readRpcMail(message);
  if (!posting.ok) return invalid(invalidError(posting.problems));
  const problems = forbidden(posting.value.mail, config);
  if (problems.length > 0) return invalid(forbiddenError(problems));
  return valid({ id: crypto.randomUUID(), posting: posting.value });
}

function settled({ id, posting }: Order, result: Dispatched): PromiseSettledResult<MailReceipt> {
  const { messageId } = posting.mail;
  const reason = dispatchError({ id, messageId }, result);
  if (reason !== undefined) return { status: "rejected", reason };
  const isTried = result.kind === "tried";
  if (!isTried && result.kind !== "waiting") return { status: "rejected", reason: faultError() };
  const { suppressed = [] } = result;
  const leftOut = suppressed.length === 0 ? {} : { suppressed };
  if (!isTried) {
    return { status: "fulfilled", value: { messageId, id, status: result.status, ...leftOut } };
  }
  if (result.outcome.status !== "accepted") return { status: "rejected", reason: faultError() };
  const { accepted, refused, unknown, relay, reply } = result.outcome;
  return {
    status: "fulfilled",
    value: {
      messageId,
      id,
      status: "accepted",
      accepted,
      refused: refused.map((one) => ({ recipient: one.recipient, reply: keptReply(one.reply) })),
      ...(unknown === undefined ? {} : { unknown }),
      ...leftOut,
      relay,
      reply: keptReply(reply),
    },
  };
}
