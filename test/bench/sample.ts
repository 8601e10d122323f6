/**
 * The mails of the benchmark, the same for every peer: made by the senders before they send, and again
 * by the sink to compare. ASCII in short lines, so that no peer has anything to repair.
 */
import type { Batch } from "./command.ts";

export interface SampleMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  /** Octets or base64, whichever the peer takes. */
  readonly attachment?: Uint8Array | string;
}

export const SENDER = "ann@example.com";
export const ATTACHMENT_NAME = "sample.bin";

const LINE = "The quick brown fox jumps over the lazy dog, and then once more.\r\n";

/** The mails, one by one as they are asked for. */
export function* samples(
  batch: Batch,
  attachment: Uint8Array | string | undefined,
): Generator<SampleMail, void, undefined> {
  const to = recipientsOf(batch);
  const html = htmlOf(batch);
  for (let index = 0; index < batch.count; index += 1) {
    yield {
      from: SENDER,
      to,
      subject: subjectOf(batch, index),
      text: textOf(batch, index),
      ...(html === undefined ? {} : { html }),
      ...(attachment === undefined ? {} : { attachment }),
    };
  }
}

export function subjectOf(batch: Batch, index: number): string {
  return `${batch.run} mail ${index}`;
}

export function recipientsOf(batch: Batch): readonly string[] {
  return Array.from({ length: batch.recipients }, (_, index) => `bob${index}@example.org`);
}

/** No line end at the end: some peers add one. */
export function textOf(batch: Batch, index: number): string {
  const first = `This is mail ${index} of ${batch.run}.\r\n`;
  return trimmed(first + repeated(batch.textOctets - first.length));
}

export function htmlOf(batch: Batch): string | undefined {
  if (batch.htmlOctets === 0) return undefined;
  return `<!doctype html>\r\n<title>Sample</title>\r\n<p>${trimmed(repeated(batch.htmlOctets))}</p>`;
}

/** Octets of every value in no short period; the same for the same length. */
export function attachmentOf(octets: number): Uint8Array {
  const content = new Uint8Array(octets);
  let state = 0x2545f491;
  for (let at = 0; at < octets; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    content[at] = state & 0xff;
  }
  return content;
}

let filler = LINE;

function repeated(octets: number): string {
  while (filler.length < octets) filler += filler;
  return filler.slice(0, Math.max(octets, 1));
}

function trimmed(text: string): string {
  return text.trimEnd();
}
