/** What a call by RPC is told of a mail: a receipt, or an error with its code. */
import type { Dispatched, Order } from "./dispatch/order.ts";
import { keptReply } from "./kept-reply.ts";
import { dispatchError, doubtError, faultError, type SendError } from "./send-error.ts";
import type { JournalMail, KeptReply } from "./store/journal.ts";

/** What became of a mail that was sent, or will be. */
export interface MailReceipt {
  readonly messageId: string;
  /** In the journal, and in the log. */
  readonly id: string;
  /** `canceled` only where it is asked for again under its key. */
  readonly status: "accepted" | "queued" | "scheduled" | "canceled";
  readonly accepted?: readonly string[];
  readonly refused?: readonly { readonly recipient: string; readonly reply: KeptReply }[];
  /** They may have it or not. */
  readonly unknown?: readonly string[];
  /** Left out: they are on the suppression list. */
  readonly suppressed?: readonly string[];
  readonly relay?: string;
  readonly reply?: KeptReply;
  /** A call before had the same idempotency key: this is its receipt, and nothing was sent by this one. */
  readonly replayed?: true;
}

/** As of Promise.allSettled. */
export type Settled =
  | PromiseFulfilledResult<MailReceipt>
  | { readonly status: "rejected"; readonly reason: SendError };

/** The receipt of an order that was dispatched, or why there is none. */
export function settled({ id, posting }: Order, result: Dispatched): Settled {
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

/** The same of a mail that a call before had begun under its key, when it died: the journal knows its fate. */
export function settledBefore({ id, messageId, status }: JournalMail): Settled {
  switch (status) {
    case "accepted":
    case "queued":
    case "scheduled":
    case "canceled":
      return { status: "fulfilled", value: { messageId, id, status } };
    case "deferred":
      return { status: "fulfilled", value: { messageId, id, status: "queued" } };
    case "unknown":
      return { status: "rejected", reason: doubtError({ id, messageId }) };
    // The first is waited for, and what came to nothing is carried out as another mail.
    case "sending":
    case "failed":
    case "refused":
    case "suppressed":
      return { status: "rejected", reason: faultError() };
  }
}
