/** The address fields of a mail, and the envelope that follows from them. */
import type { Problem } from "../smtp/outcome.ts";
import type { Result } from "../result.ts";
import { isRecord, readFields, readItems, readString, report } from "./fields.ts";
import type { Draft, Field } from "./fields.ts";
import { LIMITS } from "./limits.ts";
import type { Envelope, Mail } from "./mail.ts";
import { addressOf, needsSmtpUtf8, parseAddress, parseMailbox } from "./mailbox.ts";
import type { Mailbox } from "./mailbox.ts";
import type { RawMessage } from "./raw-message.ts";

const WANTED =
  "The email address needs to follow the `email@example.com` or `Name <email@example.com>` format.";

export type AddressFields = Pick<Mail, "from" | "to" | "cc" | "bcc" | "replyTo" | "envelope"> &
  Partial<Pick<Mail, "sender">>;

/** The address fields; undefined, with a problem for each, where any of them is wrong. */
export function readAddresses(
  fields: ReadonlyMap<string, Field>,
  problems: Problem[],
): AddressFields | undefined {
  const before = problems.length;
  const to = readMailboxes(fields.get("to"), problems);
  const cc = readMailboxes(fields.get("cc"), problems);
  const bcc = readMailboxes(fields.get("bcc"), problems);
  const replyTo = readMailboxes(fields.get("replyTo"), problems);
  const from = readMailbox(fields.get("from"), problems);
  const sender = readMailbox(fields.get("sender"), problems);
  if (isAbsent(fields.get("from"))) missing("from", problems);
  const envelope = readEnvelope(fields.get("envelope"), problems);
  const hasRecipient =
    envelope.to !== undefined || ["to", "cc", "bcc"].some((name) => !isAbsent(fields.get(name)));
  if (!hasRecipient) missing("to", problems);
  if (from === undefined || problems.length > before) return undefined;

  const recipients = envelope.to ?? to.concat(cc, bcc);
  const forwardPaths = distinctAddresses(recipients);
  if (forwardPaths.length > LIMITS.recipients) {
    tooMany(forwardPaths.length, problems);
    return undefined;
  }
  const reversePath = envelope.from ?? sender ?? from;
  const everyone = [from, sender ?? from, reversePath === "null" ? from : reversePath];
  const smtpUtf8 = [everyone, to, cc, replyTo, recipients].some((some) => some.some(needsSmtpUtf8));
  const made: Draft<Envelope> = { from: addressOrNull(reversePath), to: forwardPaths, smtpUtf8 };
  if (envelope.submitter !== undefined) made.submitter = addressOrNull(envelope.submitter);
  const read: Draft<AddressFields> = { from, to, cc, bcc, replyTo, envelope: made };
  if (sender !== undefined) read.sender = sender;
  return read;
}

function distinctAddresses(mailboxes: readonly Mailbox[]): readonly string[] {
  const addresses = mailboxes.map(addressOf);
  return addresses.length < 2 ? addresses : [...new Set(addresses)];
}

/**
 * The envelope of a whole message: what the mail gives, else what the message says; undefined, with a
 * problem, where neither makes one. RFC 6409 §8.1: the sender of a message is its Sender, or its From.
 */
export function readRawEnvelope(
  fields: ReadonlyMap<string, Field>,
  message: RawMessage,
  problems: Problem[],
): Envelope | undefined {
  const before = problems.length;
  const given = ["to", "cc", "bcc"].flatMap((name) => readMailboxes(fields.get(name), problems));
  const from = readMailbox(fields.get("from"), problems);
  const envelope = readEnvelope(fields.get("envelope"), problems);
  const named = [...message.to, ...message.cc, ...message.bcc];
  const recipients = envelope.to ?? (given.length > 0 ? given : named);
  const reversePath = envelope.from ?? from ?? message.sender ?? message.from[0] ?? "null";
  if (problems.length > before) return undefined;
  const to = distinctAddresses(recipients);
  if (to.length === 0) missing("to", problems);
  // RFC 5322 §3.6.6: From and To of such a message are those of the time before.
  const isGiven = envelope.to !== undefined || given.length > 0;
  const isFromGiven = envelope.from !== undefined || from !== undefined;
  if (message.resentBy !== undefined && !(isGiven && isFromGiven)) {
    const detail = "The message has been resent: give its `envelope`, with `from` and `to`.";
    problems.push({ pointer: "/envelope", detail });
  }
  if (to.length > LIMITS.recipients) tooMany(to.length, problems);
  if (problems.length > before) return undefined;
  const everyone = reversePath === "null" ? recipients : [...recipients, reversePath];
  const { submitter } = envelope;
  return {
    from: addressOrNull(reversePath),
    to,
    smtpUtf8: message.utf8Header || everyone.some(needsSmtpUtf8),
    ...(submitter === undefined ? {} : { submitter: addressOrNull(submitter) }),
  };
}

function tooMany(count: number, problems: Problem[]): void {
  const detail = `A mail has at most ${LIMITS.recipients} recipients; this one has ${count}.`;
  problems.push({ pointer: "/to", detail });
}

/** What the caller fixed of the envelope; the null reverse-path (RFC 5321 §4.5.5) is `null`. */
interface GivenEnvelope {
  readonly from?: Mailbox | "null";
  readonly to?: readonly Mailbox[];
  readonly submitter?: Mailbox | "null";
}

const ENVELOPE = { known: ["from", "to", "submitter"], aliases: {}, unsupported: [] };

function readEnvelope(field: Field | undefined, problems: Problem[]): GivenEnvelope {
  if (field === undefined) return {};
  if (!isRecord(field.value)) {
    report(problems, field, "It must be an object with `from` and `to`.");
    return {};
  }
  const fields = readFields(field.value, ENVELOPE, { pointer: field.pointer, problems });
  const givenFrom = fields.get("from");
  const givenTo = fields.get("to");
  const givenSubmitter = fields.get("submitter");
  const from = givenFrom?.value === "" ? "null" : readAddress(givenFrom, problems);
  const submitter = givenSubmitter?.value === "" ? "null" : readAddress(givenSubmitter, problems);
  const to = readItems(givenTo, LIMITS.recipients, problems).map((item) =>
    readAddress(item, problems),
  );
  return {
    ...(from === undefined ? {} : { from }),
    ...(submitter === undefined ? {} : { submitter }),
    ...(isAbsent(givenTo) ? {} : { to: to.filter((mailbox) => mailbox !== undefined) }),
  };
}

function addressOrNull(mailbox: Mailbox | "null"): string {
  return mailbox === "null" ? "" : addressOf(mailbox);
}

function readMailboxes(field: Field | undefined, problems: Problem[]): Mailbox[] {
  const mailboxes: Mailbox[] = [];
  for (const item of readItems(field, LIMITS.recipients, problems)) {
    const mailbox = accept(item, parseMailbox(item.value), problems);
    if (mailbox !== undefined) mailboxes.push(mailbox);
  }
  return mailboxes;
}

function readMailbox(field: Field | undefined, problems: Problem[]): Mailbox | undefined {
  if (field === undefined || isAbsent(field)) return undefined;
  return accept(field, parseMailbox(field.value), problems);
}

function readAddress(field: Field | undefined, problems: Problem[]): Mailbox | undefined {
  const text = readString(field, problems);
  if (text === undefined || field === undefined) return undefined;
  const address = parseAddress(text);
  if (address.ok) return address.value;
  report(problems, field, `It must be a bare address. ${address.problems}`);
  return undefined;
}

function accept(
  field: Field,
  mailbox: Result<Mailbox, string>,
  problems: Problem[],
): Mailbox | undefined {
  if (mailbox.ok) return mailbox.value;
  report(problems, field, `${WANTED} ${mailbox.problems}`);
  return undefined;
}

function isAbsent(field: Field | undefined): boolean {
  if (field === undefined || field.value === "") return true;
  return Array.isArray(field.value) && field.value.length === 0;
}

function missing(name: string, problems: Problem[]): void {
  problems.push({ pointer: `/${name}`, detail: `Missing \`${name}\` field.` });
}
