/**
 * The body of POST /emails as a schema: what is a mail by its structure. `parsePosting` is the judge, and
 * tests hold the two to one another: it takes nothing that the schema does not, and of what the schema takes
 * it never says that a field is unknown, of another type, or has too many items. What no JSON Schema can say
 * is left to it: the grammar of addresses, names, identifiers, dates, base64 and calendars; choices in any
 * case of letters; that a recipient and a content are there; limits on sums, as on the octets of all files;
 * that two spellings of a field agree, and that no header says again what a field says. The other way
 * round, an unknown field that is null is taken for absent, which the schema does not promise.
 */
import * as v from "valibot";

import { ATTACHMENT_FIELDS } from "../../mail/attachment.ts";
import { LIMITS } from "../../mail/limits.ts";
import type { FieldsInput, RawInput } from "../../mail/mail.ts";
import { MAIL_FIELDS } from "../../mail/parse-mail.ts";
import type { PostingInput } from "../../posting.ts";

type Schema = v.GenericSchema;
type Fields<Name extends PropertyKey> = Readonly<Record<Name, Schema>>;
type Service = Exclude<keyof PostingInput, keyof FieldsInput>;
/** A field without its place here does not compile, nor does a place without its field. */
type MailName = Exclude<keyof FieldsInput | keyof RawInput, "raw"> | Service;

/** Schemas by the name that they have in the document. */
export interface MailSchemas {
  readonly Mailbox: Schema;
  readonly Attachment: Schema;
  readonly Mail: Schema;
  readonly RawMail: Schema;
}

/** Made where they are asked for: sending has no use for them. */
export function mailSchemas(): MailSchemas {
  const Mailbox = mailbox();
  const Attachment = object(named(attachmentFields(), ATTACHMENT_FIELDS.aliases));
  // Lazy, so that the document refers to them rather than to hold them thrice.
  const one = v.lazy(() => Mailbox);
  const fields = mailFields(
    one,
    v.lazy(() => Attachment),
  );
  const { from: _, ...others } = fields;
  const aliases = { ...MAIL_FIELDS.aliases, scheduled_at: "scheduledAt" };
  const absent = v.optional(v.null());
  return {
    Mailbox,
    Attachment,
    Mail: v.pipe(
      object({
        from: said(one, "Who it is from. ALLOWED_SENDERS and the token may restrict it."),
        ...named(others, aliases),
        raw: absent,
      }),
      v.description("A mail by its fields. Null counts as absent; an unknown field is refused."),
    ),
    RawMail: v.pipe(
      object({ ...named(rawFields(fields), aliases), raw: raw() }),
      v.description("A mail as a whole message (RFC 5322), which goes out as it is."),
    ),
  };
}

function mailbox(): Schema {
  const name = said(v.nullish(v.string()), "Shown in place of the address.");
  return said(
    v.union([
      v.string(),
      object({ email: v.string(), name, address: v.optional(v.null()) }),
      object({ address: v.string(), name, email: v.optional(v.null()) }),
    ]),
    'An address as "ann@example.com" or "Ann <ann@example.com>", or its parts.',
  );
}

function mailFields(Mailbox: Schema, Attachment: Schema): Fields<MailName> {
  const mailboxes = v.nullish(many(Mailbox, LIMITS.recipients));
  const text = v.nullish(v.string());
  return {
    from: v.nullish(Mailbox),
    sender: said(
      v.nullish(v.union([Mailbox, none()])),
      "Who sent it, where that is not who it is from.",
    ),
    to: said(mailboxes, "At least one of `to`, `cc`, `bcc` and `envelope.to` is needed."),
    cc: said(mailboxes, "Recipients of a copy."),
    bcc: said(mailboxes, "Recipients that the others do not see: they stand in no header."),
    replyTo: said(mailboxes, "Where answers are to go."),
    subject: said(v.nullish(v.pipe(v.string(), v.maxLength(LIMITS.subjectLength))), "The subject."),
    text: said(text, "The mail as plain text. This, `html`, a file or a calendar is needed."),
    html: said(text, "The mail as HTML."),
    amp: said(text, "AMP for Email, beside `text` or `html`."),
    textFormat: said(v.nullish(v.picklist(["fixed", "flowed", ""])), "`flowed`: RFC 3676."),
    calendar: said(v.nullish(calendar()), "An invitation, or the answer to one (RFC 6047)."),
    attachments: said(
      v.nullish(
        v.union([v.pipe(v.array(Attachment), v.maxLength(LIMITS.attachments)), v.literal("")]),
      ),
      "Files.",
    ),
    headers: said(v.nullish(headers()), "Further header fields: a value, or a list of them."),
    inReplyTo: said(text, "The Message-ID of the mail that this one answers."),
    references: said(
      v.nullish(many(v.string(), LIMITS.references)),
      "The Message-IDs of its thread.",
    ),
    listUnsubscribe: said(
      v.nullish(unsubscribe()),
      "How to be taken off the list, in one click (RFC 8058).",
    ),
    autoSubmitted: said(
      text,
      "Written by a program: `auto-generated`, `auto-replied`, `auto-notified` or `no`.",
    ),
    importance: said(text, "`high`, `normal` or `low`."),
    messageId: said(text, "Generated where absent."),
    date: said(text, "ISO 8601 with a zone. Now where absent."),
    envelope: said(
      v.nullish(envelope()),
      'Where it differs from the header; `from: ""` is the null reverse-path.',
    ),
    dsn: said(v.nullish(dsn()), "Delivery status notifications (RFC 3461)."),
    requireTls: said(v.nullish(v.boolean()), "Every hop must use verified TLS (RFC 8689)."),
    priority: said(v.nullish(whole(-9, 9)), "MT-PRIORITY (RFC 6710)."),
    deliverBy: said(v.nullish(deliverBy()), "Deliver in time, or return or notify (RFC 2852)."),
    holdForSeconds: said(
      v.nullish(whole(1, LIMITS.requestSeconds)),
      "The relay is to hold it for so long (RFC 4865).",
    ),
    scheduledAt: said(
      text,
      "When it is to go: ISO 8601, or as `in 5 minutes`; at most 30 days ahead.",
    ),
    tags: said(v.nullish(tags()), "Shown in the journal and in events, never in the mail."),
  };
}

function rawFields(fields: Fields<MailName>): Fields<Exclude<keyof RawInput, "raw"> | Service> {
  const { from, to, cc, bcc, envelope: path, dsn: notices, requireTls, priority } = fields;
  const { deliverBy: deadline, holdForSeconds, scheduledAt, tags: labels } = fields;
  const transport = { dsn: notices, requireTls, priority, deliverBy: deadline, holdForSeconds };
  return { from, to, cc, bcc, envelope: path, ...transport, scheduledAt, tags: labels };
}

type AttachmentName = (typeof ATTACHMENT_FIELDS.known)[number];

function attachmentFields(): Fields<AttachmentName> {
  const text = v.nullish(v.string());
  const octets = v.array(whole(0, 255));
  return {
    filename: v.nullish(v.union([v.string(), v.literal(false)])),
    type: said(text, "Derived from the file name where absent."),
    content: said(
      v.nullish(
        v.union([
          v.string(),
          octets,
          object({ type: v.literal("Buffer"), data: octets }),
          record(v.pipe(v.string(), v.regex(/^\d+$/)), whole(0, 255)),
        ]),
      ),
      "Base64, or a list of octets, or what JSON makes of a Buffer or Uint8Array.",
    ),
    r2Key: said(text, "In place of `content`: the key of an object in the bucket SPOOL."),
    size: said(v.nullish(whole(0, Number.MAX_SAFE_INTEGER)), "Octets; what has others is refused."),
    disposition: v.nullish(v.picklist(["attachment", "inline", ""])),
    contentId: said(text, "Refer to it in the HTML as `cid:...`; implies `inline`."),
    path: said(
      v.nullish(v.literal("")),
      "Refused where it is given: nothing is fetched from a URL.",
    ),
  };
}

function calendar(): Schema {
  const filename = said(v.nullish(v.string()), "Attach it too, under this name.");
  return object({ method: v.string(), content: v.string(), filename });
}

function headers(): Schema {
  const value = v.nullish(v.union([v.string(), v.array(v.string())]));
  return v.union([record(v.string(), value), v.literal(""), none()]);
}

function unsubscribe(): Schema {
  const text = v.nullish(v.string());
  const flag = v.nullish(v.boolean());
  return object({ url: text, mailto: text, oneClick: flag, one_click: flag });
}

function envelope(): Schema {
  const text = v.nullish(v.string());
  const to = v.nullish(many(v.string(), LIMITS.recipients));
  return object({ from: text, to, submitter: text });
}

function dsn(): Schema {
  const notify = said(
    v.nullish(many(v.string(), 4)),
    "`NEVER` alone, or any of `SUCCESS`, `FAILURE` and `DELAY`.",
  );
  const ret = said(v.nullish(v.string()), "`FULL` or `HDRS`.");
  return object({ notify, ret, envid: v.nullish(v.string()) });
}

function deliverBy(): Schema {
  const mode = said(v.nullish(v.string()), "`R`: return it, `N`: notify.");
  const seconds = whole(-LIMITS.requestSeconds, LIMITS.requestSeconds);
  return object({ seconds, mode, trace: v.nullish(v.boolean()) });
}

function tags(): Schema {
  const word = v.pipe(v.string(), v.regex(/^[\w-]{1,256}$/));
  const tag = object({ name: word, value: word });
  return v.union([v.pipe(v.array(tag), v.maxLength(75)), v.literal(""), tag]);
}

function raw(): Schema {
  return said(
    v.union([v.pipe(v.string(), v.minLength(1)), object({ base64: v.string() })]),
    "The message, its lines ended by CRLF or LF; as base64 where it is not UTF-8.",
  );
}

/** One or a list, as most lists may be given. */
function many(item: Schema, most: number): Schema {
  return v.union([item, v.pipe(v.array(item), v.maxLength(most))]);
}

function object(entries: v.ObjectEntries): Schema & { readonly entries: v.ObjectEntries } {
  return noList(v.strictObject(entries));
}

function record(name: v.GenericSchema<string, string>, value: Schema): Schema {
  return noList(v.record(name, value));
}

/** Valibot takes a list for an object; JSON Schema, and the judge, do not. */
function noList<S extends Schema>(schema: S): S {
  return {
    ...schema,
    "~run": (dataset: v.UnknownDataset, config: v.Config<v.BaseIssue<unknown>>) =>
      schema["~run"](Array.isArray(dataset.value) ? { value: null } : dataset, config),
  };
}

function none(): Schema {
  return v.pipe(v.array(v.unknown()), v.maxLength(0));
}

function whole(least: number, most: number): Schema {
  return v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
}

/** The fields with their other spellings. */
function named(
  fields: Readonly<Record<string, Schema>>,
  aliases: Readonly<Record<string, string>>,
): Record<string, Schema> {
  const others = Object.entries(aliases).flatMap(([alias, name]) => {
    const schema = fields[name];
    return schema === undefined
      ? []
      : [[alias, said(schema, `Another spelling of \`${name}\`.`)] as const];
  });
  return { ...fields, ...Object.fromEntries(others) };
}

function said(schema: Schema, description: string): Schema {
  return v.pipe(schema, v.description(description));
}
