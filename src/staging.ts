/** STAGING_RECIPIENT: one recipient in place of all. The header stays as it is. */
import type { Config } from "./config.ts";
import type { ParsedMail } from "./mail/mail.ts";
import { narrowed } from "./queued-mail.ts";

/** The mail as an attempt sends it; what waits is the mail as it was. */
export function stagedMail(mail: ParsedMail, { service }: Pick<Config, "service">): ParsedMail {
  const { stagingRecipient } = service;
  return stagingRecipient === undefined ? mail : narrowed(mail, [stagingRecipient]);
}
