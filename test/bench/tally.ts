/**
 * What arrived at the sink, against what was asked for: each mail exactly once, to its recipients, its
 * text, html and attachment equal. Nothing is looked at before the run is over, so as to cost no time.
 */
import type { Batch } from "./command.ts";
import { readMessage, type Part } from "./mime.ts";
import { attachmentOf, htmlOf, recipientsOf, SENDER, subjectOf, textOf } from "./sample.ts";

export interface Arrived {
  readonly reversePath: string;
  readonly forwardPaths: readonly string[];
  readonly chunks: readonly Buffer[];
  /** Sent by DATA: dots are doubled at the start of lines (RFC 5321 §4.5.2). */
  readonly isStuffed: boolean;
}

/** Enough to see what is wrong. */
const MAX_PROBLEMS = 10;

/** What is wrong with what arrived; nothing where all is right. */
export function problemsOf(batch: Batch, arrived: readonly Arrived[]): readonly string[] {
  const problems: string[] = [];
  const attachment =
    batch.attachmentOctets === 0 ? undefined : Buffer.from(attachmentOf(batch.attachmentOctets));
  const indices = new Map(
    Array.from({ length: batch.count }, (_, index) => [subjectOf(batch, index), index]),
  );
  const seen = new Map<number, number>();
  for (const mail of arrived) {
    const { fields, parts } = readMessage(contentOf(mail));
    const subject = plainWords(fields.get("subject") ?? "");
    const index = indices.get(subject);
    if (index === undefined) {
      problems.push(`not asked for: "${subject}"`);
      continue;
    }
    seen.set(index, (seen.get(index) ?? 0) + 1);
    for (const fault of faultsOf(mail, parts, { batch, index, attachment })) {
      problems.push(`${subject}: ${fault}`);
    }
  }
  for (const [subject, index] of indices) {
    const times = seen.get(index) ?? 0;
    if (times !== 1) problems.push(`${subject}: arrived ${times} times`);
  }
  return problems.slice(0, MAX_PROBLEMS);
}

interface Expected {
  readonly batch: Batch;
  readonly index: number;
  readonly attachment: Buffer | undefined;
}

function* faultsOf(
  mail: Arrived,
  parts: readonly Part[],
  { batch, index, attachment }: Expected,
): Generator<string> {
  if (mail.reversePath !== SENDER) yield `reverse-path ${mail.reversePath}`;
  if (mail.forwardPaths.join() !== recipientsOf(batch).join()) yield "other recipients";
  const bodies = parts.filter((part) => !part.isAttachment);
  if (textIn(bodies, "text/plain") !== textOf(batch, index)) yield "another text";
  if (textIn(bodies, "text/html") !== htmlOf(batch)) yield "another html";
  const attached = parts.filter((part) => part.isAttachment);
  if (attached.length !== (attachment === undefined ? 0 : 1)) {
    yield `${attached.length} attachments`;
  } else if (attachment !== undefined && attached[0]?.content.equals(attachment) !== true) {
    yield "another attachment";
  }
}

function textIn(parts: readonly Part[], type: string): string | undefined {
  const found = parts.filter((part) => part.type === type);
  if (found.length > 1) return "more than one part";
  // Peers differ in the line ends that they add at the end of a part.
  return found[0]?.content.toString("utf8").trimEnd();
}

/** emailjs writes every subject as an encoded word (RFC 2047 §4.2). */
function plainWords(subject: string): string {
  return subject.replace(/^=\?utf-8\?q\?(.*)\?=$/i, (_, word: string) => word.replaceAll("_", " "));
}

function contentOf({ chunks, isStuffed }: Arrived): Buffer {
  const octets = Buffer.concat(chunks);
  if (!isStuffed) return octets;
  const pieces: Buffer[] = [];
  let from = octets[0] === DOT ? 1 : 0;
  for (;;) {
    const at = octets.indexOf("\r\n.", from);
    if (at === -1) break;
    pieces.push(octets.subarray(from, at + 2));
    from = at + 3;
  }
  return Buffer.concat([...pieces, octets.subarray(from)]);
}

const DOT = 0x2e;
