/**
 * The attachments of a mail: content in any of the forms that clients send, and what is said about
 * it. Nothing is ever fetched: a `path` is refused, not followed. Streams and stored objects are read
 * by `loadMail`, once the whole mail is known to be valid.
 */
import type { Problem } from "../smtp/outcome.ts";
import { decodeBase64 } from "./base64.ts";
import { isRecord, itemOf, readFields, readString, report } from "./fields.ts";
import type { Field } from "./fields.ts";
import { filenameFault } from "./filename.ts";
import { LIMITS } from "./limits.ts";
import { isReadable } from "./read-stream.ts";
import type { ParsedAttachment } from "./mail.ts";
import { UNKNOWN_TYPE, extensionOfType, parseMediaType, typeOfFilename } from "./media-type.ts";
import { parseContentId } from "./message-id.ts";
import { isMessageType, messageForm } from "./transfer-encoding.ts";

/** What S3 and R2 take as a key. */
const MAX_KEY_OCTETS = 1_024;
/** Objects of ours in the bucket: mails of others may be among them. */
const OWN_PREFIX = "postrider/";

/** The names of the members of an attachment, and their other spellings. */
export const ATTACHMENT_FIELDS = {
  known: ["filename", "type", "content", "r2Key", "size", "disposition", "contentId", "path"],
  aliases: {
    r2_key: "r2Key",
    content_type: "type",
    contentType: "type",
    content_id: "contentId",
    inline_content_id: "contentId",
  },
  unsupported: [],
} as const;

/** The attachments that are valid; each that is not adds its problems. */
export function readAttachments(field: Field | undefined, problems: Problem[]): ParsedAttachment[] {
  if (field === undefined || field.value === "") return [];
  if (!Array.isArray(field.value)) {
    report(problems, field, "It must be an array.");
    return [];
  }
  const values: readonly unknown[] = field.value;
  if (values.length > LIMITS.attachments) {
    report(problems, field, `At most ${LIMITS.attachments} attachments are allowed.`);
    return [];
  }
  const contentIds = new Set<string>();
  return Array.from(values, (value, index) => {
    const attachment = readAttachment(itemOf(field, index, value), index, problems);
    const id = attachment?.contentId;
    if (id !== undefined && contentIds.has(id)) {
      report(problems, itemOf(field, index, value), `The content ID \`${id}\` is there twice.`);
    }
    if (id !== undefined) contentIds.add(id);
    return attachment === undefined ? [] : [attachment];
  }).flat();
}

function readAttachment(
  item: Field,
  index: number,
  problems: Problem[],
): ParsedAttachment | undefined {
  if (!isRecord(item.value)) {
    report(problems, item, "An attachment must be an object with `filename` and `content`.");
    return undefined;
  }
  const before = problems.length;
  const fields = readFields(item.value, ATTACHMENT_FIELDS, { pointer: item.pointer, problems });
  const givenPath = fields.get("path");
  const path = givenPath?.value === "" ? undefined : givenPath;
  if (path !== undefined) {
    report(problems, path, "Nothing is fetched from a URL; give the file itself as `content`.");
  }
  const givenName = readFilename(fields.get("filename"), problems);
  const givenType = readType(fields.get("type"), problems);
  const contentId = readContentId(fields.get("contentId"), problems);
  const disposition = readDisposition(fields.get("disposition"), contentId, problems);
  const content = readContent(fields, { item, path, problems });
  const size = readSize(fields.get("size"), content, problems);
  if (problems.length > before || content === undefined) return undefined;

  let type = givenType ?? (givenName === undefined ? UNKNOWN_TYPE : typeOfFilename(givenName));
  if (isMessageType(type)) {
    const form = content instanceof Uint8Array ? messageForm(content) : undefined;
    // Where nobody said that it is a message, any relay shall take it.
    if (givenType === undefined && form !== "7bit") type = UNKNOWN_TYPE;
    else if (content instanceof Uint8Array && form === undefined) {
      const { name, pointer } = fields.get("type") ?? item;
      report(problems, { name, pointer }, NOT_OF_LINES);
    }
  }
  return {
    filename: givenName ?? `attachment-${index + 1}.${extensionOfType(type)}`,
    type,
    content,
    ...(size === undefined ? {} : { size }),
    disposition,
    ...(contentId === undefined ? {} : { contentId }),
    pointer: item.pointer,
  };
}

/** RFC 2046 §5.2.1: such a part may be encoded by nobody. */
export const NOT_OF_LINES: string =
  "A message can be attached as such only if it has lines of at most 998 octets and no control " +
  "characters; give `application/octet-stream` as its type instead.";

function readFilename(field: Field | undefined, problems: Problem[]): string | undefined {
  // The types of the Resend SDKs let `false` stand for no name.
  if (field === undefined || field.value === false || field.value === "") return undefined;
  const filename = readString(field, problems);
  if (filename === undefined) return undefined;
  const fault = filenameFault(filename);
  if (fault !== undefined) report(problems, field, fault);
  return filename;
}

function readType(field: Field | undefined, problems: Problem[]): string | undefined {
  if (field === undefined || field.value === "") return undefined;
  const text = readString(field, problems);
  if (text === undefined) return undefined;
  const type = parseMediaType(text);
  if (type.ok) return type.value;
  report(problems, field, type.problems);
  return undefined;
}

function readContentId(field: Field | undefined, problems: Problem[]): string | undefined {
  if (field === undefined || field.value === "") return undefined;
  const text = readString(field, problems);
  if (text === undefined) return undefined;
  const id = parseContentId(text);
  if (id.ok) return id.value;
  report(problems, field, id.problems);
  return undefined;
}

function readDisposition(
  field: Field | undefined,
  contentId: string | undefined,
  problems: Problem[],
): ParsedAttachment["disposition"] {
  const implied = contentId === undefined ? "attachment" : "inline";
  if (field === undefined || field.value === "") return implied;
  if (field.value !== "attachment" && field.value !== "inline") {
    report(problems, field, "It must be `attachment` or `inline`.");
    return implied;
  }
  if (contentId !== undefined && field.value === "attachment") {
    report(problems, field, "An attachment with a content ID is `inline`.");
  }
  return field.value;
}

function readContent(
  fields: ReadonlyMap<string, Field>,
  { item, path, problems }: { item: Field; path: Field | undefined; problems: Problem[] },
): ParsedAttachment["content"] | undefined {
  const field = fields.get("content");
  const key = fields.get("r2Key");
  if (field !== undefined && key !== undefined) {
    report(problems, key, "It stands in place of `content`; give one of them.");
  }
  if (key !== undefined) return readKey(key, problems);
  if (field === undefined) {
    if (path === undefined) {
      const detail = "Attachment must have either a `content` or `path`.";
      problems.push({ pointer: `${item.pointer}/content`, detail });
    }
    return undefined;
  }
  const { value } = field;
  if (typeof value === "string") {
    const decoded = decodeBase64(value);
    if (decoded.ok) return decoded.value;
    report(problems, field, `It must be base64. ${decoded.problems}`);
    return undefined;
  }
  if (value instanceof ReadableStream) {
    if (isReadable(value)) return value;
    report(problems, field, "The stream is locked, or was read before: it would give no file.");
    return undefined;
  }
  if (isTooManyMembers(value)) {
    report(problems, field, TOO_MANY_MEMBERS);
    return undefined;
  }
  const octets = octetsOf(value);
  if (octets === undefined) report(problems, field, WANTED);
  return octets;
}

function readKey(field: Field, problems: Problem[]): ParsedAttachment["content"] | undefined {
  const r2Key = readString(field, problems);
  if (r2Key === undefined) return undefined;
  if (r2Key === "" || new TextEncoder().encode(r2Key).length > MAX_KEY_OCTETS) {
    report(problems, field, `A key has 1 to ${MAX_KEY_OCTETS} octets.`);
  }
  if (r2Key.startsWith(OWN_PREFIX)) {
    report(problems, field, `Keys that start with \`${OWN_PREFIX}\` are Postrider's own.`);
  }
  return { r2Key };
}

function readSize(
  field: Field | undefined,
  content: ParsedAttachment["content"] | undefined,
  problems: Problem[],
): number | undefined {
  if (field === undefined) return undefined;
  const { value } = field;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    report(problems, field, "It must be a whole number of octets.");
    return undefined;
  }
  if (content instanceof Uint8Array && content.length !== value) {
    report(problems, field, `The content has ${content.length} octets.`);
  }
  return value;
}

const WANTED =
  "It must be base64, or octets: a Uint8Array, an ArrayBuffer, a ReadableStream or an array of 0 to 255.";

const TOO_MANY_MEMBERS = `As members of an object at most ${LIMITS.octetMembers} octets are read; give base64.`;

/** RPC brings octets as they are; JSON brings a list, or what became of a Buffer or Uint8Array. */
function octetsOf(value: unknown): Uint8Array | undefined {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  if (Array.isArray(value)) return octetsOfList(value);
  if (!isRecord(value)) return undefined;
  if ("type" in value && "data" in value && Object.keys(value).length === 2) {
    if (value.type !== "Buffer" || !Array.isArray(value.data)) return undefined;
    return octetsOfList(value.data);
  }
  // JSON.stringify makes {"0":1,"1":2} of a Uint8Array.
  const keys = Object.keys(value);
  if (keys.length === 0 || keys.some((key, index) => key !== String(index))) return undefined;
  return octetsOfList(Object.values(value));
}

/** Whether these are octets as members, more than are read. An index is told before all are listed. */
function isTooManyMembers(value: unknown): boolean {
  return isRecord(value) && Object.hasOwn(value, LIMITS.octetMembers);
}

function octetsOfList(values: readonly unknown[]): Uint8Array | undefined {
  const octets = new Uint8Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 255) {
      return undefined;
    }
    octets[at] = value;
  }
  return octets;
}
