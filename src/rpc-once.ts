/**
 * Idempotency keys by RPC, as `Idempotency-Key` is over HTTP: of all calls with the same key and the same
 * mails one is carried out, and the others are told what it was told. All Workers that are bound share them.
 */
import type { Office } from "./dispatch/order.ts";
import { isKey, MAX_KEY_CHARACTERS } from "./idempotency/key.ts";
import { once, type Asked, type Done, type Mails } from "./idempotency/once.ts";
import { isRecord, readFields, readString } from "./mail/fields.ts";
import type { MailReceipt, Settled } from "./rpc-receipt.ts";
import {
  invalidError,
  keyError,
  rebuiltError,
  unansweredError,
  type SendErrorMembers,
} from "./send-error.ts";
import type { Problem } from "./smtp/outcome.ts";
import type { KeptAnswer } from "./store/claims.ts";

/** What may be asked for besides the mail. */
export interface SendOptions {
  /**
   * 1 to 256 characters. The same key and mail within 24 hours: the same receipt, and one delivery. Needs
   * JOURNAL.
   */
  readonly idempotencyKey?: string | null | undefined;
}

/** Another call is another request, with whatever mails. */
export type Call = "send" | "sendBatch";

const OPTIONS = { known: ["idempotencyKey"], aliases: {}, unsupported: [] };

/** The key in the options, if there is one. Throws a SendError where it cannot be honoured. */
export function readKey(options: unknown, hasJournal: boolean): string | undefined {
  if (options === undefined || options === null) return undefined;
  if (!isRecord(options)) {
    const detail = "The options must be an object with `idempotencyKey`.";
    throw invalidError([{ pointer: "", detail }]);
  }
  const problems: Problem[] = [];
  const field = readFields(options, OPTIONS, { pointer: "", problems }).get("idempotencyKey");
  const key = readString(field, problems);
  // An option that is not understood is not ignored: it may have been the key.
  if (problems.length > 0) throw invalidError(problems);
  if (key === undefined) return undefined;
  if (!hasJournal) throw keyError("unbound");
  if (!isKey(key)) throw keyError("unfit", `It has 1 to ${MAX_KEY_CHARACTERS} characters.`);
  return key;
}

/** What the work comes to, or what the call was told that had the key before. */
export async function answeredOnce(
  { key, asked }: { readonly key: string | undefined; readonly asked: Asked },
  office: Office,
  work: (mails: Mails) => Promise<Done<Settled[]>>,
): Promise<Settled[]> {
  const { store } = office;
  // Where nothing can be sent, there is nothing to be done only once.
  if (key === undefined || store === undefined || asked.ids.length === 0) {
    return (await work({ ids: asked.ids, known: new Map() })).answer;
  }
  // No token has this name: see `tokens.ts`.
  const scope = `rpc ${key}`;
  const keep = async (all: Settled[]): Promise<KeptAnswer> => ({ status: 200, body: kept(all) });
  const result = await once({ scope, asked }, { ...office, store }, { carryOut: work, keep });
  switch (result.kind) {
    case "done":
      return result.answer;
    case "replayed":
      return rebuilt(result.kept);
    case "busy":
    case "other":
      throw keyError(result.kind);
    case "broken":
      throw unansweredError();
  }
}

/** Receipts, and errors with their messages among their members. */
type Kept = MailReceipt | (SendErrorMembers & { readonly message: string });

function kept(all: readonly Settled[]): { readonly data: readonly Kept[] } {
  const data = all.map((each): Kept =>
    // The message of an error is no member that is copied.
    each.status === "fulfilled"
      ? each.value
      : Object.assign({ message: each.reason.message }, each.reason),
  );
  return { data };
}

function rebuilt({ body }: KeptAnswer): Settled[] {
  // What `kept` wrote, under a key that only these calls have.
  const { data } = body as ReturnType<typeof kept>;
  return data.map((each): Settled => {
    if (!("code" in each)) return { status: "fulfilled", value: { ...each, replayed: true } };
    return { status: "rejected", reason: rebuiltError(each) };
  });
}
