/** Postrider as a library: `createMailer`, `composeMail` and the types of what goes in and out. */
import { connect } from "#connect";

import { adviceOn } from "./advice.ts";
import { composition } from "./composition.ts";
import { wholeOf } from "./mail/content.ts";
import type { Envelope, MailInput } from "./mail/mail.ts";
import { parseMail } from "./mail/parse-mail.ts";
import { DeliveryError } from "./delivery-error.ts";
import { invalidMail, Mailer, parseDkim, type MailerOptions } from "./mailer.ts";
import { failed } from "./smtp/outcome.ts";

export type { DkimKeyInput } from "./mail/dkim/key.ts";
export type {
  AttachmentInput,
  AutoSubmitted,
  CalendarInput,
  Envelope,
  Importance,
  ListUnsubscribeInput,
  MailboxInput,
  MailInput,
  OneOrMany,
} from "./mail/mail.ts";
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

/** What {@link composeMail} makes of a mail. */
export interface ComposedMail {
  readonly envelope: Envelope;
  /** The whole message, as it would be sent. */
  readonly content: Uint8Array;
}

/**
 * The envelope and the octets of a mail, signed where `options.dkim` has a key; nothing is sent. Rejects
 * with DeliveryError for an invalid mail, with TypeError where the keys are not right.
 */
export async function composeMail(
  mail: MailInput,
  options: Pick<MailerOptions, "dkim"> = {},
): Promise<ComposedMail> {
  const parsed = parseMail(mail);
  if (!parsed.ok) throw new DeliveryError(invalidMail(parsed.problems));
  const composed = await composition(parsed.value, { dkim: parseDkim(options.dkim) });
  if (!composed.ok) {
    const { messageId } = parsed.value;
    throw new DeliveryError({ ...failed(composed.problems), messageId, relay: "" });
  }
  const { envelope, content } = composed.value;
  return { envelope, content: await wholeOf(content) };
}
