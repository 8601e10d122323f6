/** A digest of a request: the same for the same content, however its JSON is laid out. */

/** Text is digested in pieces of so many characters, so that each costs one call. */
const PIECE_CHARACTERS = 65_536;

/**
 * SHA-256 over the value with the keys of objects sorted, as hexadecimal digits. Lists of numbers, as some
 * SDKs send files, cost no more than text of their length; depth costs no stack.
 */
export async function fingerprintOf(value: unknown): Promise<string> {
  const digest = new crypto.DigestStream("SHA-256");
  const writer = digest.getWriter();
  const encoder = new TextEncoder();
  let text = "";
  const flush = async (): Promise<void> => {
    await writer.write(encoder.encode(text));
    text = "";
  };
  // What is still to be digested, the next at the end.
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (next instanceof Verbatim) text += next.text;
    else if (next instanceof ArrayBuffer || ArrayBuffer.isView(next)) {
      const octets = octetsOf(next);
      text += `octets ${octets.length} `;
      await flush();
      await writer.write(octets);
    } else text += spread(next, left);
    if (text.length >= PIECE_CHARACTERS) await flush();
  }
  await flush();
  await writer.close();
  const octets = new Uint8Array(await digest.digest);
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** A text that stands for itself, where a string would be one of the values. */
class Verbatim {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * The text of the value; what is in it is put on the stack. Each value begins with its kind and ends where
 * its text says, so that no two have the same text.
 */
function spread(value: unknown, left: unknown[]): string {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    if (items.every((item) => typeof item === "number")) return `[${items.length} ${items.join()} `;
    for (const item of items.toReversed()) left.push(item);
    return `[${items.length} `;
  }
  // It comes by RPC; JSON has none.
  if (value instanceof Date) return `date ${value.getTime()} `;
  if (typeof value !== "object" || value === null) return `${JSON.stringify(value) ?? "none"} `;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? 1 : -1));
  for (const [name, member] of entries) left.push(member, new Verbatim(JSON.stringify(name)));
  return `{${entries.length} `;
}

function octetsOf(value: ArrayBuffer | ArrayBufferView): Uint8Array {
  return value instanceof ArrayBuffer
    ? new Uint8Array(value)
    : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}
