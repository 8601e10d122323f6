/**
 * A posting: a mail as it is handed to the service rather than to the library, with what the service does
 * about it and no relay ever sees: when it is to go, and the tags under which it is found again.
 */
import { parseDate } from "./mail/date.ts";
import { crowdOf, isRecord, readFields, readItems, readString, report } from "./mail/fields.ts";
import type { Field } from "./mail/fields.ts";
import { LIMITS } from "./mail/limits.ts";
import type { MailInput, ParsedMail } from "./mail/mail.ts";
import { parseMail, type ParseOptions } from "./mail/parse-mail.ts";
import { invalid, valid, type Result } from "./result.ts";
import type { Problem } from "./smtp/outcome.ts";

export interface Tag {
  readonly name: string;
  readonly value: string;
}

/** What callers of the service write: a mail, and when it goes, and its tags. */
export type PostingInput = MailInput & {
  /** ISO 8601, in UTC where it names no zone, or `in 5 minutes`; at most 30 days ahead. */
  readonly scheduledAt?: string | Date | null;
  /** ASCII letters, digits, `_` and `-`; shown in the journal and in events, never in the mail. */
  readonly tags?: readonly Tag[] | null;
};

/** A valid posting. */
export interface Posting {
  readonly mail: ParsedMail;
  /** Absent where it is to go now. */
  readonly scheduledAt?: Date;
  readonly tags: readonly Tag[];
}

/** How far ahead a mail may be scheduled. */
export const MAX_AHEAD_MS: number = 30 * 86_400_000;
/** A time that has just passed means now: clocks differ, and requests take their time. */
const MAX_PAST_MS = 3_600_000;
const MAX_TAGS = 75;
const MAX_TAG_LENGTH = 256;

const ENVELOPE = {
  known: ["scheduledAt", "tags"],
  aliases: { scheduled_at: "scheduledAt" },
  unsupported: [],
};
const NAMES: ReadonlySet<string> = new Set(["scheduledAt", "scheduled_at", "tags"]);
const TAG = { known: ["name", "value"], aliases: {}, unsupported: [] };

/** The posting, or everything that is wrong with the input. */
export function parsePosting(
  input: unknown,
  options: ParseOptions = {},
): Result<Posting, readonly Problem[]> {
  if (!isRecord(input)) return asPosting(parseMail(input, options));
  const crowd = crowdOf(input, "");
  if (crowd !== undefined) return invalid([crowd]);
  const problems: Problem[] = [];
  const entries = Object.entries(input);
  const own = Object.fromEntries(entries.filter(([name]) => NAMES.has(name)));
  const fields = readFields(own, ENVELOPE, { pointer: "", problems });
  const now = options.now ?? new Date();
  const scheduledAt = readScheduledAt(fields.get("scheduledAt"), now, problems);
  const tags = readTags(fields.get("tags"), problems);
  const mail = parseMail(Object.fromEntries(entries.filter(([name]) => !NAMES.has(name))), options);
  if (!mail.ok) problems.push(...mail.problems);
  if (!mail.ok || problems.length > 0) return invalid(problems.slice(0, LIMITS.problems));
  return valid({
    mail: mail.value,
    tags,
    ...(scheduledAt === undefined || scheduledAt <= now ? {} : { scheduledAt }),
  });
}

/** What is said of a text that is no time. */
export const NO_TIME = "It must be ISO 8601, as `2026-12-01T10:00:00Z`, or like `in 5 minutes`.";

/** The instant at which a mail is to go, or what is wrong with the text. */
export function parseSchedule(value: unknown, now: Date): Result<Date, string> {
  const isText = typeof value === "string";
  const date =
    parseDate(value) ?? (isText ? (parseDate(`${value}Z`) ?? relative(value, now)) : undefined);
  if (date === undefined) return invalid(NO_TIME);
  const aheadMs = date.getTime() - now.getTime();
  if (aheadMs > MAX_AHEAD_MS) return invalid("It may be at most 30 days ahead.");
  return aheadMs < -MAX_PAST_MS ? invalid("It lies in the past.") : valid(date);
}

function asPosting(
  mail: Result<ParsedMail, readonly Problem[]>,
): Result<Posting, readonly Problem[]> {
  return mail.ok ? valid({ mail: mail.value, tags: [] }) : mail;
}

function readScheduledAt(
  field: Field | undefined,
  now: Date,
  problems: Problem[],
): Date | undefined {
  if (field === undefined || field.value === "") return undefined;
  const date = parseSchedule(field.value, now);
  if (date.ok) return date.value;
  report(problems, field, date.problems);
  return undefined;
}

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** `in 5 min`, `in 1 hour`: the words of the Resend API that mean one thing in every place. */
function relative(value: string, now: Date): Date | undefined {
  const match =
    /^in (\d{1,6}|an?) (s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?)$/i.exec(
      value.trim(),
    );
  const unit = UNIT_MS.get(match?.[2]?.slice(0, 1).toLowerCase() ?? "");
  if (match === null || unit === undefined) return undefined;
  const count = /^\d/.test(match[1] ?? "") ? Number(match[1]) : 1;
  return new Date(now.getTime() + count * unit);
}

function readTags(field: Field | undefined, problems: Problem[]): Tag[] {
  if (field === undefined) return [];
  const tags: Tag[] = [];
  for (const item of readItems(field, MAX_TAGS, problems)) {
    if (!isRecord(item.value)) {
      report(problems, item, "It must be an object with `name` and `value`.");
      continue;
    }
    const fields = readFields(item.value, TAG, { pointer: item.pointer, problems });
    const name = readTagText(fields.get("name"), { item, member: "name" }, problems);
    const value = readTagText(fields.get("value"), { item, member: "value" }, problems);
    if (name === undefined || value === undefined) continue;
    if (tags.some((tag) => tag.name === name)) {
      report(problems, item, "There is a tag of this name already.");
    } else tags.push({ name, value });
  }
  return tags;
}

function readTagText(
  field: Field | undefined,
  { item, member }: { readonly item: Field; readonly member: string },
  problems: Problem[],
): string | undefined {
  if (field === undefined) {
    report(problems, item, `Missing \`${member}\`.`);
    return undefined;
  }
  const text = readString(field, problems);
  if (text === undefined) return undefined;
  if (/^[\w-]+$/.test(text) && text.length <= MAX_TAG_LENGTH) return text;
  const rule = `Tags have 1 to ${MAX_TAG_LENGTH} ASCII letters, numbers, underscores, or dashes.`;
  report(problems, field, rule);
  return undefined;
}
