/** The local relay's side of DATA, and refusals as smtp-server wants them. */
import type { SMTPServerDataStream, SMTPServerError } from "smtp-server";

/**
 * Hands over the whole content. One over the limit is read to its end too, or the client would never
 * get its reply; one that the client broke off is never handed over.
 */
export function collect(
  stream: SMTPServerDataStream,
  maxBytes: number | undefined,
  done: (content: Buffer | "too large") => void,
): void {
  const chunks: Buffer[] = [];
  const isTooLarge = () => maxBytes !== undefined && stream.byteLength > maxBytes;
  stream.on("data", (chunk: Buffer) => {
    if (!isTooLarge()) chunks.push(chunk);
  });
  stream.on("end", () => done(isTooLarge() ? "too large" : Buffer.concat(chunks)));
  // Without a listener the stream of a client that left would end the process.
  stream.on("error", () => {});
}

/** The error that makes smtp-server send exactly this reply: `550 5.1.1 No such user`. */
export function refusal(line: string): SMTPServerError {
  const [, code, text] = /^([45]\d\d) (.*)$/.exec(line) ?? [];
  if (code === undefined) throw new TypeError(`not a reply that refuses: ${line}`);
  return Object.assign(new Error(text), { responseCode: Number(code) });
}
