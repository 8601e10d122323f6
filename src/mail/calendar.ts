/**
 * An invitation or its answer: a calendar object (RFC 5545 §3.4) that travels as a part of a mail
 * (RFC 6047 §2.4). Only what a mail reader goes by is looked at: that it is whole, and its method. Its
 * components are the caller's.
 */
import type { Problem } from "../smtp/outcome.ts";
import {
  isRecord,
  printable,
  readChoice,
  readFields,
  readString,
  report,
  type Field,
} from "./fields.ts";
import { filenameFault } from "./filename.ts";
import { toCrlf } from "./line-ends.ts";
import type { Calendar } from "./mail.ts";

/** RFC 5546 §1.4. */
const METHODS = [
  "PUBLISH",
  "REQUEST",
  "REPLY",
  "ADD",
  "CANCEL",
  "REFRESH",
  "COUNTER",
  "DECLINECOUNTER",
] as const;

const SCHEMA = { known: ["method", "content", "filename"], aliases: {}, unsupported: [] };

/** The calendar, its content from BEGIN to END in lines with CRLF; undefined where there is none. */
export function readCalendar(field: Field | undefined, problems: Problem[]): Calendar | undefined {
  if (field === undefined) return undefined;
  if (!isRecord(field.value)) {
    report(problems, field, "It must be an object with `method` and `content`.");
    return undefined;
  }
  const fields = readFields(field.value, SCHEMA, { pointer: field.pointer, problems });
  for (const name of ["method", "content"]) {
    if (!fields.has(name)) report(problems, field, `Missing \`${name}\`.`);
  }
  const method = readChoice(fields.get("method"), METHODS, problems);
  const content = readContent(fields.get("content"), method, problems);
  const filename = readFilename(fields.get("filename"), problems);
  if (method === undefined || content === undefined) return undefined;
  return { method, content, ...(filename === undefined ? {} : { filename }) };
}

/** The media type of its part (RFC 6047 §2.4). */
export function calendarType({ method }: Calendar): string {
  return `text/calendar; charset=utf-8; method=${method}`;
}

function readContent(
  field: Field | undefined,
  method: string | undefined,
  problems: Problem[],
): string | undefined {
  const text = readString(field, problems);
  if (field === undefined || text === undefined) return undefined;
  const content = toCrlf(trimBlank(text));
  const fault = contentFault(content, method);
  if (fault === undefined) return `${content}\r\n`;
  report(problems, field, fault);
  return undefined;
}

/** The sentence that says why it is no calendar of the method, which may be unknown. */
function contentFault(content: string, method: string | undefined): string | undefined {
  // RFC 5545 §3.1: no control character but TAB stands in a line; C1 has no meaning there either.
  if (/[^\t\r\n -~\u00a0-\uffff]/.test(content))
    return "It holds NUL or another control character.";
  const lines = content.replaceAll(/\r\n[\t ]/g, "").split("\r\n");
  const begins = lines.filter((line) => /^BEGIN:VCALENDAR$/i.test(line)).length;
  if (!/^BEGIN:VCALENDAR$/i.test(lines[0] ?? "")) return "It must begin with `BEGIN:VCALENDAR`.";
  if (!/^END:VCALENDAR$/i.test(lines.at(-1) ?? "")) return "It must end with `END:VCALENDAR`.";
  if (method === undefined) return undefined;
  const named = lines
    .map((line) => /^METHOD(?:;[^:]*)?:(.*)$/i.exec(line)?.[1])
    .filter((name) => name !== undefined);
  // RFC 6047 §2.4: both MUST be the same, and without the property it is nobody's invitation.
  const other = named.find((name) => name.toUpperCase() !== method);
  if (other !== undefined) {
    return `It says \`METHOD:${printable(other)}\`, and the \`method\` is ${method}; they must be the same.`;
  }
  if (named.length === begins) return undefined;
  return `Each \`VCALENDAR\` in it must have one line \`METHOD:${method}\`.`;
}

function readFilename(field: Field | undefined, problems: Problem[]): string | undefined {
  if (field === undefined || field.value === "") return undefined;
  const filename = readString(field, problems);
  if (filename === undefined) return undefined;
  // Readers that offer to save it go by the extension.
  const fault =
    filenameFault(filename) ?? (/.\.ics$/i.test(filename) ? undefined : "It must end in `.ics`.");
  if (fault !== undefined) report(problems, field, fault);
  return filename;
}

/** Without blanks and line ends around it. String.trim also drops what nobody sees. */
function trimBlank(text: string): string {
  const isBlank = (at: number): boolean => " \t\r\n".includes(text[at] ?? "x");
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(start)) start++;
  while (end > start && isBlank(end - 1)) end--;
  return text.slice(start, end);
}
