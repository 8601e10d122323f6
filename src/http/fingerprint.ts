/** A digest of a request: the same for the same content, however its JSON is laid out. */

/** SHA-256 over the value with the keys of objects sorted, as hexadecimal digits. */
export async function fingerprintOf(value: unknown): Promise<string> {
  const digest = new crypto.DigestStream("SHA-256");
  const writer = digest.getWriter();
  const encoder = new TextEncoder();
  for (const piece of piecesOf(value)) {
    await writer.write(typeof piece === "string" ? encoder.encode(piece) : piece);
  }
  await writer.close();
  const octets = new Uint8Array(await digest.digest);
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** Each value begins with its kind and ends where its text says, so that no two have the same pieces. */
function* piecesOf(value: unknown): Generator<string | Uint8Array> {
  if (value instanceof ArrayBuffer) yield* piecesOf(new Uint8Array(value));
  else if (value instanceof Uint8Array) {
    yield `octets ${value.length} `;
    yield value;
  } else if (Array.isArray(value)) {
    yield `[${value.length} `;
    for (const item of value) yield* piecesOf(item);
  } else if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
    yield `{${entries.length} `;
    for (const [name, member] of entries) {
      yield JSON.stringify(name);
      yield* piecesOf(member);
    }
  } else yield `${JSON.stringify(value) ?? "undefined"} `;
}
