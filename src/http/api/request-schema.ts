/**
 * What requests other than a mail may hold: the very schemas by which the routes judge them, and of which
 * the document is made. Each message is the reason that is told. Loaded by those routes alone: sending a
 * mail has no use for it.
 */
import * as v from "valibot";

import { isRecord, printable } from "../../mail/fields.ts";
import { addressOf, parseAddress } from "../../mail/mailbox.ts";
import { NO_TIME } from "../../posting.ts";
import { STATUS_WORDS } from "../mail-object.ts";

type Schema<T> = v.GenericSchema<unknown, T>;
/** Of an object: its members can be told one by one. */
type Members<T> = Schema<T> & { readonly entries: Readonly<Record<string, v.GenericSchema>> };

/** What is known of a request that its schema takes, by the name of the schema. */
export interface Requests {
  /** In small letters. */
  readonly MailId: string;
  /** As in an envelope. */
  readonly Address: string;
  readonly EmailPage: Page & {
    readonly before?: string | undefined;
    readonly status?: readonly string[] | undefined;
  };
  readonly SuppressionPage: Page;
  readonly Reschedule: Readonly<
    Partial<
      Record<(typeof TIME_NAMES)[number] | (typeof ID_NAMES)[number], string | null | undefined>
    >
  >;
  readonly NewSuppression: {
    readonly address?: string | null | undefined;
    readonly email?: string | null | undefined;
    readonly note?: string | null | undefined;
  };
  readonly BatchValidation: "strict" | "permissive";
}

interface Page {
  readonly limit: number;
  readonly after?: string | undefined;
}

const AFTER = "The page after this item, which is left out.";
const LIMIT_RULE = "`limit` must be a whole number from 1 to 100.";
/** The spellings of one field; the first is the one that is missed. */
const TIME_NAMES = ["scheduled_at", "scheduledAt"] as const;
const ID_NAMES = ["id", "email_id", "emailId"] as const;
const ADDRESS_NAMES = ["address", "email"] as const;

/** By the name that each has in the document, if it has one there. */
export const REQUESTS: {
  readonly [Name in keyof Requests]: Name extends "MailId" | "Address" | "BatchValidation"
    ? Schema<Requests[Name]>
    : Members<Requests[Name]>;
} = {
  MailId: said(uuid("The `id` must be a valid UUID."), "The id of the mail."),
  Address: said(
    address("The path does not end in an address. "),
    "An address as in an envelope; it is its own id.",
  ),
  EmailPage: v.pipe(
    query({
      limit: limit(),
      after: cursor(uuid("`after` must be the id of an email."), AFTER),
      before: cursor(uuid("`before` must be the id of an email."), "The page before this item."),
      status: said(
        v.optional(
          v.array(
            v.picklist(STATUS_WORDS, `\`status\` must be one of ${STATUS_WORDS.join(", ")}.`),
          ),
        ),
        "Only those; several are separated by commas.",
      ),
    }),
    v.check(
      ({ after, before }) => after === undefined || before === undefined,
      "Give `after` or `before`, not both.",
    ),
  ),
  SuppressionPage: query({
    limit: limit(),
    after: cursor(address("`after` is no address. "), AFTER),
  }),
  Reschedule: v.pipe(
    body({
      ...spellings(
        TIME_NAMES,
        said(
          v.nullish(text(NO_TIME)),
          "ISO 8601, or as `in 5 minutes`; at most 30 days ahead. One spelling is needed.",
        ),
      ),
      ...spellings(ID_NAMES, said(v.nullish(text()), "That of the path, where it is given.")),
    }),
    sameIn(TIME_NAMES, { isNeeded: true }),
    sameIn(ID_NAMES, { isNeeded: false }),
  ),
  NewSuppression: v.pipe(
    body({
      ...spellings(ADDRESS_NAMES, said(v.nullish(address("")), "One spelling is needed.")),
      note: v.nullish(v.pipe(text(), v.maxLength(500, "It is longer than 500 characters."))),
    }),
    sameIn(ADDRESS_NAMES, { isNeeded: true }),
  ),
  BatchValidation: said(
    v.optional(
      v.picklist(["strict", "permissive"], "`x-batch-validation` is `strict` or `permissive`."),
      "strict",
    ),
    "`strict`: all are valid, or none is sent. `permissive`: those that are.",
  ),
};

function said<T>(schema: Schema<T>, description: string): Schema<T> {
  return v.pipe(schema, v.description(description));
}

/** Unicode text: what UTF-8 cannot carry is none. */
function text(rule = "It must be a string."): Schema<string> {
  return v.pipe(
    v.string(rule),
    v.check(
      (value) => value.isWellFormed(),
      "It holds half of a surrogate pair, which UTF-8 cannot carry.",
    ),
  );
}

function uuid(rule: string): Schema<string> {
  return v.pipe(v.string(rule), v.uuid(rule), v.toLowerCase());
}

/** The address as in an envelope. JSON Schema has no word for its grammar: `email` is another. */
function address(before: string): Schema<string> {
  return v.pipe(
    text(),
    v.rawTransform(({ dataset: { value }, addIssue, NEVER }) => {
      const parsed = parseAddress(value);
      if (parsed.ok) return addressOf(parsed.value);
      addIssue({ message: `${before}${parsed.problems}` });
      return NEVER;
    }),
  );
}

function limit(): Schema<number> {
  const whole = v.pipe(
    v.number(LIMIT_RULE),
    v.integer(LIMIT_RULE),
    v.minValue(1, LIMIT_RULE),
    v.maxValue(100, LIMIT_RULE),
  );
  return said(v.optional(whole, 20), "Of one page.");
}

function cursor(schema: Schema<string>, description: string): Schema<string | undefined> {
  return said(v.optional(schema), description);
}

/** What is not understood is refused, since it would show another page. */
function query<Entries extends v.ObjectEntries>(
  entries: Entries,
): v.StrictObjectSchema<Entries, (issue: v.StrictObjectIssue) => string> {
  const known = Object.keys(entries).join("`, `");
  return v.strictObject(
    entries,
    ({ input }) =>
      `Unknown query parameter \`${printable(String(input))}\`: there are \`${known}\`.`,
  );
}

function body<Entries extends v.ObjectEntries>(
  entries: Entries,
): v.StrictObjectSchema<Entries, (issue: v.StrictObjectIssue) => string> {
  return v.strictObject(entries, ({ input }) => `Unknown field \`${printable(String(input))}\`.`);
}

function spellings<Name extends string, T>(
  names: readonly Name[],
  schema: Schema<T>,
): Record<Name, Schema<T>> {
  return Object.fromEntries(names.map((name) => [name, schema])) as Record<Name, Schema<T>>;
}

/** Refuses two spellings with two values, and, where the field is needed, none; JSON Schema says neither. */
function sameIn<Input extends object>(
  names: readonly string[],
  { isNeeded }: { readonly isNeeded: boolean },
): v.RawCheckAction<Input> {
  return v.rawCheck(({ dataset: { value }, addIssue }) => {
    if (!isRecord(value)) return;
    const given = Object.entries(value).filter(
      ([name, member]) => names.includes(name) && member !== null && member !== undefined,
    );
    const [first] = given;
    if (first === undefined) {
      const [name = ""] = names;
      if (isNeeded)
        addIssue({ message: `Missing \`${name}\` field.`, path: [placeOf(value, name)] });
      return;
    }
    for (const [name, member] of given.slice(1)) {
      if (member === first[1]) continue;
      const message = `Invalid \`${name}\` field. It is the same field as \`${first[0]}\`, with another value.`;
      addIssue({ message, path: [placeOf(value, name)] });
    }
  });
}

function placeOf(input: object, key: string): v.ObjectPathItem {
  const record: Record<string, unknown> = { ...input };
  return { type: "object", origin: "value", input: record, key, value: record[key] };
}
