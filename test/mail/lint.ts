/**
 * Reads composed octets as a suspicious relay would and lists every fault: line ends, line lengths,
 * octets, header fields, encoded-words, nesting and encodings at every level. Shares no code with what it
 * checks.
 */
export interface LintOptions {
  /** UTF-8 may stand in header fields. */
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
  "list-unsubscribe",
  "list-unsubscribe-post",
  "auto-submitted",
  "importance",
  "x-priority",
];
const OF_A_PART = new Set([
  "content-id",
  "content-type",
  "content-transfer-encoding",
  "content-disposition",
]);

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
  if (!smtpUtf8 && BEYOND_ASCII.test(header)) faults.push("octets outside ASCII in the header");
  lintHeader(header, faults);
  const boundaries: string[] = [];
  lintEntity(raw, { isEightBit: true, boundaries, faults });
  lintBoundaries(raw, boundaries, faults);
  return faults;
}

const BEYOND_ASCII = /[^\t\r\n -~]/;

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
  for (const [word] of header.matchAll(/=\?\S*/g)) {
    if (!/^=\?UTF-8\?[BQ]\?[!->@-~]{1,63}\?=/.test(word)) faults.push(`encoded-word: ${word}`);
  }
  for (const line of header.split("\r\n")) {
    if (line.includes("=?") && line.length > 76) faults.push(`encoded-word line: ${line}`);
  }
  lintLines(header, faults);
  const names = unfold(header).map(([name]) => name);
  for (const name of names) if (!/^[a-z0-9-]+$/.test(name)) faults.push(`field name: ${name}`);
  const count = (name: string) => names.filter((other) => other === name).length;
  for (const name of EXACTLY_ONCE) if (count(name) !== 1) faults.push(`${count(name)} × ${name}`);
  for (const name of AT_MOST_ONCE) if (count(name) > 1) faults.push(`${count(name)} × ${name}`);
  if (names.some((name) => name.endsWith("bcc"))) faults.push("a Bcc field");
  for (const [name, value] of unfold(header)) {
    if (value === "" && /^(?:to|cc|reply-to|sender|from)$/.test(name)) faults.push(`empty ${name}`);
  }
}

/** RFC 5322 §2.1.1: a line that could be folded SHOULD have at most 78; none is white space alone. */
function lintLines(header: string, faults: string[]): void {
  for (const field of header.split(/\r\n(?![ \t])/)) {
    for (const [at, line] of field.split("\r\n").entries()) {
      // `Name:` and nothing behind it is an empty field, or one that starts in the next line.
      if (/^[ \t]*$/.test(line)) faults.push("a header line of white space alone");
      if (line.length <= 78) continue;
      // File names stay whole: not every reader unfolds a quoted-string as it should.
      const bare = /^content-/i.test(field) ? line.replaceAll(/"(?:[^"\\]|\\.)*"/g, "x") : line;
      const [, name = "", value = ""] =
        at === 0 ? (/^(\S+: )(.*)$/.exec(bare) ?? []) : ["", "", bare];
      const isTooLate = at === 0 && bare === line && value.length + 1 <= 78;
      if (isTooLate || /\S[ \t]+\S/.test(value)) faults.push(`foldable line: ${name}${value}`);
    }
  }
}

interface Level {
  /** Whether all levels around it say that there are octets over 127. */
  readonly isEightBit: boolean;
  /** Those met so far. */
  readonly boundaries: string[];
  readonly faults: string[];
}

/** An entity of RFC 2045 §2.4, its header and an empty line in front: the message, or a part of it. */
function lintEntity(entity: string, { boundaries, faults, ...around }: Level): void {
  const end = entity.indexOf("\r\n\r\n");
  // RFC 2046 §5.1: of a part without fields the empty line is all the header.
  if (end === -1) return void faults.push("a part without an empty line behind its header");
  const fields = new Map(unfold(entity.slice(0, end)));
  const body = entity.slice(end + 4);
  const type = fields.get("content-type") ?? "";
  const encoding = fields.get("content-transfer-encoding");
  if (!/^[a-z]+\/[a-z0-9.+_-]+(?:;|$)/i.test(type)) faults.push(`media type: ${type}`);
  const isEightBit = around.isEightBit && encoding === "8bit";
  if (encoding === "8bit" && !around.isEightBit) faults.push("8bit within a level that is not");
  if (!isEightBit && BEYOND_ASCII.test(body)) faults.push(`octets outside ASCII in ${type}`);
  if (!type.startsWith("multipart/")) return lintLeaf({ type, encoding, body }, faults);

  if (encoding !== undefined && encoding !== "8bit") faults.push(`${type} in ${encoding}`);
  const boundary = /;\s*boundary="?([A-Za-z0-9'()+_,./:=? -]+?)"?(?:;|$)/.exec(type)?.[1] ?? "";
  if (boundary.length < 22 || boundary.length > 70) faults.push(`boundary: ${boundary}`);
  boundaries.push(boundary);
  // RFC 2046 §5.1.1: the line end before a delimiter is the delimiter's, so a level may end without one.
  const [content = "", ...epilogues] = `\r\n${body}\r\n`.split(`\r\n--${boundary}--\r\n`);
  if (epilogues.length !== 1) faults.push(`${epilogues.length} ends of ${boundary}`);
  if (epilogues.join("").trim() !== "") faults.push(`an epilogue behind ${boundary}`);
  const [preamble = "", ...parts] = content.split(`\r\n--${boundary}\r\n`);
  if (preamble.trim() !== "") faults.push(`a preamble before ${boundary}`);
  if (parts.length < 2) faults.push(`${parts.length} parts in ${type}`);
  for (const part of parts) {
    lintPart(part.slice(0, part.indexOf("\r\n\r\n")), faults);
    lintEntity(part, { isEightBit, boundaries, faults });
  }
}

function lintLeaf(
  leaf: { readonly type: string; readonly encoding: string | undefined; readonly body: string },
  faults: string[],
): void {
  const { type, encoding, body } = leaf;
  const lines = body.split("\r\n");
  // The line end behind the last line may be the one that ends the message.
  if (lines.at(-1) === "") lines.pop();
  if (encoding === "7bit" || encoding === "8bit") return;
  if (encoding === "base64") lintBase64(lines, faults);
  else if (encoding === "quoted-printable") lintQuotedPrintable(lines, faults);
  else faults.push(`Content-Transfer-Encoding of ${type}: ${encoding}`);
  // RFC 2046 §5.2.1.
  if (type.startsWith("message/")) faults.push(`${type} in ${encoding}`);
}

/** RFC 2045 §6.8: lines of 76, but for the last. */
function lintBase64(lines: readonly string[], faults: string[]): void {
  const quads = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==|[A-Za-z0-9+/]=))?$/;
  for (const [at, line] of lines.entries()) {
    const isFull = line.length === 76 || (at === lines.length - 1 && line.length < 76);
    const isPadded = line.includes("=") && at < lines.length - 1;
    if (!isFull || isPadded || !quads.test(line)) faults.push(`base64 line: ${line}`);
  }
}

/** RFC 2045 §6.7. */
function lintQuotedPrintable(lines: readonly string[], faults: string[]): void {
  for (const [at, line] of lines.entries()) {
    const isWhole = /^(?:[\t -<>-~]|=[0-9A-F]{2})*=?$/.test(line) && !/[\t ]$/.test(line);
    const isOpen = line.endsWith("=") && at === lines.length - 1;
    if (line.length > 76 || !isWhole || isOpen) faults.push(`quoted-printable line: ${line}`);
  }
}

/** RFC 2046 §5.1.1: a delimiter is of one level, stands at the start of a line, and nowhere else. */
function lintBoundaries(raw: string, boundaries: readonly string[], faults: string[]): void {
  if (new Set(boundaries).size !== boundaries.length) faults.push("a boundary of two levels");
  for (const boundary of boundaries) {
    const isPrefix = (other: string) => other !== boundary && other.startsWith(boundary);
    if (boundaries.some(isPrefix)) faults.push(`a boundary starts with ${boundary}`);
    const starts = raw.split(`\r\n--${boundary}`).slice(1);
    if (starts.some((rest) => !/^(?:--)?\r\n/.test(rest))) faults.push(`a line like ${boundary}`);
  }
}

function lintPart(header: string, faults: string[]): void {
  const names = unfold(header).map(([name]) => name);
  for (const name of names) if (!OF_A_PART.has(name)) faults.push(`part field: ${name}`);
  if (new Set(names).size !== names.length) faults.push(`a part field twice: ${names.join()}`);
  if (!names.includes("content-type")) faults.push("a part without a type");
  if (BEYOND_ASCII.test(header)) faults.push(`octets outside ASCII in a part's header`);
  lintLines(header, faults);
}
