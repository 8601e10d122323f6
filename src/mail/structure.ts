/**
 * How a mail nests (RFC 2046 §5.1): mixed(alternative(text, amp, related(html, images), calendar),
 * attachments). Each level is there only where it holds more than one part.
 */
import { calendarType } from "./calendar.ts";
import { flow } from "./format-flowed.ts";
import type { Attachment, Mail } from "./mail.ts";
import { encodeAttachment, encodeText, type Body } from "./transfer-encoding.ts";

/** One part, or several as one (RFC 2045 §2.4). */
export type Entity = Leaf | Multipart;

export interface Leaf {
  readonly type: string;
  readonly body: Body;
  readonly file?: Pick<Attachment, "filename" | "disposition" | "contentId">;
}

export interface Multipart {
  readonly subtype: "mixed" | "alternative" | "related";
  /** At least two. */
  readonly parts: readonly [Entity, ...Entity[]];
}

/** The parts of the mail, as readers expect to find them. */
export function structureOf(mail: Mail): Entity {
  const related = mail.attachments.filter((attachment) => isRelated(mail, attachment));
  const attached = mail.attachments.filter((attachment) => !isRelated(mail, attachment));
  return joined("mixed", [
    bodyOf(mail, related),
    ...attached.map(attachmentPart),
    ...calendarFile(mail),
  ]);
}

/** The type of the entity itself, without parameters. */
export function bareType(entity: Entity): string {
  return "subtype" in entity ? `multipart/${entity.subtype}` : (entity.type.split(";", 1)[0] ?? "");
}

/** RFC 2045 §6.4: a multipart is of 8 bits where one of its parts is. */
export function isEightBit(entity: Entity): boolean {
  return "subtype" in entity ? entity.parts.some(isEightBit) : entity.body.encoding === "8bit";
}

/** RFC 2046 §5.1.4: alternatives come in order of increasing preference, the plainest first. */
function bodyOf(mail: Mail, images: readonly Attachment[]): Entity {
  const { text, amp, html, calendar } = mail;
  const alternatives: Entity[] = [];
  if (text !== undefined) alternatives.push(textPart(mail, text));
  // Before the html: readers that know neither order nor AMP show the last part they can.
  if (amp !== undefined) alternatives.push(plainLeaf("text/x-amp-html; charset=utf-8", amp));
  if (html !== undefined) {
    // RFC 2387 §3.2: the root comes first. Only the html refers to them, so they stand beside it.
    const root = plainLeaf("text/html; charset=utf-8", html);
    alternatives.push(joined("related", [root, ...images.map(attachmentPart)]));
  }
  if (calendar !== undefined) {
    alternatives.push(plainLeaf(calendarType(calendar), calendar.content));
  }
  const [first, ...others] = alternatives;
  // A reader looks for a text before the files; an empty one shows as nothing.
  if (first === undefined) return plainLeaf("text/plain; charset=utf-8", "");
  return joined("alternative", [first, ...others]);
}

function textPart({ textFormat }: Mail, text: string): Leaf {
  if (textFormat === "fixed") return plainLeaf("text/plain; charset=utf-8", text);
  return plainLeaf("text/plain; charset=utf-8; format=flowed", flow(text));
}

function plainLeaf(type: string, text: string): Leaf {
  return { type, body: encodeText(text) };
}

function attachmentPart(attachment: Attachment): Leaf {
  const { type, content } = attachment;
  return { type, body: encodeAttachment(type, content), file: attachment };
}

function calendarFile({ calendar }: Mail): Leaf[] {
  if (calendar?.filename === undefined) return [];
  const { filename, content } = calendar;
  const file = { filename, disposition: "attachment" } as const;
  // Another type than that of the alternative: readers would offer the invitation twice.
  return [{ ...plainLeaf("application/ics", content), file }];
}

/** What the html can show: it refers to a part by its Content-ID, and to no other. */
function isRelated({ html }: Mail, { disposition, contentId }: Attachment): boolean {
  return html !== undefined && disposition === "inline" && contentId !== undefined;
}

function joined(subtype: Multipart["subtype"], parts: readonly [Entity, ...Entity[]]): Entity {
  return parts.length === 1 ? parts[0] : { subtype, parts };
}
