/** Whom this deployment may send as, and to: ALLOWED_SENDERS and ALLOWED_RECIPIENTS. */
import { allows, type Allowed } from "./allowed.ts";
import type { Config } from "./config.ts";
import type { ParsedMail } from "./mail/mail.ts";
import { addressOf } from "./mail/mailbox.ts";
import type { Problem } from "./smtp/outcome.ts";

/**
 * Every address of the mail that the configuration does not allow. Judged on the very objects that
 * make the header and the envelope, with domains as A-labels.
 */
export function forbidden(mail: ParsedMail, config: Config): readonly Problem[] {
  const problems: Problem[] = [];
  const check = (allowed: Allowed | undefined, address: string, pointer: string): void => {
    if (allowed === undefined || allows(allowed, address)) return;
    const setting = pointer.endsWith("to") ? "ALLOWED_RECIPIENTS" : "ALLOWED_SENDERS";
    problems.push({ pointer, detail: `${address} is not allowed here: see ${setting}.` });
  };
  // A whole message may be from several, and goes out as it is.
  for (const from of mail.raw?.from ?? [mail.from]) {
    check(config.allowedSenders, addressOf(from), "/from");
  }
  for (const mailbox of mail.raw?.resentBy ?? []) {
    check(config.allowedSenders, addressOf(mailbox), "/raw");
  }
  if (mail.sender !== undefined) check(config.allowedSenders, addressOf(mail.sender), "/sender");
  // The null reverse-path is nobody's address.
  if (mail.envelope.from !== "") check(config.allowedSenders, mail.envelope.from, "/envelope/from");
  const { submitter = "" } = mail.envelope;
  if (submitter !== "") check(config.allowedSenders, submitter, "/envelope/submitter");
  for (const recipient of mail.envelope.to) check(config.allowedRecipients, recipient, "/to");
  return problems;
}
