/** Postrider as a library: `createMailer`, `composeMail` and the types of what goes in and out. */
import { connect } from "#connect";

import { adviceOn } from "./advice.ts";
import { compose, type Composed } from "./mail/compose.ts";
import type { MailInput } from "./mail/mail.ts";
import { parseMail } from "./mail/parse-mail.ts";
import { DeliveryError } from "./delivery-error.ts";
import { invalidMail, Mailer, type MailerOptions } from "./mailer.ts";

export type { Composed } from "./mail/compose.ts";
export type { AttachmentInput, Envelope, MailboxInput, MailInput, OneOrMany } from "./mail/mail.ts";
export type { Mailer, MailerOptions, Receipt, SendOptions } from "./mailer.ts";
export type { Address, Connect, Connection } from "./net/connection.ts";
export type { RelayInput, RelayOptions, Security } from "./relay-options.ts";
export type { RelayReport } from "./route.ts";
export { dispositionOf } from "./smtp/outcome.ts";
export type {
  Disposition,
  Failure,
  FailureCause,
  Outcome,
  Problem,
  RefusedRecipient,
} from "./smtp/outcome.ts";
export type { Reply } from "./smtp/reply.ts";
export type { Stage, Timeouts } from "./smtp/timeouts.ts";
export type { Requests } from "./smtp/parameters.ts";
export type {
  Credentials,
  GiveUp,
  Mechanism,
  MechanismFactory,
  PasswordCredentials,
  TokenCredentials,
} from "./smtp/sasl/mechanism.ts";
export { adviceOn, DeliveryError };

/**
 * A mailer over the relays of `options.relay`: options, a URL (`smtp://` for STARTTLS, `smtps://` for
 * implicit TLS), or a list of them tried in order. Throws TypeError where the options are not right.
 */
export function createMailer(options: MailerOptions): Mailer {
  return new Mailer({ ...options, connect: options.connect ?? connect });
}

/** The envelope and the octets of a mail, nothing sent. Throws DeliveryError for an invalid one. */
export function composeMail(mail: MailInput): Composed {
  const parsed = parseMail(mail);
  if (!parsed.ok) throw new DeliveryError(invalidMail(parsed.problems));
  return compose(parsed.value);
}
