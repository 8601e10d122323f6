/** What somebody who gets a mail reads in it, where the parser of the tests takes liberties or sees nothing. */
import type { Email } from "postal-mime";

import type { Wire } from "./relay.ts";

export const headerOf = (email: Email, name: string): string =>
  email.headers.find(({ key }) => key === name)?.value ?? "";
/** Readers drop a byte order mark, and show line ends of any kind. */
export const lines = (text: string | undefined): string =>
  (text ?? "")
    .replace(/^\ufeff/, "")
    .replaceAll(/\r\n|\r|\n/g, "\n")
    .trimEnd();

/** The file name by RFC 2183 and RFC 2231, to the letter: other readers decode encoded-words in it. */
export function filenameOf({ contents: [content] }: Wire): string {
  const header = Buffer.from(content ?? "")
    .toString("latin1")
    .replaceAll("\r\n ", " ");
  const extended = [...header.matchAll(/; filename(?:\*\d+)?\*=([^\s;]*)/g)];
  if (extended.length > 0) {
    return decodeURIComponent(
      extended
        .map(([, text]) => text)
        .join("")
        .replace(/^UTF-8''/, ""),
    );
  }
  const quoted = /; filename="((?:[^"\\]|\\.)*)"\r\n/.exec(header)?.[1] ?? "";
  return quoted.replaceAll(/\\(.)/g, "$1");
}

/** ENVID, its xtext undone. */
export function envidOf({ commands }: Wire): string {
  const xtext = commands.map((line) => / ENVID=(\S+)/.exec(line)?.[1]).find(Boolean) ?? "";
  return xtext.replaceAll(/\+([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
