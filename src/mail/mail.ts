/**
 * Mail: the one shape in which a mail is handed over, whichever way in (JSON body, queue message,
 * library argument). `MailInput` is what callers write; `Mail` is what `parseMail` makes of it, and
 * nothing behind it checks again.
 */
import type { Requests } from "../smtp/parameters.ts";
import type { Mailbox } from "./mailbox.ts";
import type { RawMessage } from "./raw-message.ts";
import type { Source } from "./source.ts";

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
  /**
   * A string is base64, in every way in. A stream is read to its end before the relay is dialled, so
   * that it can be sent again.
   */
  readonly content?: string | Uint8Array | ArrayBuffer | ReadableStream<Uint8Array> | null;
  /** In place of `content`, in a Worker that binds SPOOL: the key of an object in that bucket. */
  readonly r2Key?: string | null;
  /** Octets. What a stream or object has instead is refused. */
  readonly size?: number | null;
  readonly disposition?: "attachment" | "inline" | null;
  /** Refer to it in the html as `cid:...`; implies `inline`. */
  readonly contentId?: string | null;
}

/** A calendar object (RFC 5545), with the method that it names too. */
export interface CalendarInput {
  /** `REQUEST`, `CANCEL`, `REPLY` ... (RFC 5546 §1.4). */
  readonly method: string;
  readonly content: string;
  /** Attach it too, under this name: some clients offer to save it only then. */
  readonly filename?: string | null;
}

export interface ListUnsubscribeInput {
  /** An HTTPS URI that takes one POST without any further question (RFC 8058 §3.1). */
  readonly url?: string | null;
  /** An address, or a `mailto:` URI. */
  readonly mailto?: string | null;
  /** False where the URL shows a page that asks first. */
  readonly oneClick?: boolean | null;
}

export type AutoSubmitted = "no" | "auto-generated" | "auto-replied" | "auto-notified";
export type Importance = "high" | "normal" | "low";

/** What every mail may say, however its message is given: for whom it is, and what the relay is to do. */
interface TransportInput {
  readonly to?: OneOrMany<MailboxInput> | null;
  readonly cc?: OneOrMany<MailboxInput> | null;
  readonly bcc?: OneOrMany<MailboxInput> | null;
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

/** A mail by its fields. */
export interface FieldsInput extends TransportInput {
  readonly from: MailboxInput;
  readonly sender?: MailboxInput | null;
  readonly replyTo?: OneOrMany<MailboxInput> | null;
  readonly subject?: string | null;
  readonly text?: string | null;
  readonly html?: string | null;
  /** AMP for Email, beside a text or html for those who do not show it. */
  readonly amp?: string | null;
  /** `flowed`: the text is wrapped so that readers may fill its lines anew (RFC 3676 §4). */
  readonly textFormat?: "fixed" | "flowed" | null;
  /** An invitation or its answer, as one more alternative of the text (RFC 6047 §2.4). */
  readonly calendar?: CalendarInput | null;
  readonly attachments?: readonly AttachmentInput[] | null;
  readonly headers?: Readonly<Record<string, OneOrMany<string>>> | null;
  readonly inReplyTo?: string | null;
  readonly references?: OneOrMany<string> | null;
  /** How to be taken off the list (RFC 2369 §3.2, RFC 8058 §3.1). */
  readonly listUnsubscribe?: ListUnsubscribeInput | null;
  /** Written by a program (RFC 3834 §5): `auto-generated`, or in answer to a mail `auto-replied`. */
  readonly autoSubmitted?: AutoSubmitted | null;
  /** How it is shown to the reader (RFC 2156 §5.3.4); nothing that a relay heeds. */
  readonly importance?: Importance | null;
  /** `<left@right>` or `left@right`. Generated in the sender's domain where absent. */
  readonly messageId?: string | null;
  /** ISO 8601, or a Date in the library. Now where absent. */
  readonly date?: string | Date | null;
  readonly raw?: null;
}

/** A mail as a whole message (RFC 5322), sent as it is. */
export interface RawInput extends TransportInput {
  /** A string is its text, in UTF-8; octets that are not go as `{ base64 }` where the input is JSON. */
  readonly raw: string | Uint8Array | ArrayBuffer | { readonly base64: string };
  /** Only for the envelope, as are `to`, `cc` and `bcc`: the message says itself who it is from. */
  readonly from?: MailboxInput | null;
}

/** The public Mail contract. Unknown fields are refused by name; null counts as absent. */
export type MailInput = FieldsInput | RawInput;

/** An attachment, its content at hand or read while it is sent. */
export interface Attachment {
  readonly filename: string;
  readonly type: string;
  readonly content: Uint8Array | Source;
  readonly disposition: "attachment" | "inline";
  /** Without angle brackets. */
  readonly contentId?: string;
}

/** An attachment as parsed: what stands elsewhere is yet to be looked up, see `loadMail`. */
export interface ParsedAttachment extends Omit<Attachment, "content"> {
  readonly content: Uint8Array | ReadableStream<Uint8Array> | StoredObject;
  /** Octets that it must have. */
  readonly size?: number;
  /** Where problems with it point to. */
  readonly pointer: string;
}

export interface StoredObject {
  readonly r2Key: string;
}

export interface Calendar {
  /** Upper case. */
  readonly method: string;
  readonly content: string;
  readonly filename?: string;
}

export interface ListUnsubscribe {
  readonly url?: string;
  /** A `mailto:` URI. */
  readonly mailto?: string;
  /** Only with a URL. */
  readonly oneClick: boolean;
}

/** A valid mail. Only `parseMail` makes one, and `loadMail` of that. */
export interface Mail<A = Attachment> {
  readonly from: Mailbox;
  readonly sender?: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly bcc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  readonly amp?: string;
  readonly textFormat: "fixed" | "flowed";
  readonly calendar?: Calendar;
  readonly attachments: readonly A[];
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** With angle brackets, as is each of `references`. */
  readonly inReplyTo?: string;
  readonly references: readonly string[];
  readonly listUnsubscribe?: ListUnsubscribe;
  readonly autoSubmitted?: AutoSubmitted;
  readonly importance?: Importance;
  /** The whole message, in place of all that makes one. */
  readonly raw?: RawMessage;
  /** With angle brackets. */
  readonly messageId: string;
  readonly date: Date;
  readonly envelope: Envelope;
  /** What it asks of the relay beyond delivery. */
  readonly requests?: Requests;
}

/** A mail whose attachments may have to be looked up yet. */
export type ParsedMail = Mail<ParsedAttachment>;

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
