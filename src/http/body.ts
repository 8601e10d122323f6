/** The request body: bounded while it is read, since Content-Length is only a hint. */
import type { Problem } from "../smtp/outcome.ts";
import type { ProblemDetails } from "./problem.ts";

/**
 * Octets. A Worker has 128 MB, in which the body, what it decodes to and the composed message must stand
 * side by side.
 */
const MAX_BODY_OCTETS = 20 * 1024 * 1024;

/** A body this short is read to its end before a refusal, so that the connection can be kept. */
const MAX_DRAINED_OCTETS = 1024 * 1024;

/** What was read of a body, or what to answer instead. */
export type Body<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: ProblemDetails };

/** What `parseMail` is to make a mail of, and what is wrong with the way it was written. */
export interface MailBody {
  readonly input: unknown;
  /** A field with a problem of its own here holds something else than the caller wrote, or nothing. */
  readonly problems: readonly Problem[];
}

/** Hands over the body chunk by chunk; returns what is wrong with it, if anything. */
export async function readBody(
  request: Request,
  take: (chunk: Uint8Array) => void,
  mostOctets: number = MAX_BODY_OCTETS,
): Promise<ProblemDetails | undefined> {
  try {
    const isWhole = await readBounded(request.body, mostOctets, take);
    return isWhole ? undefined : tooLarge(mostOctets);
  } catch {
    return unreadable("it broke off");
  }
}

/** The whole body. */
export async function readOctets(request: Request): Promise<Body<Uint8Array<ArrayBuffer>>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const problem = await readBody(request, (chunk) => {
    chunks.push(chunk);
    length += chunk.length;
  });
  if (problem !== undefined) return { ok: false, problem };
  const octets = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    octets.set(chunk, at);
    at += chunk.length;
  }
  return { ok: true, value: octets };
}

/** Reads away what a client still sends: workerd drops the connection under an unread body. */
export async function drain(request: Request): Promise<void> {
  if (request.bodyUsed) return;
  await readBounded(request.body, MAX_DRAINED_OCTETS, () => undefined).catch(() => undefined);
}

/** The answer to a body that is not what its Content-Type says. */
export function unreadable(reason: string): ProblemDetails {
  return {
    status: 400,
    name: "validation_error",
    title: "The body cannot be read",
    message: `The request body cannot be read: ${reason}.`,
  };
}

/** Hands over the body chunk by chunk; false where it is longer than `most`, the rest unread. */
async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  most: number,
  take: (chunk: Uint8Array) => void,
): Promise<boolean> {
  if (body === null) return true;
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > most) return false;
    take(chunk);
  }
  return true;
}

function tooLarge(mostOctets: number): ProblemDetails {
  return {
    status: 413,
    name: "validation_error",
    title: "The request is too large",
    message: `The request body may have at most ${mostOctets} octets.`,
  };
}
