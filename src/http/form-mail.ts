/**
 * The parts of a form as the input of a mail: texts are fields, JSON where a field is no text, and files
 * are attachments, or the texts of the mail. Whether the values are any good is for `parseMail` to say.
 */
import { crowdOf, printable, report } from "../mail/fields.ts";
import { UNKNOWN_TYPE } from "../mail/media-type.ts";
import { parseContentId } from "../mail/message-id.ts";
import type { Problem } from "../smtp/outcome.ts";
import type { MailBody } from "./body.ts";

/** Fields that may be given more than once, aliases included. */
const LISTS = new Set(["to", "cc", "bcc", "replyTo", "reply_to", "references"]);
/** Fields whose value is an object or a list of objects. */
const OBJECTS = new Set([
  "headers",
  "envelope",
  "dsn",
  "deliverBy",
  "deliver_by",
  "listUnsubscribe",
  "list_unsubscribe",
  "calendar",
  "attachments",
  "tags",
]);
/** Fields whose value is a number or a boolean. */
const SCALARS = new Set([
  "requireTls",
  "require_tls",
  "priority",
  "holdForSeconds",
  "hold_for_seconds",
]);
/** Fields that may be a file. */
const TEXTS = new Set(["text", "html", "amp", "raw"]);
/** Parts that are attachments, and how they are shown. */
const ATTACHED: ReadonlyMap<string, "attachment" | "inline"> = new Map([
  ["attachments", "attachment"],
  ["attachment", "attachment"],
  ["inline", "inline"],
]);
/** Stands for a value with a problem of its own: `parseMail` has its own about it, and no others. */
const UNFIT = false;

/** What the form says, and which of its parts cannot be what they are called. */
export async function mailOfForm(form: FormData): Promise<MailBody> {
  const problems: Problem[] = [];
  const texts = new Map<string, string[]>();
  const files: { readonly name: string; readonly file: File }[] = [];
  for (const [name, value] of form) {
    if (typeof value !== "string") files.push({ name, file: value });
    else texts.set(name, [...(texts.get(name) ?? []), value]);
  }
  const fields = readTexts(texts, problems);
  await addFiles(files, fields, problems);
  // Own properties, whatever they are called: `__proto__` is one field more.
  return { input: Object.fromEntries(fields), problems };
}

function readTexts(
  texts: ReadonlyMap<string, readonly string[]>,
  problems: Problem[],
): Map<string, unknown> {
  const fields = new Map<string, unknown>();
  const headers = new Map<string, unknown>();
  for (const [name, values] of texts) {
    const header = /^headers\[(.*)\]$/s.exec(name)?.[1];
    const pointer = header === undefined ? pointerTo(name) : `/headers${pointerTo(header)}`;
    const part = { name: printable(name), pointer, values };
    if (header !== undefined) headers.set(header, readHeader(part, problems));
    else if (name === "attachment" || name === "inline") refuseText(part, problems);
    else {
      const value = readText(name, part, problems);
      if (value !== undefined) fields.set(name, value);
    }
  }
  if (headers.size > 0) fields.set("headers", merged(fields.get("headers"), headers));
  return fields;
}

async function addFiles(
  files: readonly { readonly name: string; readonly file: File }[],
  fields: Map<string, unknown>,
  problems: Problem[],
): Promise<void> {
  const attachments: unknown[] = [];
  for (const { name, file } of files) {
    const disposition = ATTACHED.get(name);
    const part = { name: printable(name), pointer: pointerTo(name) };
    if (disposition !== undefined) attachments.push(await attachmentOf(file, disposition));
    else if (!TEXTS.has(name)) {
      report(problems, part, NO_FILE);
      fields.set(name, UNFIT);
    } else if (fields.has(name)) {
      report(problems, part, "It stands in the form more than once.");
      fields.set(name, UNFIT);
    } else fields.set(name, await readFile(name, { part, file }, problems));
  }
  if (attachments.length === 0) return;
  const given = fields.get("attachments") ?? [];
  // What is no list is left to be refused.
  fields.set("attachments", Array.isArray(given) ? [...given, ...attachments] : given);
}

interface Part {
  readonly name: string;
  readonly pointer: string;
}

interface TextPart extends Part {
  readonly values: readonly string[];
}

const NO_FILE =
  "It may not be a file. Files are given as `attachments`, `attachment` or `inline`; `text`, " +
  "`html`, `amp` and `raw` may be files, too.";

/** The value of the field as JSON would have it; undefined where it is empty, and counts as absent. */
function readText(name: string, part: TextPart, problems: Problem[]): unknown {
  const { values } = part;
  const [value = "", ...others] = values;
  if (!isUtf8(part, problems)) return UNFIT;
  if (LISTS.has(name)) return others.length === 0 ? value : values;
  if (others.length > 0) {
    report(problems, part, `It stands in the form ${values.length} times; once is allowed.`);
    return UNFIT;
  }
  if (!OBJECTS.has(name) && !SCALARS.has(name)) return value;
  if (value.trim() === "") return undefined;
  try {
    return JSON.parse(value);
  } catch {
    // What a number or a boolean must be like, parseMail says best.
    if (SCALARS.has(name)) return value;
    report(problems, part, "In a form it must be JSON, and this is not.");
    return UNFIT;
  }
}

function readHeader(part: TextPart, problems: Problem[]): unknown {
  if (!isUtf8(part, problems)) return UNFIT;
  return part.values.length === 1 ? part.values[0] : part.values;
}

/** A file without a name comes as text, cut to what is UTF-8 of it; empty where none was chosen. */
function refuseText(part: TextPart, problems: Problem[]): void {
  if (part.values.every((value) => value === "")) return;
  report(problems, part, `It needs a file name, as in \`curl -F ${part.name}=@report.pdf\`.`);
}

/** The platform puts U+FFFD for what is no UTF-8, and does not tell. */
function isUtf8(part: TextPart, problems: Problem[]): boolean {
  if (!part.values.some((value) => value.includes("\ufffd"))) return true;
  report(problems, part, "It is not UTF-8, or holds U+FFFD, which stands for what is not.");
  return false;
}

/** The headers of both ways to give them; what is no object is left to be refused. */
function merged(given: unknown, headers: ReadonlyMap<string, unknown>): unknown {
  if (given === undefined || given === null) return Object.fromEntries(headers);
  if (typeof given !== "object" || Array.isArray(given)) return given;
  if (crowdOf(given, "") !== undefined) return given;
  const all = new Map<string, unknown>(Object.entries(given));
  for (const [name, value] of headers) {
    all.set(name, all.has(name) ? [all.get(name), value].flat() : value);
  }
  return Object.fromEntries(all);
}

async function readFile(
  name: string,
  { part, file }: { readonly part: Part; readonly file: File },
  problems: Problem[],
): Promise<unknown> {
  const octets = await file.arrayBuffer();
  if (name === "raw") return octets;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(octets);
  } catch {
    report(problems, part, "The file is not UTF-8.");
    return UNFIT;
  }
}

async function attachmentOf(file: File, disposition: "attachment" | "inline"): Promise<object> {
  const filename = fileNameOf(file);
  const id = disposition === "inline" ? parseContentId(filename) : undefined;
  const bareType = file.type.split(";")[0]?.trim().toLowerCase();
  return {
    filename,
    // What clients say of a file that they know nothing of; its name may tell more.
    ...(bareType === "" || bareType === UNKNOWN_TYPE ? {} : { type: file.type }),
    content: await file.arrayBuffer(),
    disposition,
    ...(id?.ok === true ? { contentId: id.value } : {}),
  };
}

/** Browsers and curl write a quote and line ends in a file name so (WHATWG HTML, multipart/form-data). */
function fileNameOf(file: File): string {
  return file.name.replaceAll(/%(?:22|0a|0d)/gi, decodeURIComponent);
}

/** As in fields.ts, of the whole name. */
function pointerTo(name: string): string {
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
