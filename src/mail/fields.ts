/**
 * Reading an object of unknown origin, field by field: own fields only, each known by name or
 * refused by name, every problem with a pointer (RFC 6901 §3) to the place. What a mail is, is not
 * decided here.
 */
import type { Problem } from "../smtp/outcome.ts";
import { LIMITS } from "./limits.ts";

/** An object in the making, whose fields are set one by one: each spread into a literal costs a copy. */
export type Draft<T> = { -readonly [Key in keyof T]: T[Key] };

/** One field that was given, under the name that the caller wrote. */
export interface Field {
  readonly name: string;
  readonly pointer: string;
  readonly value: unknown;
}

/** The names a kind of object may have. */
export interface Schema {
  readonly known: readonly string[];
  /** Other spellings, and the known name each stands for. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Names that a later version knows: refused as such, never silently ignored. */
  readonly unsupported: readonly string[];
  /** Known names that take one or many: an empty text or list of them counts as absent. */
  readonly lists?: readonly string[];
  /** In a configuration an unknown name may be a secret that slipped: it is not repeated. */
  readonly isSecret?: true;
}

/** As much of a name stands in a pointer: no field has a longer one. */
const MAX_POINTED_LENGTH = 256;

/**
 * The given fields under their canonical names. Null and undefined count as absent. None are read of
 * an object that is crowded, and none after as many problems as are told.
 */
export function readFields(
  input: object,
  schema: Schema,
  { pointer, problems }: { readonly pointer: string; readonly problems: Problem[] },
): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  const crowd = crowdOf(input, pointer);
  if (crowd !== undefined) {
    problems.push(crowd);
    return fields;
  }
  for (const [name, value] of Object.entries(input)) {
    if (value === null || value === undefined) continue;
    if (problems.length >= LIMITS.problems) break;
    const place = `${pointer}/${escapePointer(name.slice(0, MAX_POINTED_LENGTH))}`;
    const field = { name, pointer: place, value };
    const canonical = Object.hasOwn(schema.aliases, name) ? (schema.aliases[name] ?? name) : name;
    const earlier = fields.get(canonical);
    if (schema.unsupported.includes(canonical)) {
      if (isEmpty(value)) continue;
      problems.push({
        pointer: field.pointer,
        detail: `The \`${name}\` field is not supported by this version.`,
      });
    } else if (!schema.known.includes(canonical)) {
      problems.push(unknownField(field, schema, pointer));
    } else if (earlier === undefined) fields.set(canonical, field);
    else if (isNothing(value, earlier.value, schema.lists?.includes(canonical))) continue;
    else if (isNothing(earlier.value, value, schema.lists?.includes(canonical))) {
      fields.set(canonical, field);
    } else if (!isSame(earlier.value, value, 3)) {
      report(problems, field, `It is the same field as \`${earlier.name}\`, with another value.`);
    }
  }
  return fields;
}

/** What is wrong with an object that has more members than any that is meant: to be asked first. */
export function crowdOf(input: object, pointer: string): Problem | undefined {
  const { length } = Object.keys(input);
  if (length <= LIMITS.members) return undefined;
  return { pointer, detail: `It has ${length} fields; at most ${LIMITS.members} are read.` };
}

function unknownField(field: Field, { isSecret, known }: Schema, pointer: string): Problem {
  if (isSecret === undefined) {
    return { pointer: field.pointer, detail: `Unknown field \`${printable(field.name)}\`.` };
  }
  const names = known.map((one) => `\`${one}\``).join(", ");
  return { pointer, detail: `There is an unknown field. The fields are ${names}.` };
}

/** Adds a problem with the field: ``Invalid `subject` field.`` and the reason. */
export function report(problems: Problem[], field: Omit<Field, "value">, reason: string): void {
  problems.push({ pointer: field.pointer, detail: `Invalid \`${field.name}\` field. ${reason}` });
}

/** The string in the field; undefined where there is none, or none that is Unicode text. */
export function readString(field: Field | undefined, problems: Problem[]): string | undefined {
  if (field === undefined) return undefined;
  if (typeof field.value !== "string") report(problems, field, "It must be a string.");
  else if (!field.value.isWellFormed()) report(problems, field, LONE_SURROGATE);
  else return field.value;
  return undefined;
}

/** The choice that the field names in any case of letters, spelled as the choices are. */
export function readChoice<T extends string>(
  field: Field | undefined,
  choices: readonly T[],
  problems: Problem[],
): T | undefined {
  if (field === undefined) return undefined;
  const text = typeof field.value === "string" ? field.value.toLowerCase() : undefined;
  const choice = choices.find((one) => one.toLowerCase() === text);
  if (choice === undefined) report(problems, field, `It must be ${choices.join(", ")}.`);
  return choice;
}

/** Whether the field is true; undefined where there is none, or neither true nor false. */
export function readFlag(field: Field | undefined, problems: Problem[]): boolean | undefined {
  if (field === undefined) return undefined;
  if (typeof field.value === "boolean") return field.value;
  report(problems, field, "It must be true or false.");
  return undefined;
}

/**
 * The items of a field that takes one or many, each with its own pointer. An empty string or list
 * counts as absent. More than the limit is one problem and no items.
 */
export function readItems(
  field: Field | undefined,
  limit: number,
  problems: Problem[],
): readonly Field[] {
  if (field === undefined || field.value === "") return [];
  if (!Array.isArray(field.value)) return [field];
  const values: readonly unknown[] = field.value;
  if (values.length > limit) {
    report(problems, field, `It has ${values.length} entries; at most ${limit} are allowed.`);
    return [];
  }
  const items: Field[] = [];
  // By index, so that the holes of a sparse array are refused and not skipped.
  for (let index = 0; index < values.length; index++) {
    items.push(itemOf(field, index, values[index]));
  }
  return items;
}

/** The item of a list, under the name of the list. */
export function itemOf(field: Field, index: number, value: unknown): Field {
  return { name: field.name, pointer: `${field.pointer}/${index}`, value };
}

/** Whether the value is an object with fields, rather than a list, octets or a date. */
export function isRecord(value: unknown): value is object {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof ArrayBuffer) &&
    !(value instanceof Date)
  );
}

/** RFC 6901 §3. */
function escapePointer(name: string): string {
  // Nearly no name has either, and two searches that replace nothing still cost.
  return /[~/]/.test(name) ? name.replaceAll("~", "~0").replaceAll("/", "~1") : name;
}

/** A name from outside, short and fit to be shown. */
export function printable(name: string): string {
  return name.slice(0, 64).replaceAll(/[^ -~]|`/g, "?");
}

const LONE_SURROGATE = "It holds half of a surrogate pair, which UTF-8 cannot carry.";

/** What some clients send for a field that they do not have. */
function isEmpty(value: unknown): boolean {
  return value === "" || (Array.isArray(value) && value.length === 0);
}

/** Whether the value says nothing beside the other: an empty text beside a text, or an empty list. */
function isNothing(value: unknown, other: unknown, isList = false): boolean {
  return isList ? isEmpty(value) : value === "" && typeof other === "string";
}

/** Compares JSON-like values as deep as a list of mailbox objects goes; what is crowded is not the same. */
function isSame(one: unknown, other: unknown, depth: number): boolean {
  if (Object.is(one, other)) return true;
  if (depth === 0) return false;
  if (one instanceof Date && other instanceof Date) return one.getTime() === other.getTime();
  if (Array.isArray(one) && Array.isArray(other)) {
    const others: readonly unknown[] = other;
    if (one.length !== others.length || one.length > LIMITS.recipients) return false;
    return one.every((item, index) => isSame(item, others[index], depth - 1));
  }
  if (!isRecord(one) || !isRecord(other)) return false;
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length || names.length > LIMITS.members) return false;
  const others = new Map<string, unknown>(Object.entries(other));
  return Object.entries(one).every(
    ([name, value]) => others.has(name) && isSame(value, others.get(name), depth - 1),
  );
}
