/** `POST /emails?dryRun=true`: the mail as it would be sent, composed and signed, and given to nobody. */
import { composition } from "../composition.ts";
import { encodeBase64 } from "../mail/base64.ts";
import type { Composed } from "../mail/compose.ts";
import type { ParsedMail } from "../mail/mail.ts";
import { blocksOf } from "../net/content.ts";
import type { RouteOptions } from "../route.ts";
import type { Content } from "../smtp/content.ts";
import { failed, type Failure } from "../smtp/outcome.ts";
import { outcomeResponse } from "./answer.ts";

/** How long a store may be silent in the middle of an attachment. */
const BLOCK_TIMEOUT_MS = 30_000;

/** The envelope and source of the mail as the answer; or what a sending would have failed of. */
export async function dryRunResponse(
  request: Request,
  mail: ParsedMail,
  options: Pick<RouteOptions, "dkim" | "store">,
): Promise<Response> {
  const { messageId } = mail;
  const failure = (problem: Failure): Response =>
    outcomeResponse(request, crypto.randomUUID(), { ...failed(problem), messageId, relay: "" });
  const composed = await composition(mail, options);
  if (!composed.ok) return failure(composed.problems);
  try {
    return await sourceResponse(messageId, composed.value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "no reason is known";
    const message = `the content of the mail could not be read: ${reason.slice(0, 200)}`;
    return failure({ cause: "connection", stage: "compose", message, transcript: [] });
  }
}

/** Written block by block: a large message as text, as JSON and in octets is more than a Worker holds. */
async function sourceResponse(
  messageId: string,
  { envelope, content, eightBit }: Composed,
): Promise<Response> {
  const { from, to, smtpUtf8 } = envelope;
  const facts = { messageId, envelope: { from, to }, size: content.size, smtpUtf8, eightBit };
  const head = JSON.stringify({ dryRun: true, ...facts }).slice(0, -1);
  const text = await textOf(content);
  const [name, pieces] =
    text === undefined ? ["sourceBase64", await base64Of(content)] : ["source", text];
  return new Response(new Blob([`${head},"${name}":"`, ...pieces, '"}']), {
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}

/** The inside of a JSON string; undefined where the content is not UTF-8. */
async function textOf(content: Content): Promise<readonly Uint8Array[] | undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const encoder = new TextEncoder();
  const decode = (block?: Uint8Array): Uint8Array | undefined => {
    try {
      const text = decoder.decode(block, { stream: block !== undefined });
      return encoder.encode(JSON.stringify(text).slice(1, -1));
    } catch {
      return undefined;
    }
  };
  const pieces: Uint8Array[] = [];
  for await (const block of blocksOf(content, BLOCK_TIMEOUT_MS)) {
    const piece = decode(block);
    if (piece === undefined) return undefined;
    pieces.push(piece);
  }
  const last = decode();
  return last === undefined ? undefined : [...pieces, last];
}

async function base64Of(content: Content): Promise<readonly Uint8Array[]> {
  const encoder = new TextEncoder();
  const pieces: Uint8Array[] = [];
  let left: Uint8Array = new Uint8Array(0);
  for await (const block of blocksOf(content, BLOCK_TIMEOUT_MS)) {
    const octets = new Uint8Array(left.length + block.length);
    octets.set(left);
    octets.set(block, left.length);
    // Three octets are four digits; what is over waits for the next block.
    const whole = octets.length - (octets.length % 3);
    pieces.push(encoder.encode(encodeBase64(octets.subarray(0, whole))));
    left = octets.slice(whole);
  }
  return [...pieces, encoder.encode(encodeBase64(left))];
}
