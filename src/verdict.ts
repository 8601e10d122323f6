/**
 * What an outcome means for the life of a mail: its status, who is still to get it, and what is told to
 * whom. The one judge for every way in; whether a failure may pass is judged in smtp/outcome.ts.
 */
import { keptReply } from "./kept-reply.ts";
import type { MailEvent } from "./mail-event.ts";
import { isAboutAccess, isTransient, type Failure, type Outcome } from "./smtp/outcome.ts";
import type { Reply } from "./smtp/reply.ts";
import type { JournalEvent, KeptReply, MailStatus } from "./store/journal.ts";

/** What there is to say about a mail, but for the mail itself. */
export type Tiding = Omit<MailEvent, "mail" | "atMs">;

export interface Verdict {
  /** `deferred` where the mail is to be tried again. */
  readonly status: MailStatus;
  readonly relay: string;
  readonly reply?: KeptReply;
  /** The recipients that are still to get it; absent: all that the attempt was for. */
  readonly owed?: readonly string[];
  /** Some may have got it of whom no reply tells. */
  readonly mayBeSent?: true;
  readonly entry: Omit<JournalEvent, "atMs">;
  readonly tidings: readonly Tiding[];
  /** Addresses of which a relay says that there is no such mailbox. */
  readonly gone: readonly { readonly address: string; readonly note: string }[];
}

export interface Attempt {
  /** The recipients of this attempt. */
  readonly recipients: readonly string[];
  /** 1 for the first. */
  readonly number: number;
  readonly tookMs: number;
  /** Somebody will try it again where that makes sense. */
  readonly canRetry: boolean;
  /** What is done where the mail may have been sent. */
  readonly unknown: "retry" | "fail";
  /** Other recipients got it in an earlier attempt. */
  readonly wasAccepted: boolean;
  /** An earlier attempt may have sent it, to some or all of its recipients. */
  readonly mayBeSent?: boolean;
}

/** The verdict on an attempt. */
export function verdictOf(outcome: Outcome, attempt: Attempt): Verdict {
  return outcome.status === "accepted"
    ? acceptedVerdict(outcome, attempt)
    : failedVerdict(outcome, attempt);
}

type Accepted = Extract<Outcome, { readonly status: "accepted" }>;
type Failed = Exclude<Outcome, Accepted>;

function acceptedVerdict(outcome: Accepted, attempt: Attempt): Verdict {
  const { relay, accepted, refused, unknown = [] } = outcome;
  const mayPass = attempt.canRetry ? refused.filter(({ reply }) => isTransient(reply)) : [];
  const bounced = refused.filter((one) => !mayPass.includes(one));
  const inDoubt = attempt.canRetry && attempt.unknown === "retry" ? unknown : [];
  const owed = [...mayPass.map(({ recipient }) => recipient), ...inDoubt];
  const reply = keptReply(outcome.reply);
  const [delay] = mayPass;
  // With UNKNOWN=fail nobody in doubt is owed it: those who are accept it for themselves.
  const wasLeft = attempt.mayBeSent === true && attempt.unknown === "fail";
  const isUnsure = unknown.length > 0 || wasLeft;
  return {
    status: owed.length > 0 ? "deferred" : isUnsure ? "unknown" : "accepted",
    relay,
    reply,
    ...(owed.length > 0 ? { owed } : {}),
    ...(unknown.length > 0 ? { mayBeSent: true } : {}),
    entry: {
      type: owed.length > 0 ? "deferred" : "accepted",
      data: {
        ...facts(attempt),
        relay,
        reply,
        accepted,
        ...(refused.length === 0 ? {} : { refused: refused.map(keptRefusal) }),
        ...(unknown.length === 0 ? {} : { unknown }),
        ...(attempt.mayBeSent === true ? { possibleDuplicate: true } : {}),
      },
    },
    tidings: [
      { type: "email.sent", recipients: accepted, reply },
      ...bounced.map(bounce),
      ...(delay === undefined || attempt.number > 1 ? [] : [delayed(owed, delay.reply)]),
      ...(inDoubt.length === unknown.length ? [] : [doubtful(unknown)]),
    ],
    gone: goneOf(bounced),
  };
}

function failedVerdict(outcome: Failed, attempt: Attempt): Verdict {
  const { status: end, relay, failure } = outcome;
  const own = statusOf(end, failure, attempt);
  const isOver = own !== "deferred";
  // Who sends again what has failed must not send what an earlier attempt may have sent.
  const status = isOver && attempt.mayBeSent === true ? "unknown" : own;
  const reply = failure.reply === undefined ? undefined : keptReply(failure.reply);
  const bounced = end === "refused" && failure.cause === "reply" ? bouncesOf(failure, attempt) : [];
  return {
    status: isOver && attempt.wasAccepted && status !== "unknown" ? "accepted" : status,
    relay,
    ...(reply === undefined ? {} : { reply }),
    ...(end === "unknown" ? { mayBeSent: true } : {}),
    entry: {
      type: isOver ? (status as JournalEvent["type"]) : "deferred",
      data: {
        ...facts(attempt),
        relay,
        cause: failure.cause,
        stage: failure.stage,
        reason: failure.message,
        ...(end === "unknown" || attempt.mayBeSent === true ? { possibleDuplicate: true } : {}),
        ...(failure.extension === undefined ? {} : { extension: failure.extension }),
        ...(reply === undefined ? {} : { reply }),
        ...(failure.refused === undefined ? {} : { refused: failure.refused.map(keptRefusal) }),
      },
    },
    tidings: isOver ? endOf(own, failure, { attempt, bounced }) : firstDelay(failure, attempt),
    gone: goneOf(bounced),
  };
}

function statusOf(end: Failed["status"], failure: Failure, attempt: Attempt): MailStatus {
  switch (end) {
    case "deferred":
      return attempt.canRetry ? "deferred" : "failed";
    case "unknown":
      return attempt.canRetry && attempt.unknown === "retry" ? "deferred" : "unknown";
    case "refused":
      // A deployment and its relay can be mended while the mail waits.
      if (isAboutAccess(failure)) return attempt.canRetry ? "deferred" : "failed";
      return failure.cause === "reply" ? "refused" : "failed";
  }
}

interface Refusal {
  readonly recipient: string;
  readonly reply: Reply;
}

/** Each recipient with the reply that refused it: its own, or that to the whole mail. */
function bouncesOf(failure: Failure, { recipients }: Attempt): readonly Refusal[] {
  const own = new Map((failure.refused ?? []).map((one) => [one.recipient, one.reply]));
  return recipients.flatMap((recipient) => {
    const reply = own.get(recipient) ?? failure.reply;
    return reply === undefined ? [] : [{ recipient, reply }];
  });
}

function endOf(
  status: MailStatus,
  failure: Failure,
  { attempt, bounced }: { readonly attempt: Attempt; readonly bounced: readonly Refusal[] },
): readonly Tiding[] {
  if (status === "unknown") return [doubtful(attempt.recipients)];
  const isDoubtful = attempt.mayBeSent === true;
  // With UNKNOWN=fail nobody is tried who is in doubt.
  if (bounced.length > 0 && !(isDoubtful && attempt.unknown === "retry"))
    return bounced.map(bounce);
  const reply = failure.reply === undefined ? {} : { reply: keptReply(failure.reply) };
  return [
    {
      type: "email.failed",
      recipients: attempt.recipients,
      reason: isDoubtful ? doubtfulReason(failure.message) : failure.message,
      ...reply,
    },
  ];
}

/** Why a mail is not known to have failed whose last attempt did. */
export function doubtfulReason(reason: string): string {
  return `An earlier attempt may have sent it. ${reason}`;
}

/** Told once for a mail, not after each attempt. */
function firstDelay(failure: Failure, attempt: Attempt): readonly Tiding[] {
  if (attempt.number > 1) return [];
  const reply = failure.reply === undefined ? {} : { reply: keptReply(failure.reply) };
  const { recipients } = attempt;
  return [{ type: "email.delivery_delayed", recipients, reason: failure.message, ...reply }];
}

function delayed(recipients: readonly string[], reply: Reply): Tiding {
  const kept = keptReply(reply);
  return { type: "email.delivery_delayed", recipients, reason: kept.text, reply: kept };
}

function bounce({ recipient, reply }: Refusal): Tiding {
  const kept = keptReply(reply);
  return { type: "email.bounced", recipients: [recipient], reason: kept.text, reply: kept };
}

function doubtful(recipients: readonly string[]): Tiding {
  const reason = "The relay had the whole mail and did not answer: it may have been sent.";
  return { type: "email.failed", recipients, reason };
}

/** RFC 3463 §3.2: 5.1.1 is a mailbox that does not exist, 5.1.6 one that has moved away. */
function goneOf(bounced: readonly Refusal[]): Verdict["gone"] {
  return bounced
    .filter(({ reply }) => reply.enhanced === "5.1.1" || reply.enhanced === "5.1.6")
    .map(({ recipient, reply }) => ({ address: recipient, note: keptReply(reply).text }));
}

function facts({ number, tookMs }: Attempt): Readonly<Record<string, unknown>> {
  return { attempt: number, tookMs };
}

function keptRefusal({ recipient, reply }: Refusal): object {
  return { recipient, reply: keptReply(reply) };
}
