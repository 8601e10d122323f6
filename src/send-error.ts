/**
 * What `send` by RPC throws: an Error with the `code` that Cloudflare's `send_email` binding documents, so
 * that what was written for that binding does the right thing here, and what HTTP would have told besides.
 */
import type { ConfigProblem } from "./config.ts";
import type { Dispatched, Hindrance } from "./dispatch/order.ts";
import { keptReply } from "./kept-reply.ts";
import { isAboutAccess, type Outcome, type Problem } from "./smtp/outcome.ts";
import type { KeptReply } from "./store/journal.ts";

/** The codes of the binding that can come from here, E_TOO_MANY_ATTACHMENTS of its kin, and those of keys. */
export type SendErrorCode =
  | "E_VALIDATION_ERROR"
  | "E_FIELD_MISSING"
  | "E_TOO_MANY_RECIPIENTS"
  | "E_TOO_MANY_ATTACHMENTS"
  | "E_SENDER_NOT_VERIFIED"
  | "E_RECIPIENT_NOT_ALLOWED"
  | "E_RECIPIENT_SUPPRESSED"
  | "E_CONTENT_TOO_LARGE"
  | "E_HEADER_NOT_ALLOWED"
  | "E_HEADER_USE_API_FIELD"
  | "E_HEADER_NAME_INVALID"
  | "E_HEADER_VALUE_INVALID"
  | "E_HEADER_VALUE_TOO_LONG"
  | "E_HEADERS_TOO_MANY"
  | "E_HEADERS_TOO_LARGE"
  | "E_DELIVERY_FAILED"
  | "E_INVALID_IDEMPOTENCY_KEY"
  | "E_INVALID_IDEMPOTENT_REQUEST"
  | "E_CONCURRENT_IDEMPOTENT_REQUESTS"
  | "E_INTERNAL_SERVER_ERROR";

/** Own members of the error; RPC carries them. */
export interface SendErrorMembers {
  readonly code: SendErrorCode;
  /** Sending the same mail again may do, and cannot deliver it twice. */
  readonly retryable: boolean;
  /** Of the mail in the journal, where it came so far. */
  readonly id?: string;
  readonly messageId?: string;
  /** Each bad field, with a JSON Pointer into the argument. */
  readonly problems?: readonly Problem[];
  /** Settings of the deployment that are wrong, by name. */
  readonly configuration?: readonly ConfigProblem[];
  /** `unknown`: the relay had all of it and did not answer. It may have been sent. */
  readonly outcome?: "deferred" | "refused" | "unknown";
  readonly stage?: string;
  readonly relay?: string;
  readonly reply?: KeptReply;
  readonly refused?: readonly { readonly recipient: string; readonly reply: KeptReply }[];
  readonly suppressed?: readonly string[];
}

export type SendError = Error & SendErrorMembers;

/** Of a mail that is not valid. */
export function invalidError(problems: readonly Problem[]): SendError {
  const message = problems.map(({ detail }) => detail).join(" ");
  return sendError(message, { code: codeOf(problems), retryable: false, problems });
}

/** Of a mail from or for somebody that the deployment does not allow. */
export function forbiddenError(problems: readonly Problem[]): SendError {
  const isAboutRecipients = problems.every(({ pointer }) => pointer === "/to");
  return sendError(problems.map(({ detail }) => detail).join(" "), {
    code: isAboutRecipients ? "E_RECIPIENT_NOT_ALLOWED" : "E_SENDER_NOT_VERIFIED",
    retryable: false,
    problems,
  });
}

/** Of a deployment that cannot send: names and remedies, never values. */
export function misconfiguredError(configuration: readonly ConfigProblem[]): SendError {
  const message = configuration.map(({ name, detail }) => `${name}: ${detail}`).join(" ");
  return sendError(message, { code: "E_INTERNAL_SERVER_ERROR", retryable: false, configuration });
}

/** Of a mail that was dispatched and not sent; undefined of one that was, or will be. */
export function dispatchError(
  { id, messageId }: { readonly id: string; readonly messageId: string },
  result: Dispatched,
): SendError | undefined {
  switch (result.kind) {
    case "waiting":
      return undefined;
    case "tried":
      return result.outcome.status === "accepted" ? undefined : failedError(id, result.outcome);
    case "suppressed": {
      const { recipients } = result;
      return sendError(
        `Nobody is left to write to: ${recipients.join(", ")} on the suppression list.`,
        {
          code: "E_RECIPIENT_SUPPRESSED",
          retryable: false,
          id,
          messageId,
          suppressed: recipients,
        },
      );
    }
    case "hindered":
      return hinderedError(result.hindrance);
  }
}

/** Of a key that cannot be honoured: it is no key, or the call that had it first stands in the way. */
export function keyError(kind: "unfit" | "unbound" | "busy" | "other", detail = ""): SendError {
  const problems = [{ pointer: "/idempotencyKey", detail }];
  switch (kind) {
    case "unfit":
      return sendError(`The \`idempotencyKey\` is not valid. ${detail}`, {
        code: "E_INVALID_IDEMPOTENCY_KEY",
        retryable: false,
        problems,
      });
    case "unbound":
      return sendError(
        "Postrider cannot honour an `idempotencyKey`, and will not ignore it: that needs its D1 binding JOURNAL.",
        {
          code: "E_INVALID_IDEMPOTENCY_KEY",
          retryable: false,
          configuration: [{ name: "JOURNAL", detail: "It is not bound." }],
        },
      );
    case "busy":
      return sendError("A call with this `idempotencyKey` is being carried out. Ask again.", {
        code: "E_CONCURRENT_IDEMPOTENT_REQUESTS",
        retryable: true,
      });
    case "other":
      return sendError(
        "This `idempotencyKey` was used with another mail within the last 24 hours. Use a new key.",
        { code: "E_INVALID_IDEMPOTENT_REQUEST", retryable: false },
      );
  }
}

/** Of a key of which the journal could not tell: nothing was sent. */
export function unansweredError(): SendError {
  const error = undefined;
  return hinderedError({ kind: "broken", binding: "JOURNAL", error, isUncertain: false });
}

/** Of a mail whose call was cut off while it sent it. */
export function doubtError(mail: Pick<SendErrorMembers, "id" | "messageId">): SendError {
  return sendError(
    "The call that had this `idempotencyKey` first was cut off while it sent the mail: it may have been sent. Sending it under another key may deliver it twice.",
    { code: "E_DELIVERY_FAILED", retryable: false, ...mail, outcome: "unknown" },
  );
}

/** An error as it was thrown before, of what was kept of it. */
export function rebuiltError({
  message,
  ...members
}: SendErrorMembers & { readonly message: string }): SendError {
  return sendError(message, members);
}

/** Of anything else, which is a fault of ours. */
export function faultError(): SendError {
  const message =
    "Something is wrong in Postrider itself. Whether the mail was sent cannot be told.";
  return sendError(message, { code: "E_INTERNAL_SERVER_ERROR", retryable: false });
}

function failedError(
  id: string,
  { status, failure, messageId, relay }: Exclude<Outcome, { readonly status: "accepted" }>,
): SendError {
  if (failure.problems !== undefined) {
    return Object.assign(invalidError(failure.problems), { id, messageId });
  }
  const { stage, reply, refused, extension } = failure;
  const isTooLarge = status === "refused" && extension === "SIZE";
  const code = isTooLarge
    ? "E_CONTENT_TOO_LARGE"
    : status === "refused" && isAboutAccess(failure)
      ? "E_INTERNAL_SERVER_ERROR"
      : "E_DELIVERY_FAILED";
  const doubt = status === "unknown" ? "; it may have been sent" : "";
  return sendError(`${failure.message}${doubt}`, {
    code,
    retryable: status === "deferred",
    id,
    messageId,
    outcome: status,
    stage,
    relay,
    ...(reply === undefined ? {} : { reply: keptReply(reply) }),
    ...(refused === undefined
      ? {}
      : {
          refused: refused.map((one) => ({
            recipient: one.recipient,
            reply: keptReply(one.reply),
          })),
        }),
  });
}

function hinderedError(hindrance: Hindrance): SendError {
  switch (hindrance.kind) {
    case "too-large": {
      const { octets, mostOctets } = hindrance;
      const message = `To wait the mail has ${octets} octets; without the R2 binding SPOOL at most ${mostOctets} can.`;
      return sendError(message, { code: "E_CONTENT_TOO_LARGE", retryable: false });
    }
    case "unbound": {
      const message = `A mail that is to be sent later needs the binding ${hindrance.binding} in wrangler.toml of Postrider.`;
      return sendError(message, { code: "E_INTERNAL_SERVER_ERROR", retryable: false });
    }
    case "broken": {
      const { binding, isUncertain } = hindrance;
      const code = "E_INTERNAL_SERVER_ERROR";
      if (!isUncertain) {
        const message = `${binding} did not take the mail. It was not sent; try again.`;
        return sendError(message, { code, retryable: true });
      }
      const message = `${binding} did not answer; the mail may be sent all the same.`;
      return sendError(message, { code, retryable: false, outcome: "unknown" });
    }
  }
}

/** By what the first problem is about; the binding, too, tells one code of several faults. */
const CODES: readonly (readonly [pointer: RegExp, detail: RegExp, SendErrorCode])[] = [
  [/./, /^Missing /, "E_FIELD_MISSING"],
  [
    /^\/(?:to|cc|bcc|envelope\/to)$/,
    /at most [\d,]+ (?:are allowed|recipients)|has at most [\d,]+ recipients/,
    "E_TOO_MANY_RECIPIENTS",
  ],
  [/^\/attachments$/, /^Invalid .* At most /, "E_TOO_MANY_ATTACHMENTS"],
  [
    /^\/(?:attachments|text|raw)/,
    /(?:is larger than|gives more than|has more than) \d+ octets/,
    "E_CONTENT_TOO_LARGE",
  ],
  [/^$/, /^The header has /, "E_HEADERS_TOO_LARGE"],
  [/^\/headers$/, /At most /, "E_HEADERS_TOO_MANY"],
  [/^\/headers\//, /use the `/, "E_HEADER_USE_API_FIELD"],
  [/^\/headers\//, /is protected/, "E_HEADER_NOT_ALLOWED"],
  [/^\/headers\//, /A header name /, "E_HEADER_NAME_INVALID"],
  [/^\/headers\//, /A header value (?:has at most|may not hold a word)/, "E_HEADER_VALUE_TOO_LONG"],
  [/^\/headers\//, /./, "E_HEADER_VALUE_INVALID"],
];

function codeOf([first]: readonly Problem[]): SendErrorCode {
  const { pointer = "", detail = "" } = first ?? {};
  const found = CODES.find(([at, what]) => at.test(pointer) && what.test(detail));
  return found?.[2] ?? "E_VALIDATION_ERROR";
}

function sendError(message: string, members: SendErrorMembers): SendError {
  return Object.assign(new Error(message), members);
}
