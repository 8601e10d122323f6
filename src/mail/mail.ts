/**
 * Mail: the one shape in which a mail is handed over, whichever way in (JSON body, queue message,
 * library argument). `MailInput` is what callers write; `Mail` is what `parseMail` makes of it, and
 * nothing behind it checks again.
 */
import type { Requests } from "../smtp/parameters.ts";
import type { Mailbox } from "./mailbox.ts";

/** A mailbox as callers write it: `"Ann <ann@example.com>"`, or its parts (`address` is an alias). */
export type MailboxInput =
  | string
  | { readonly email: string; readonly name?: string | null }
  | { readonly address: string; readonly name?: string | null };

export type OneOrMany<T> = T | readonly T[];

export interface AttachmentInput {
  readonly filename?: string | null;
  /** `text/plain`; derived from the file name where absent. */
  readonly type?: string | null;
  /** A string is base64, in every way in. */
  readonly content: string | Uint8Array | ArrayBuffer;
  readonly disposition?: "attachment" | "inline" | null;
  /** Refer to it in the html as `cid:...`; implies `inline`. */
  readonly contentId?: string | null;
}

/** The public Mail contract. Unknown fields are refused by name; null counts as absent. */
export interface MailInput {
  readonly from: MailboxInput;
  readonly sender?: MailboxInput | null;
  readonly to?: OneOrMany<MailboxInput> | null;
  readonly cc?: OneOrMany<MailboxInput> | null;
  readonly bcc?: OneOrMany<MailboxInput> | null;
  readonly replyTo?: OneOrMany<MailboxInput> | null;
  readonly subject?: string | null;
  readonly text?: string | null;
  readonly html?: string | null;
  readonly attachments?: readonly AttachmentInput[] | null;
  readonly headers?: Readonly<Record<string, OneOrMany<string>>> | null;
  readonly inReplyTo?: string | null;
  readonly references?: OneOrMany<string> | null;
  /** `<left@right>` or `left@right`. Generated in the sender's domain where absent. */
  readonly messageId?: string | null;
  /** ISO 8601, or a Date in the library. Now where absent. */
  readonly date?: string | Date | null;
  /** Where it differs from the header fields; `from: ""` is the null reverse-path. */
  readonly envelope?: {
    readonly from?: string | null;
    readonly to?: OneOrMany<string> | null;
    /** AUTH= on MAIL: who submitted it, "" for nobody (RFC 4954 §5). */
    readonly submitter?: string | null;
  } | null;
  /** Delivery status notifications (RFC 3461 §4). No NOTIFY is sent unless asked for. */
  readonly dsn?: Requests["dsn"] | null;
  /** Every hop must use verified TLS (RFC 8689 §2). */
  readonly requireTls?: boolean | null;
  /** MT-PRIORITY, from -9 to 9 (RFC 6710 §4). */
  readonly priority?: number | null;
  /** Deliver within so many seconds, or return (R) or notify (N, RFC 2852 §4). */
  readonly deliverBy?: {
    readonly seconds: number;
    readonly mode?: "R" | "N";
    readonly trace?: boolean;
  } | null;
  /** The relay is to hold it for so many seconds (FUTURERELEASE, RFC 4865 §4). */
  readonly holdForSeconds?: number | null;
}

export interface Attachment {
  readonly filename: string;
  readonly type: string;
  readonly content: Uint8Array;
  readonly disposition: "attachment" | "inline";
  /** Without angle brackets. */
  readonly contentId?: string;
}

/** A valid mail. Only `parseMail` makes one. */
export interface Mail {
  readonly from: Mailbox;
  readonly sender?: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly bcc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  readonly attachments: readonly Attachment[];
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** With angle brackets, as is each of `references`. */
  readonly inReplyTo?: string;
  readonly references: readonly string[];
  /** With angle brackets. */
  readonly messageId: string;
  readonly date: Date;
  readonly envelope: Envelope;
  /** What it asks of the relay beyond delivery. */
  readonly requests?: Requests;
}

/** Who the relay is told the mail is from and for (RFC 5321 §2.3.1); never taken from the header. */
export interface Envelope {
  /** The reverse-path, "" for the null one. */
  readonly from: string;
  /** Forward-paths, without duplicates; domains as A-labels. */
  readonly to: readonly string[];
  /** A local part is not ASCII, so the relay must offer SMTPUTF8 (RFC 6531 §3.4). */
  readonly smtpUtf8: boolean;
  /** Who submitted it, where that is to be told (RFC 4954 §5). */
  readonly submitter?: string;
}
