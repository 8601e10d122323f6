/** Two readers of messages that are not ours, postal-mime and Python's email, brought to one form. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

import PostalMime, { type Address } from "postal-mime";

/** What a reader finds in a message. */
export interface Reading {
  readonly from: readonly NamedAddress[];
  readonly to: readonly NamedAddress[];
  readonly cc: readonly NamedAddress[];
  readonly subject: string;
  /** Line ends as LF, and none at the end; null where there is no such part. */
  readonly text: string | null;
  readonly html: string | null;
  readonly attachments: readonly FileRead[];
  /** What the reader found wrong. */
  readonly defects: readonly string[];
}

export interface NamedAddress {
  readonly name: string;
  readonly address: string;
}

export interface FileRead {
  readonly filename: string;
  readonly type: string;
  readonly sha256: string;
}

export async function readByPostalMime(message: Buffer): Promise<Reading> {
  const mail = await PostalMime.parse(message);
  return {
    from: mailboxes(mail.from === undefined ? [] : [mail.from]),
    to: mailboxes(mail.to),
    cc: mailboxes(mail.cc),
    subject: mail.subject ?? "",
    text: asLines(mail.text),
    html: asLines(mail.html),
    attachments: mail.attachments.map(({ filename, mimeType, content }) => ({
      filename: filename ?? "",
      type: mimeType,
      sha256: sha256(bytesOf(content)),
    })),
    defects: [],
  };
}

/** Whether there is a python3; a warning says so where there is none. */
export const hasPython: boolean = spawnSync("python3", ["--version"]).status === 0;
if (!hasPython) console.warn("No python3 here: what Python's email reads is left out.");

/** One reading for each message. Throws where there is no python3. */
export function readByPython(messages: readonly Buffer[]): readonly Reading[] {
  const script = fileURLToPath(new URL("read.py", import.meta.url));
  const { status, stdout, stderr } = spawnSync("python3", [script], {
    input: JSON.stringify(messages.map((message) => message.toString("base64"))),
    maxBuffer: 64 * 1024 * 1024,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`read.py failed: ${stderr}`);
  // The form that read.py writes.
  const readings = JSON.parse(stdout) as readonly Reading[];
  return readings.map((reading) => ({
    ...reading,
    text: asLines(reading.text),
    html: asLines(reading.html),
  }));
}

export function sha256(octets: Uint8Array): string {
  return createHash("sha256").update(octets).digest("hex");
}

/** The text as every reader is to find it, whatever its line ends. */
export function asLines(text: string | null | undefined): string | null {
  return text == null ? null : text.replaceAll(/\r\n|\r/g, "\n").replace(/\n+$/, "");
}

function mailboxes(addresses: readonly Address[] | undefined): readonly NamedAddress[] {
  return (addresses ?? []).map(({ name, address }) => ({ name, address: address ?? "" }));
}

function bytesOf(content: ArrayBuffer | Uint8Array | string): Uint8Array {
  return typeof content === "string" ? Buffer.from(content) : new Uint8Array(content);
}
