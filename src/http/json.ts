/** A JSON body, in UTF-8. */
import { readBody, unreadable, type Body } from "./body.ts";

/** What the JSON says, or what is wrong with it. */
export async function readJson(request: Request, mostOctets?: number): Promise<Body<unknown>> {
  // Decoded as it comes, so that octets and text of a large body do not stand side by side.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  const parts: string[] = [];
  let isUtf8 = true;
  const decode = (chunk?: Uint8Array): void => {
    if (!isUtf8) return;
    try {
      parts.push(decoder.decode(chunk, { stream: chunk !== undefined }));
    } catch {
      isUtf8 = false;
    }
  };
  const problem = await readBody(request, decode, mostOctets);
  if (problem !== undefined) return { ok: false, problem };
  decode();
  if (!isUtf8) return { ok: false, problem: unreadable("it is not UTF-8") };
  try {
    return { ok: true, value: JSON.parse(parts.join("")) };
  } catch {
    return { ok: false, problem: unreadable("it is not JSON") };
  }
}
