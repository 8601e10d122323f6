/** Mailboxes as the value of From, Sender, Reply-To, To or Cc (RFC 5322 §3.6.2, §3.6.3). */
import { encodeWords, needsEncodedWord } from "./encoded-word.ts";
import { foldValue } from "./header-field.ts";
import { addressOf } from "./mailbox.ts";
import type { Mailbox } from "./mailbox.ts";

/** The mailboxes, comma-separated and folded, for the field of that name. */
export function formatAddressList(name: string, mailboxes: readonly Mailbox[]): string {
  return foldValue(name, mailboxes.map(formatMailbox).join(", "));
}

function formatMailbox(mailbox: Mailbox): string {
  const address = addressOf(mailbox);
  return mailbox.name === undefined ? address : `${formatPhrase(mailbox.name)} <${address}>`;
}

function formatPhrase(name: string): string {
  // RFC 2047 §5 (3): an encoded-word is a word of a phrase, and never stands within quotes.
  if (needsEncodedWord(name)) return encodeWords(name).join(" ");
  if (/^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?: [A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*$/.test(name)) {
    return name;
  }
  return `"${name.replaceAll(/["\\]/g, "\\$&")}"`;
}
