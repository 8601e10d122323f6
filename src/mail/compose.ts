/**
 * Composes a mail: the envelope, and the content (RFC 5322 §3.5, RFC 2045 §2). mimetext writes the
 * multiparts, one level at a time, and nothing else. It gets fields that are finished, stand-ins for the
 * bodies, and boundaries that nobody guesses; the bodies take their places afterwards, as octets, so that
 * nothing mimetext would do to text can happen to them. Only this file imports it, and only its browser
 * build: the other one writes the line ends of its host.
 */
import { MIMEMessage, MIMEMessageHeader } from "mimetext/browser";
import type { HeaderField, MIMEMessageContent } from "mimetext/browser";

import type { Content } from "../smtp/content.ts";
import { assertComposed } from "./composed.ts";
import { contentOf, type Segment } from "./content.ts";
import { foldValue } from "./header-field.ts";
import { headerFields, type FieldLine } from "./header.ts";
import type { Envelope, Mail } from "./mail.ts";
import { fallbackName, formatDisposition } from "./parameter.ts";
import { randomBytes, randomToken } from "./random.ts";
import type { RandomBytes } from "./random.ts";
import { bareType, isEightBit, structureOf } from "./structure.ts";
import type { Entity, Leaf, Multipart } from "./structure.ts";
import type { Body } from "./transfer-encoding.ts";

/** What a relay is given: whom the mail is from and for, and the content. */
export interface Composed {
  readonly envelope: Envelope;
  readonly content: Content;
  /** The body has octets over 127, so the relay must offer 8BITMIME (RFC 6152 §3). */
  readonly eightBit: boolean;
}

export interface ComposeOptions {
  /** Makes the boundaries; the platform's cryptographic generator where absent. */
  readonly randomBytes?: RandomBytes;
}

/** The envelope and content of the mail. Pure but for the boundaries; never throws for a Mail. */
export function compose(mail: Mail, options: ComposeOptions = {}): Composed {
  const { envelope } = mail;
  if (mail.raw !== undefined) {
    const { content, eightBit, utf8Header } = mail.raw;
    const segments = [{ type: "octets", octets: content }] as const;
    assertComposed(segments, { header: utf8Header, body: eightBit });
    return { envelope, content: contentOf(segments), eightBit };
  }
  const structure = structureOf(mail);
  const eightBit = isEightBit(structure);
  const assembly = new Assembly(mail, structure, options.randomBytes ?? randomBytes);
  const segments = assembly.segments(structure);
  assertComposed(segments, { header: envelope.smtpUtf8, body: eightBit });
  return { envelope, content: contentOf(segments), eightBit };
}

/** What mimetext asks of its host. Ours are the line ends; nothing is left to it to encode. */
const CONTEXT = {
  eol: "\r\n",
  toBase64: refuse,
  toBase64WebSafe: refuse,
  validateContentType: (type: string): string => type,
};

function refuse(): never {
  throw new TypeError("mimetext is not to encode anything");
}

/** Fields that are encoded and folded already: kept in order, repeated if need be, written as is. */
class FinishedHeader extends MIMEMessageHeader {
  override fields: HeaderField[] = [];

  override set(name: string, value: string): HeaderField {
    const field = { name, value, dump: () => value };
    this.fields.push(field);
    return field;
  }
}

/** One level: mimetext finds out what a part is by searching its fields for words; here it is told. */
class Level extends MIMEMessage {
  root: MIMEMessageContent | undefined;

  override getMessageByType(type: string): MIMEMessageContent | undefined {
    return type === "text/plain" ? this.root : undefined;
  }
}

function levelWith(header: FinishedHeader, boundary: string): Level {
  const level = new Level(CONTEXT);
  level.headers = header;
  level.boundaries = { mixed: boundary, alt: "", related: "" };
  return level;
}

/** A message being put together: the bodies stand aside until the levels are written. */
class Assembly {
  readonly #header: readonly FieldLine[];
  readonly #source: RandomBytes;
  readonly #standIn: string;
  readonly #bodies: Body[] = [];
  /** All that could hold a boundary or a stand-in: base64 has no hyphen and no dot. */
  readonly #text: string;
  readonly #tokens = new Set<string>();

  constructor(mail: Mail, structure: Entity, source: RandomBytes) {
    this.#header = headerFields(mail);
    this.#source = source;
    this.#text = [...this.#header.map(({ value }) => value), textOf(structure)].join("\n");
    this.#standIn = this.#token();
  }

  /** RFC 2046 §5.1.1: a boundary stands in no part. Chance is against it, a bad generator is not. */
  #token(): string {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const token = randomToken(this.#source);
      if (this.#tokens.has(token) || this.#text.includes(token)) continue;
      this.#tokens.add(token);
      return token;
    }
    throw new TypeError("the generator of random octets gives the same ones again");
  }

  segments(entity: Entity): Segment[] {
    const header = new FinishedHeader(CONTEXT);
    for (const { name, value } of this.#header) header.set(name, value);
    header.set("MIME-Version", "1.0");
    const text = "subtype" in entity ? this.#multipart(entity, header) : this.#leaf(entity, header);
    return this.#filledIn(text);
  }

  #leaf(entity: Leaf, header: FinishedHeader): string {
    const level = levelWith(header, "");
    level.root = this.#part(level, entity);
    return level.asRaw();
  }

  /** RFC 2046 §5.1. To mimetext every level is mixed: its other kinds have places for two parts only. */
  #multipart(entity: Multipart, header: FinishedHeader): string {
    const [root, ...others] = entity.parts;
    // RFC 2045 §6.4: a part of 8 bits shows in every level around it.
    if (isEightBit(entity)) header.set("Content-Transfer-Encoding", "8bit");
    const boundary = this.#token();
    const level = levelWith(header, boundary);
    level.root = this.#part(level, root);
    for (const other of others) this.#part(level, other).isAttachment = () => true;
    for (const part of level.messages) part.isInlineAttachment = () => false;
    const written = `Content-Type: multipart/mixed; boundary=${boundary}`;
    // RFC 2387 §3.1: multipart/related names the type of its root.
    const type = entity.subtype === "related" ? ` type="${bareType(root)}";\r\n` : "";
    const wanted = `Content-Type: multipart/${entity.subtype};${type} boundary=${boundary}`;
    return level.asRaw().replace(written, wanted);
  }

  #part(level: Level, entity: Entity): MIMEMessageContent {
    if ("subtype" in entity) {
      const nested = this.#multipart(entity, new FinishedHeader(CONTEXT));
      const end = nested.indexOf("\r\n\r\n");
      // Nothing stands behind it, but the line end of a body is wanted there as well.
      const data = nested.slice(end + 4) + this.#place(NOTHING);
      const part = level.addMessage({ data, contentType: "text/plain" });
      part.headers.fields = [];
      for (const field of nested.slice(0, end).split(/\r\n(?! )/)) {
        const [, name, value] = /^([^:]+): ([^]*)$/.exec(field) ?? [];
        if (name !== undefined && value !== undefined) part.setHeader(name, value);
      }
      return part;
    }
    const { type, body, file } = entity;
    const data = this.#place(body);
    const part = level.addMessage({ data, contentType: "text/plain", encoding: body.encoding });
    const name = file === undefined ? undefined : fallbackName(file.filename);
    const named = name === undefined ? "" : `;\r\n${name}`;
    part.setHeader("Content-Type", foldValue("Content-Type", type) + named);
    if (file === undefined) return part;
    part.setHeader("Content-Disposition", formatDisposition(file.disposition, file.filename));
    if (file.contentId !== undefined) part.setHeader("Content-ID", `<${file.contentId}>`);
    return part;
  }

  #place(body: Body): string {
    return `${this.#standIn}${this.#bodies.push(body) - 1}.`;
  }

  /** Puts each body where its stand-in is, with one CRLF behind it, the end of the content included. */
  #filledIn(skeleton: string): Segment[] {
    const pieces = skeleton.split(new RegExp(`${this.#standIn}(\\d+)\\.(?:\\r\\n)*`));
    if (pieces.length !== this.#bodies.length * 2 + 1) {
      throw new TypeError("mimetext left out a part, or wrote one twice");
    }
    const encoder = new TextEncoder();
    const segments: Segment[] = [];
    for (const [at, piece] of pieces.entries()) {
      const body = at % 2 === 1 ? this.#bodies[Number(piece)] : undefined;
      const isLast = at >= pieces.length - 2;
      if (body !== undefined) {
        segments.push(body.segment);
        continue;
      }
      // A body that is the whole message may bring the line end of the message itself.
      const before = at === 0 || (isLast && piece === "" && endsLine(segments)) ? "" : "\r\n";
      // mimetext leaves the last line without a line end.
      const after = isLast && piece !== "" ? "\r\n" : "";
      segments.push({ type: "octets", octets: encoder.encode(before + piece + after) });
    }
    return segments;
  }
}

/** What will be written of it, for a search: octets as characters. */
function textOf(entity: Entity): string {
  if ("subtype" in entity) return entity.parts.map(textOf).join("\n");
  const { type, octets } = entity.body.segment;
  const isText = type === "octets" && octets instanceof Uint8Array;
  const body = isText ? new TextDecoder("latin1").decode(octets) : "";
  return `${entity.type}\n${entity.file?.filename ?? ""}\n${body}`;
}

const MAX_TRIES = 8;

const NOTHING: Body = {
  encoding: "7bit",
  segment: { type: "octets", octets: new Uint8Array(0) },
};

/** Whether the last octets written end a line: an empty body ends the line of what is before it. */
function endsLine(segments: readonly Segment[]): boolean {
  const last = segments.findLast(
    ({ octets }) => !(octets instanceof Uint8Array) || octets.length > 0,
  );
  if (last?.type !== "octets" || !(last.octets instanceof Uint8Array)) return false;
  return last.octets.at(-2) === 0x0d && last.octets.at(-1) === 0x0a;
}
