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
import { encodeUtf8 } from "./utf8.ts";

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
  const header = headerFields(mail);
  header.push({ name: "MIME-Version", value: "1.0" });
  const segments =
    "subtype" in structure
      ? new Assembly(header, structure, options.randomBytes ?? randomBytes).segments()
      : segmentsOf(header, structure);
  assertComposed(segments, { header: envelope.smtpUtf8, body: eightBit });
  return { envelope, content: contentOf(segments), eightBit };
}

/** A message of one part, which needs no boundary: its header, an empty line, its body. */
function segmentsOf(header: readonly FieldLine[], leaf: Leaf): Segment[] {
  let lines = "";
  for (const { name, value } of header) lines += `${name}: ${value}\r\n`;
  for (const { name, value } of leafFields(leaf)) lines += `${name}: ${value}\r\n`;
  const segments = [octetsOf(`${lines}\r\n`), leaf.body.segment];
  // The body may bring the line end of the message itself.
  if (!endsLine(segments)) segments.push(LINE_END);
  return segments;
}

const LINE_END: Segment = { type: "octets", octets: Uint8Array.of(0x0d, 0x0a) };

/** The fields of a part, in the order in which mimetext writes them. */
function leafFields({ type, body, file }: Leaf): FieldLine[] {
  const name = file === undefined ? undefined : fallbackName(file.filename);
  const named = name === undefined ? "" : `;\r\n${name}`;
  const fields = [
    { name: "Content-Type", value: foldValue("Content-Type", type) + named },
    { name: "Content-Transfer-Encoding", value: body.encoding },
  ];
  if (file === undefined) return fields;
  const { contentId, disposition, filename } = file;
  if (contentId !== undefined) fields.unshift({ name: "Content-ID", value: `<${contentId}>` });
  const value = formatDisposition(disposition, filename);
  return [...fields, { name: "Content-Disposition", value }];
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

  /** It gets one that nobody guesses; those of mimetext are not even made. */
  override generateBoundaries(): void {}

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

/** A message of several parts in the making: the bodies stand aside until the levels are written. */
class Assembly {
  readonly #header: readonly FieldLine[];
  readonly #root: Multipart;
  readonly #source: RandomBytes;
  readonly #standIn: string;
  readonly #bodies: Body[] = [];
  /** All that could hold a boundary or a stand-in: base64 has no hyphen and no dot. */
  readonly #texts: readonly string[];
  readonly #tokens = new Set<string>();

  constructor(header: readonly FieldLine[], root: Multipart, source: RandomBytes) {
    this.#header = header;
    this.#root = root;
    this.#source = source;
    this.#texts = [...header.map(({ value }) => value), ...textsOf(root)];
    this.#standIn = this.#token();
  }

  /** RFC 2046 §5.1.1: a boundary stands in no part. Chance is against it, a bad generator is not. */
  #token(): string {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const token = randomToken(this.#source);
      if (this.#tokens.has(token) || this.#texts.some((text) => text.includes(token))) continue;
      this.#tokens.add(token);
      return token;
    }
    throw new TypeError("the generator of random octets gives the same ones again");
  }

  segments(): Segment[] {
    const header = new FinishedHeader(CONTEXT);
    for (const { name, value } of this.#header) header.set(name, value);
    return this.#filledIn(this.#multipart(this.#root, header));
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
    const data = this.#place(entity.body);
    const part = level.addMessage({ data, contentType: "text/plain" });
    for (const { name, value } of leafFields(entity)) part.setHeader(name, value);
    return part;
  }

  #place(body: Body): string {
    return `${this.#standIn}${this.#bodies.push(body) - 1}.`;
  }

  /** Puts each body where its stand-in is, with one CRLF behind it, the end of the content included. */
  #filledIn(skeleton: string): Segment[] {
    const segments: Segment[] = [];
    // Not split by an expression: it holds the stand-in, and to compile one costs more than all else here.
    let from = 0;
    for (;;) {
      const at = skeleton.indexOf(this.#standIn, from);
      const text = skeleton.slice(from, at === -1 ? undefined : at);
      // mimetext leaves the last line without a line end.
      const end = at === -1 && text !== "" ? "\r\n" : "";
      // A body that is the last of the message may bring the line end of the message itself.
      const isEnded = from === 0 || (at === -1 && text === "" && endsLine(segments));
      segments.push(octetsOf((isEnded ? "" : "\r\n") + text + end));
      if (at === -1) break;
      const dot = skeleton.indexOf(".", at);
      const body = this.#bodies[Number(skeleton.slice(at + this.#standIn.length, dot))];
      if (body === undefined) throw new TypeError("mimetext changed a body");
      segments.push(body.segment);
      from = dot + 1;
      while (skeleton.startsWith("\r\n", from)) from += 2;
    }
    if (segments.length !== this.#bodies.length * 2 + 1) {
      throw new TypeError("mimetext left out a part, or wrote one twice");
    }
    return segments;
  }
}

function octetsOf(text: string): Segment {
  return { type: "octets", octets: encodeUtf8(text) };
}

/** What will be written of it, for a search: its ASCII as it is, whatever becomes of other octets. */
function textsOf(entity: Entity): readonly string[] {
  if ("subtype" in entity) return entity.parts.flatMap(textsOf);
  const { type, octets } = entity.body.segment;
  const names = [entity.type, entity.file?.filename ?? ""];
  const isSearched = octets instanceof Uint8Array && octets.length <= MAX_SEARCHED_OCTETS;
  return type === "octets" && isSearched ? [...names, DECODER.decode(octets)] : names;
}

/** A larger body is not made a string of, only to look for what 128 random bits keep out of it. */
const MAX_SEARCHED_OCTETS = 1024 * 1024;

/** One for all, as it keeps nothing. */
const DECODER = new TextDecoder();

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
