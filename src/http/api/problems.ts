/** Every kind of error answer by its title: the statuses it has, what it means, and what to do about it. */
import type { ProblemTitle } from "../problem.ts";

export interface ProblemKind {
  readonly statuses: readonly number[];
  readonly meaning: string;
}

/** Tests hold every error answer to this list; each title has a section of the README. */
export const PROBLEMS: Readonly<Record<ProblemTitle, ProblemKind>> = {
  "The mail is not valid": {
    statuses: [422],
    meaning: "`errors` names each bad field. Nothing was sent.",
  },
  "The batch is not valid": {
    statuses: [422],
    meaning:
      "It is no list, is empty, or has more than 100 mails, or `x-batch-validation` is neither of its two. Nothing was sent.",
  },
  "The query is not valid": {
    statuses: [400, 422],
    meaning: "A parameter is unknown, or has a value that it cannot have.",
  },
  "The change is not valid": { statuses: [422], meaning: "`errors` names each bad field." },
  "The suppression is not valid": { statuses: [422], meaning: "`errors` names each bad field." },
  "The body cannot be read": {
    statuses: [400],
    meaning: "It is not what its Content-Type says, or broke off.",
  },
  "The media type is not supported": {
    statuses: [415],
    meaning: "`Accept` of the answer lists those that are.",
  },
  "The request is too large": {
    statuses: [413],
    meaning: "The body has more octets than allowed.",
  },
  "The mail is too large for the queue": {
    statuses: [413],
    meaning: "It would have to wait, and is too large to. Bind SPOOL, or send it at once.",
  },
  "No API token": { statuses: [401], meaning: "Send it as `Authorization: Bearer ...`." },
  "Wrong API token": { statuses: [403], meaning: "It is not one of API_TOKENS." },
  "The API token may not do this": {
    statuses: [401],
    meaning: "It lacks the right `send` or `read`, or is restricted to some senders.",
  },
  "Not allowed here": {
    statuses: [403],
    meaning:
      "ALLOWED_SENDERS, ALLOWED_RECIPIENTS or the token forbids an address. Nothing was sent.",
  },
  "All recipients are suppressed": {
    statuses: [422],
    meaning: "All are on the suppression list. Nothing was sent.",
  },
  "Too many requests": { statuses: [429], meaning: "Try again after `Retry-After` seconds." },
  "The relay refused the mail": {
    statuses: [422],
    meaning: "For good, by the reply in `reply`. Sending it again as it is will not help.",
  },
  "The relay cannot be used": {
    statuses: [502],
    meaning: "It refuses the credentials, wants some, or turns us away; `advice` says more.",
  },
  "The mail was not sent yet": {
    statuses: [503],
    meaning: "It may be sent again, after `Retry-After` seconds, and is delivered once.",
  },
  "The mail may have been sent": {
    statuses: [504],
    meaning:
      "The relay had all of it and did not answer, or the journal did not say whether it has it. Sent again, it may arrive twice.",
  },
  "Mail cannot wait here": {
    statuses: [422],
    meaning: "A binding that is named is needed to send mail later.",
  },
  "The idempotency key is not valid": {
    statuses: [400],
    meaning: "A key has 1 to 256 characters.",
  },
  "The idempotency key was used for another request": {
    statuses: [409],
    meaning: "The same key came with another body within 24 hours.",
  },
  "The same request is under way": {
    statuses: [409],
    meaning: "Ask again: when the first is answered, this is answered as it was.",
  },
  "Idempotency is not available": {
    statuses: [400],
    meaning: "It needs the binding JOURNAL. A key is never ignored: nothing was sent.",
  },
  "The journal is not set up": {
    statuses: [422],
    meaning: "This needs the binding JOURNAL.",
  },
  "The journal does not answer": { statuses: [503], meaning: "Try again." },
  "The mail is not scheduled": {
    statuses: [422],
    meaning: "It was sent, or canceled; `outcome` says what it is.",
  },
  "Not an id": { statuses: [422], meaning: "Ids are UUIDs." },
  "Not an address": { statuses: [422], meaning: "The path does not end in an address." },
  "Not found": { statuses: [404], meaning: "There is nothing of this id, or at this path." },
  "Method not allowed": { statuses: [405], meaning: "`Allow` of the answer lists those that are." },
  "Not configured": {
    statuses: [502],
    meaning: "`configuration` names the settings that are wrong, never their values.",
  },
  "Internal error": {
    statuses: [500],
    meaning: "A fault of Postrider. Whether a mail was sent cannot be told.",
  },
};
