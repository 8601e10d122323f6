/**
 * Brings in what a mail only refers to: streams are read, and stored objects are looked up. Afterwards
 * the mail can be composed as often as need be.
 */
import { invalid, valid } from "../result.ts";
import type { Result } from "../result.ts";
import type { Problem } from "../smtp/outcome.ts";
import { NOT_OF_LINES } from "./attachment.ts";
import { wrappedBase64Length } from "./base64.ts";
import { LIMITS } from "./limits.ts";
import type { Attachment, Mail, ParsedAttachment, ParsedMail } from "./mail.ts";
import type { ObjectStore, Source } from "./source.ts";
import { joined, readStream, StreamFault } from "./read-stream.ts";
import { isMessageType, messageForm } from "./transfer-encoding.ts";

/**
 * The mail with all of its content, or what is wrong with it: an object that is not there, more octets
 * than the mail may have or `size` says. Rejects where a stream or the store fails. A mail that has
 * neither is given back as it is, at once.
 */
export async function loadMail(
  mail: ParsedMail,
  store?: ObjectStore,
): Promise<Result<Mail, readonly Problem[]>> {
  if (isLoaded(mail)) return valid(mail);
  const problems: Problem[] = [];
  const attachments: Attachment[] = [];
  let left = LIMITS.contentOctets - contentOctets(mail);
  for (const parsed of mail.attachments) {
    const loaded = await loadAttachment(parsed, { store, most: left });
    if (loaded.ok) {
      attachments.push(loaded.value);
      if (!(parsed.content instanceof Uint8Array)) left -= encodedLength(loaded.value.content);
    } else problems.push({ pointer: `${parsed.pointer}${loaded.problems.at}`, ...loaded.problems });
  }
  return problems.length > 0 ? invalid(problems) : valid({ ...mail, attachments });
}

/**
 * The mail with its streams read to their ends, so that it can wait; stored objects stay where they are.
 * Rejects where a stream fails.
 */
export async function readStreams(
  mail: ParsedMail,
): Promise<Result<ParsedMail, readonly Problem[]>> {
  if (!mail.attachments.some(({ content }) => content instanceof ReadableStream))
    return valid(mail);
  const problems: Problem[] = [];
  const attachments: ParsedAttachment[] = [];
  let left = LIMITS.contentOctets - contentOctets(mail);
  for (const parsed of mail.attachments) {
    const isStream = parsed.content instanceof ReadableStream;
    const loaded = isStream
      ? await loadAttachment(parsed, { store: undefined, most: left })
      : undefined;
    if (loaded === undefined) attachments.push(parsed);
    else if (!loaded.ok) {
      problems.push({ pointer: `${parsed.pointer}${loaded.problems.at}`, ...loaded.problems });
    } else if (loaded.value.content instanceof Uint8Array) {
      attachments.push({ ...parsed, content: loaded.value.content });
      left -= encodedLength(loaded.value.content);
    }
  }
  return problems.length > 0 ? invalid(problems) : valid({ ...mail, attachments });
}

/** Whether all of its content is in the mail itself. */
export function isLoaded(mail: ParsedMail): mail is ParsedMail & Mail {
  return mail.attachments.every(({ content }) => content instanceof Uint8Array);
}

interface Fault {
  readonly at: "/content" | "/r2Key" | "/size" | "/type";
  readonly detail: string;
}

async function loadAttachment(
  { filename, type, disposition, contentId, content, size }: ParsedAttachment,
  { store, most }: { readonly store: ObjectStore | undefined; readonly most: number },
): Promise<Result<Attachment, Fault>> {
  const attachment = {
    filename,
    type,
    disposition,
    ...(contentId === undefined ? {} : { contentId }),
  };
  if (content instanceof Uint8Array) return valid({ ...attachment, content });
  let octets: Uint8Array | Source | undefined;
  if (content instanceof ReadableStream) {
    try {
      octets = await readStream(content, { size, most });
    } catch (error) {
      if (!(error instanceof StreamFault)) throw error;
      return error.message === "" ? tooLarge("/content") : fault("/content", error.message);
    }
  } else {
    if (store === undefined) return fault("/r2Key", NO_STORE);
    const found = await store.find(content.r2Key);
    if (found === undefined) return fault("/r2Key", "There is no object with this key.");
    if (wrappedBase64Length(found.size) > most) return tooLarge("/r2Key");
    octets = isMessageType(type) ? await readAll(found) : found;
  }
  const found = octets instanceof Uint8Array ? octets.length : octets.size;
  if (size !== undefined && size !== found)
    return fault("/size", `The content has ${found} octets.`);
  if (isMessageType(type) && octets instanceof Uint8Array) {
    if (messageForm(octets) === undefined) return fault("/type", NOT_OF_LINES);
  }
  return valid({ ...attachment, content: octets });
}

const NO_STORE =
  "This deployment has no bucket to take it from: bind one as SPOOL, or send the file as `content`.";

function tooLarge(at: Fault["at"]): Result<never, Fault> {
  return fault(at, `With it the content is larger than ${LIMITS.contentOctets} octets.`);
}

function fault(at: Fault["at"], detail: string): Result<never, Fault> {
  return invalid({ at, detail });
}

/** Octets of what is at hand: texts, and attachments as base64, or the whole message. */
export function contentOctets({
  raw,
  text = "",
  html = "",
  amp = "",
  calendar,
  attachments,
}: ParsedMail): number {
  const encoder = new TextEncoder();
  const texts = [text, html, amp, calendar?.content ?? ""];
  return attachments.reduce(
    (sum, { content }) =>
      sum + (content instanceof Uint8Array ? wrappedBase64Length(content.length) : 0),
    texts.reduce((sum, one) => sum + encoder.encode(one).length, raw?.content.length ?? 0),
  );
}

function encodedLength(content: Uint8Array | Source): number {
  return wrappedBase64Length(content instanceof Uint8Array ? content.length : content.size);
}

async function readAll(source: Source): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.open()) chunks.push(chunk);
  return joined(chunks, source.size);
}
