/**
 * Reads composed octets as a suspicious relay would and lists every fault: line ends, line lengths,
 * octets, header fields, encoded-words. Shares no code with what it checks.
 */
export interface LintOptions {
  readonly smtpUtf8?: boolean;
}

const EXACTLY_ONCE = ["date", "from", "message-id", "mime-version", "content-type"];
const AT_MOST_ONCE = [
  "to",
  "cc",
  "reply-to",
  "sender",
  "subject",
  "in-reply-to",
  "references",
  "content-transfer-encoding",
];

/** The faults of the message; none for one that any relay takes as it is meant. */
export function lint(content: Uint8Array, { smtpUtf8 = false }: LintOptions = {}): string[] {
  const faults: string[] = [];
  const raw = Buffer.from(content).toString("latin1");
  if (!raw.endsWith("\r\n")) faults.push("does not end in CRLF");
  if (/\r(?!\n)/.test(raw)) faults.push("bare CR");
  if (/(?<!\r)\n/.test(raw)) faults.push("bare LF");
  if (raw.includes("\0")) faults.push("NUL");
  for (const line of raw.split("\r\n")) {
    if (line.length > 998) faults.push(`line of ${line.length} octets`);
  }
  const end = raw.indexOf("\r\n\r\n");
  if (end === -1) return [...faults, "no blank line after the header"];
  const header = raw.slice(0, end);
  if (/[^\t\r\n -~]/.test(smtpUtf8 ? raw.slice(end) : raw)) faults.push("octets outside ASCII");
  lintHeader(header, faults);
  for (const part of partHeaders(raw)) lintPart(part, faults);
  return faults;
}

/** The fields of the top header, unfolded, names in lower case. */
export function fieldsOf(content: Uint8Array): [name: string, value: string][] {
  const text = new TextDecoder().decode(content);
  return unfold(text.slice(0, text.indexOf("\r\n\r\n")));
}

function unfold(header: string): [name: string, value: string][] {
  return header
    .replaceAll(/\r\n(?=[ \t])/g, "")
    .split("\r\n")
    .map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
}

function lintHeader(header: string, faults: string[]): void {
  for (const line of header.split("\r\n")) {
    if (/^[ \t]*$/.test(line)) faults.push("a header line of white space alone");
    if (line.includes("=?") && line.length > 76) faults.push(`encoded-word line: ${line}`);
    for (const [word] of line.matchAll(/=\?\S*/g)) {
      if (!/^=\?UTF-8\?[BQ]\?[!->@-~]{1,63}\?=/.test(word)) faults.push(`encoded-word: ${word}`);
    }
  }
  const names = unfold(header).map(([name]) => name);
  for (const name of names) if (!/^[a-z0-9-]+$/.test(name)) faults.push(`field name: ${name}`);
  const count = (name: string) => names.filter((other) => other === name).length;
  for (const name of EXACTLY_ONCE) if (count(name) !== 1) faults.push(`${count(name)} × ${name}`);
  for (const name of AT_MOST_ONCE) if (count(name) > 1) faults.push(`${count(name)} × ${name}`);
  if (names.includes("bcc")) faults.push("a Bcc field");
  for (const [name, value] of unfold(header)) {
    if (value === "" && /^(?:to|cc|reply-to|sender|from)$/.test(name)) faults.push(`empty ${name}`);
  }
}

function partHeaders(raw: string): string[] {
  const boundaries = [...raw.matchAll(/boundary=([A-Za-z0-9]+)\r\n/g)].map(([, token]) => token);
  for (const boundary of boundaries) {
    if ((boundary?.length ?? 0) < 22) return [`X: boundary of ${boundary?.length} characters`];
  }
  return boundaries.flatMap((boundary) =>
    raw
      .split(`\r\n--${boundary}\r\n`)
      .slice(1)
      .map((part) => part.slice(0, part.indexOf("\r\n\r\n"))),
  );
}

function lintPart(header: string, faults: string[]): void {
  const names = unfold(header).map(([name]) => name);
  const allowed = new Set([
    "content-id",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
  ]);
  for (const name of names) if (!allowed.has(name)) faults.push(`part field: ${name}`);
  if (new Set(names).size !== names.length) faults.push(`a part field twice: ${names.join()}`);
  if (!names.includes("content-type")) faults.push("a part without a type");
  for (const line of header.split("\r\n")) {
    if (line.length > 330) faults.push(`part line of ${line.length}`);
  }
}
