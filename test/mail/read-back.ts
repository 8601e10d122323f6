/**
 * Two readers that are not ours, postal-mime and mailparser, brought to one form. Python's email reads the
 * golden messages in `test/relays`.
 */
import { simpleParser } from "mailparser";
import type { AddressObject } from "mailparser";
import PostalMime, { decodeWords } from "postal-mime";
import type { Address } from "postal-mime";
import { expect } from "vitest";

import type { WholeMail } from "./mails.ts";
import { asLines, hashOfLines, isOfLines, readingOf, sha256, trim } from "./reading.ts";
import type { Reading } from "./reading.ts";

/** Fails unless postal-mime reads the message as the mail. */
export async function expectReadByPostalMime(content: Uint8Array, mail: WholeMail): Promise<void> {
  expect(await readByPostalMime(content)).toEqual(readingOf(mail, { rewritesLines: true }));
}

/** Fails unless mailparser reads the message as the mail. */
export async function expectReadByMailparser(content: Uint8Array, mail: WholeMail): Promise<void> {
  // RFC 5322 §2.2.3: unfolding takes the CRLF away and nothing else. mailparser makes one space of it and
  // of all white space behind it.
  const [header = ""] = Buffer.from(content).toString("latin1").split("\r\n\r\n", 1);
  const isMisread = /\r\n(?:\t|[\t ]{2})/.test(header);
  const seen = isMisread ? collapsed : (reading: Reading) => reading;
  expect(seen(await readByMailparser(content))).toEqual(
    seen(readingOf(mail, { showsUnicodeDomains: true })),
  );
}

function collapsed(reading: Reading): Reading {
  const one = (text: string): string => text.replaceAll(/[\t ]+/g, " ");
  const { from, sender, replyTo, to, cc, subject } = reading;
  return {
    ...reading,
    from: from.map(one),
    sender: sender.map(one),
    replyTo: replyTo.map(one),
    to: to.map(one),
    cc: cc.map(one),
    subject: one(subject),
  };
}

export async function readByPostalMime(content: Uint8Array): Promise<Reading> {
  const email = await PostalMime.parse(content, { forceRfc822Attachments: true });
  const list = (addresses: readonly Address[] | undefined) =>
    (addresses ?? []).map(({ name, address }) => `${name} <${address ?? ""}>`);
  return {
    from: list(email.from === undefined ? [] : [email.from]),
    sender: list(email.sender === undefined ? [] : [email.sender]),
    replyTo: list(email.replyTo),
    to: list(email.to),
    cc: list(email.cc),
    subject: trim(email.subject ?? ""),
    date: email.date ?? "",
    messageId: email.messageId ?? "",
    inReplyTo: email.inReplyTo ?? "",
    references: email.references ?? "",
    others: othersOf(email.headers),
    text: asLines(email.text),
    html: asLines(email.html),
    files: email.attachments.map((file) => ({
      filename: file.filename ?? "",
      disposition: file.disposition ?? "",
      contentId: (file.contentId ?? "").replaceAll(/^<|>$/g, ""),
      type: file.mimeType,
      sha256: (isOfLines(file.mimeType) ? hashOfLines : sha256)(
        typeof file.content === "string" ? Buffer.from(file.content) : new Uint8Array(file.content),
      ),
    })),
  };
}

export async function readByMailparser(content: Uint8Array): Promise<Reading> {
  const mail = await simpleParser(Buffer.from(content), {
    keepCidLinks: true,
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipTextLinks: true,
  });
  const sender = mail.headers.get("sender");
  const references = mail.references ?? [];
  return {
    from: listOf(mail.from),
    sender: isAddresses(sender) ? listOf(sender) : [],
    replyTo: listOf(mail.replyTo),
    to: listOf(mail.to),
    cc: listOf(mail.cc),
    subject: trim(mail.subject ?? ""),
    date: mail.date?.toISOString() ?? "",
    messageId: mail.messageId ?? "",
    inReplyTo: mail.inReplyTo ?? "",
    references: typeof references === "string" ? references : references.join(" "),
    others: othersOf(
      mail.headerLines.map(({ key, line }) => ({
        key,
        value: line.replaceAll(/\r?\n/g, "").slice(line.indexOf(":") + 1),
      })),
    ),
    text: asLines(mail.text),
    html: asLines(mail.html === false ? "" : mail.html),
    files: mail.attachments.map((file) => ({
      filename: file.filename ?? "",
      disposition: file.contentDisposition ?? "",
      contentId: file.cid ?? "",
      type: typeOf(file),
      sha256: sha256(file.content),
    })),
  };
}

/**
 * What the header says. mailparser guesses at `application/octet-stream` by the extension, which RFC 2046
 * §4.5.1 leaves to the user.
 */
function typeOf({ headers }: { readonly headers: ReadonlyMap<string, unknown> }): string {
  const type = headers.get("content-type");
  const isStructured = typeof type === "object" && type !== null && "value" in type;
  return isStructured ? String(type.value) : "";
}

function isAddresses(value: unknown): value is AddressObject {
  return typeof value === "object" && value !== null && "value" in value;
}

function listOf(objects: AddressObject | AddressObject[] | undefined): string[] {
  return [objects ?? []]
    .flat()
    .flatMap(({ value }) => value)
    .map(({ name, address }) => `${name} <${address ?? ""}>`);
}

function othersOf(fields: readonly { readonly key: string; readonly value: string }[]): string[] {
  return fields
    .filter(({ key }) => !KNOWN.test(key))
    .map(({ key, value }) => `${key}: ${trim(decodeWords(trim(value)))}`);
}

/** Fields that have a place of their own in a {@link Reading}, or are of MIME. */
const KNOWN =
  /^(?:from|sender|reply-to|to|cc|subject|date|message-id|in-reply-to|references|mime-version|content-.*)$/;
