/**
 * Reads a message back into its leaf parts, decoded: just enough of MIME for what the peers compose
 * (RFC 2045, RFC 2046). It takes well-formed messages; where one is not, the comparison fails.
 */
export interface Part {
  /** In lower case, as `text/plain`. */
  readonly type: string;
  readonly isAttachment: boolean;
  readonly content: Buffer;
}

export interface Message {
  /** The last value of each field, by name in lower case, unfolded. */
  readonly fields: ReadonlyMap<string, string>;
  readonly parts: readonly Part[];
}

export function readMessage(octets: Buffer): Message {
  const { fields, body } = entity(octets);
  return { fields, parts: leaves(fields, body) };
}

function entity(octets: Buffer): { fields: Map<string, string>; body: Buffer } {
  const fields = new Map<string, string>();
  const isBare = octets.subarray(0, 2).equals(CRLF);
  const end = isBare ? -2 : octets.indexOf("\r\n\r\n");
  if (end === -1) return { fields, body: octets.subarray(octets.length) };
  const header = isBare ? "" : octets.toString("utf8", 0, end);
  for (const line of header.replaceAll(/\r\n(?=[ \t])/g, "").split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { fields, body: octets.subarray(end + 4) };
}

const CRLF = Buffer.from("\r\n");

function leaves(fields: ReadonlyMap<string, string>, body: Buffer): readonly Part[] {
  const contentType = fields.get("content-type") ?? "text/plain";
  const type = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  if (type.startsWith("multipart/")) {
    const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1] ?? "";
    return pieces(body, boundary).flatMap((piece) => {
      const inner = entity(piece);
      return leaves(inner.fields, inner.body);
    });
  }
  const encoding = (fields.get("content-transfer-encoding") ?? "7bit").toLowerCase();
  const isAttachment = /^attachment/i.test(fields.get("content-disposition") ?? "");
  return [{ type, isAttachment, content: decoded(body, encoding) }];
}

/** What stands between the delimiters; the line end before a delimiter belongs to it. */
function pieces(body: Buffer, boundary: string): readonly Buffer[] {
  const delimiter = `\r\n--${boundary}`;
  const found: Buffer[] = [];
  let at = body.subarray(0, delimiter.length - 2).equals(Buffer.from(delimiter.slice(2)))
    ? -2
    : body.indexOf(delimiter);
  while (at !== -1) {
    const start = at + delimiter.length;
    if (body.subarray(start, start + 2).equals(DASHES)) break;
    const next = body.indexOf(delimiter, start);
    if (next === -1) break;
    found.push(body.subarray(body.indexOf(CRLF, start) + 2, next));
    at = next;
  }
  return found;
}

const DASHES = Buffer.from("--");

function decoded(body: Buffer, encoding: string): Buffer {
  if (encoding === "base64") return Buffer.from(body.toString("latin1"), "base64");
  if (encoding !== "quoted-printable") return body;
  const text = body
    .toString("latin1")
    .replaceAll(/[ \t]*=[ \t]*\r\n/g, "")
    .replaceAll(/=([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(text, "latin1");
}
