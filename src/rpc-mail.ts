/**
 * A mail as it comes by RPC: what JSON cannot carry comes as it is, streams among it. They are read to
 * their ends before anything else, since a stream ends with the call and the mail may have to wait.
 */
import { isRecord } from "./mail/fields.ts";
import { LIMITS } from "./mail/limits.ts";
import { readStreams } from "./mail/load-mail.ts";
import type { ParsedMail } from "./mail/mail.ts";
import { readStream, StreamFault } from "./mail/read-stream.ts";
import { parsePosting, type Posting } from "./posting.ts";
import { invalid, valid, type Result } from "./result.ts";
import type { Problem } from "./smtp/outcome.ts";

/** A valid posting, and what it was made of: the same for the same mail, whatever was a stream. */
export interface RpcPosting {
  readonly posting: Posting;
  readonly input: unknown;
}

/** The posting with all of its octets at hand, or what is wrong with it. */
export async function readRpcMail(
  message: unknown,
): Promise<Result<RpcPosting, readonly Problem[]>> {
  const whole = await withRaw(message);
  if (!whole.ok) return whole;
  const posting = parsePosting(whole.value);
  if (!posting.ok) return posting;
  let mail: Awaited<ReturnType<typeof readStreams>>;
  try {
    mail = await readStreams(posting.value.mail);
  } catch (error) {
    return invalid([{ pointer: "/attachments", detail: brokenOff(error) }]);
  }
  if (!mail.ok) return mail;
  const input = withoutStreams(whole.value, mail.value);
  return valid({ posting: { ...posting.value, mail: mail.value }, input });
}

/** As an EmailMessage has it, `raw` may be a stream. */
async function withRaw(message: unknown): Promise<Result<unknown, readonly Problem[]>> {
  if (!isRecord(message) || !("raw" in message) || !(message.raw instanceof ReadableStream)) {
    return valid(message);
  }
  try {
    const limits = { size: LIMITS.contentOctets, most: Infinity };
    return valid({ ...message, raw: await readStream(message.raw, limits) });
  } catch (error) {
    const detail = error instanceof StreamFault ? error.message : brokenOff(error);
    return invalid([{ pointer: "/raw", detail: `Invalid \`raw\` field. ${detail}` }]);
  }
}

/** The attachments of a mail that is valid are those of its input, in their order. */
function withoutStreams(input: unknown, { attachments }: ParsedMail): unknown {
  if (!isRecord(input) || !("attachments" in input)) return input;
  if (!Array.isArray(input.attachments)) return input;
  const items: readonly unknown[] = input.attachments;
  return {
    ...input,
    attachments: items.map((item, index) => {
      const isStream =
        isRecord(item) && "content" in item && item.content instanceof ReadableStream;
      return isStream ? { ...item, content: attachments[index]?.content } : item;
    }),
  };
}

function brokenOff(error: unknown): string {
  const reason = error instanceof Error ? error.message : "no reason is known";
  return `A stream could not be read to its end: ${reason.slice(0, 200)}`;
}
