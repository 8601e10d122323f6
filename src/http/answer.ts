/** An Outcome as an HTTP answer: the statuses of the outcomes table, and the relay's own words. */
import { adviceOn } from "../advice.ts";
import { keptReply } from "../kept-reply.ts";
import { isAboutAccess, type Failure, type Outcome, type Problem } from "../smtp/outcome.ts";
import { problemResponse, type ProblemDetails, type ProblemName } from "./problem.ts";

/** Seconds: RFC 5321 §4.5.4.1 would wait half an hour, and greylisting relents after minutes. */
const RETRY_AFTER_SECONDS = 60;
/** A message quotes a reply, and our own words about it come after. */
const MAX_MESSAGE_CHARACTERS = 700;

/** The answer to a mail that was tried at once. */
export function outcomeResponse(
  request: Request,
  id: string,
  outcome: Outcome,
  suppressed: readonly string[] = [],
): Response {
  const { messageId, relay } = outcome;
  if (outcome.status === "accepted") {
    return Response.json(
      {
        id,
        messageId,
        status: "accepted",
        accepted: outcome.accepted,
        refused: refusals(outcome.refused),
        ...(outcome.unknown === undefined ? {} : { unknown: outcome.unknown }),
        ...(suppressed.length === 0 ? {} : { suppressed }),
        relay,
        reply: keptReply(outcome.reply),
      },
      { headers: { "cache-control": "no-store" } },
    );
  }
  const { failure } = outcome;
  const details =
    failure.problems === undefined
      ? detailsOf(outcome.status, failure)
      : invalidMailDetails(failure.problems);
  const advice = adviceOn(failure);
  return problemResponse(request, {
    ...details,
    id,
    more: {
      outcome: outcome.status,
      cause: failure.cause,
      stage: failure.stage,
      retryable: outcome.status === "deferred",
      messageId,
      relay,
      ...(failure.extension === undefined ? {} : { extension: failure.extension }),
      ...(failure.reply === undefined ? {} : { reply: keptReply(failure.reply) }),
      ...(failure.refused === undefined ? {} : { refused: refusals(failure.refused) }),
      ...(advice === undefined ? {} : { advice }),
    },
  });
}

/** The answer to a body that is not a valid mail. */
export function invalidMailDetails(problems: readonly Problem[]): ProblemDetails {
  const details = problems.map(({ detail }) => detail);
  return {
    status: 422,
    name: nameOf(problems),
    title: "The mail is not valid",
    message: details.join(" "),
    errors: problems,
  };
}

function detailsOf(status: "deferred" | "refused" | "unknown", failure: Failure): ProblemDetails {
  const isOurs = isAboutAccess(failure);
  switch (status) {
    case "deferred":
      return {
        status: 503,
        name: "application_error",
        title: "The mail was not sent yet",
        message: `${sentence(failure.message)} Nothing was sent; it is safe to try again.`,
        headers: { "retry-after": String(RETRY_AFTER_SECONDS) },
      };
    case "refused":
      return isOurs
        ? {
            status: 502,
            name: "application_error",
            title: "The relay cannot be used",
            message: sentence(failure.message),
          }
        : {
            status: 422,
            name: "validation_error",
            title: "The relay refused the mail",
            message: sentence(failure.message),
          };
    case "unknown":
      return {
        status: 504,
        name: "application_error",
        title: "The mail may have been sent",
        message: `${sentence(failure.message)} The relay had the whole mail and did not answer: it may have been sent. Sending it again may deliver it twice.`,
      };
  }
}

function nameOf(problems: readonly Problem[]): ProblemName {
  if (problems.every(({ detail }) => detail.startsWith("Missing ")))
    return "missing_required_field";
  return problems.every(({ pointer }) => /^(?:\/\d+)?\/attachments/.test(pointer))
    ? "invalid_attachment"
    : "validation_error";
}

function refusals(refused: NonNullable<Failure["refused"]>): object[] {
  return refused.map(({ recipient, reply }) => ({ recipient, reply: keptReply(reply) }));
}

function sentence(text: string): string {
  const short =
    text.length > MAX_MESSAGE_CHARACTERS ? `${text.slice(0, MAX_MESSAGE_CHARACTERS)}...` : text;
  const first = short.slice(0, 1).toUpperCase() + short.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
