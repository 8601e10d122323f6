/**
 * Mail: the one shape in which a mail is handed over, whichever way in (JSON body, queue message,
 * library argument). `MailInput` is what callers write; `Mail` is what `parseMail` makes of it, and
 * nothing behind it checks again.
 */
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
  } | null;
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
}

/** Who the relay is told the mail is from and for (RFC 5321 §2.3.1); never taken from the header. */
export interface Envelope {
  /** The reverse-path, "" for the null one. */
  readonly from: string;
  /** Forward-paths, without duplicates; domains as A-labels. */
  readonly to: readonly string[];
  /** A local part is not ASCII, so the relay must offer SMTPUTF8 (RFC 6531 §3.4). */
  readonly smtpUtf8: boolean;
}
