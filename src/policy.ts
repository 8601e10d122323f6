/** Whom a deployment and a token may send as, and to: ALLOWED_SENDERS, ALLOWED_RECIPIENTS, API_TOKENS. */
import { allows, type Allowed } from "./allowed.ts";
import type { Config } from "./config.ts";
import type { ParsedMail } from "./mail/mail.ts";
import { addressOf } from "./mail/mailbox.ts";
import type { Problem } from "./smtp/outcome.ts";

/**
 * Every address of the mail that the configuration, or the token, does not allow. Judged on the very objects that
 * make the header and the envelope, with domains as A-labels.
 */
export function forbidden(
  mail: ParsedMail,
  config: Pick<Config, "allowedSenders" | "allowedRecipients">,
  ofToken?: Allowed,
): readonly Problem[] {
  const problems: Problem[] = [];
  const check = (allowed: Allowed | undefined, address: string, pointer: string): void => {
    if (allowed === undefined || allows(allowed, address)) return;
    const setting = pointer.endsWith("to") ? "ALLOWED_RECIPIENTS" : "ALLOWED_SENDERS";
    problems.push({ pointer, detail: `${address} is not allowed here: see ${setting}.` });
  };
  const checkSender = (address: string, pointer: string): void => {
    check(config.allowedSenders, address, pointer);
    if (ofToken === undefined || allows(ofToken, address)) return;
    problems.push({
      pointer,
      detail: `${address} is not among the \`senders\` of this API token.`,
    });
  };
  // A whole message may be from several, and goes out as it is.
  for (const from of mail.raw?.from ?? [mail.from]) {
    checkSender(addressOf(from), "/from");
  }
  for (const mailbox of mail.raw?.resentBy ?? []) {
    checkSender(addressOf(mailbox), "/raw");
  }
  if (mail.sender !== undefined) checkSender(addressOf(mail.sender), "/sender");
  // The null reverse-path is nobody's address.
  if (mail.envelope.from !== "") checkSender(mail.envelope.from, "/envelope/from");
  const { submitter = "" } = mail.envelope;
  if (submitter !== "") checkSender(submitter, "/envelope/submitter");
  for (const recipient of mail.envelope.to) check(config.allowedRecipients, recipient, "/to");
  return problems;
}
