/** The request body: bounded while it is read, since Content-Length is only a hint. */
import type { ProblemDetails } from "./problem.ts";

/**
 * Octets. A Worker has 128 MB, in which the JSON text, what it decodes to and the composed message must
 * stand side by side.
 */
export const MAX_BODY_OCTETS: number = 20 * 1024 * 1024;

/** A body this short is read to its end before a refusal, so that the connection can be kept. */
const MAX_DRAINED_OCTETS = 1024 * 1024;

export type Body =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: ProblemDetails };

/** What the JSON body says, or what is wrong with it. */
export async function readJson(request: Request): Promise<Body> {
  const wrongType = typeProblem(request);
  if (wrongType !== undefined) return refused(wrongType);
  // Decoded as it comes, so that octets and text of a large body do not stand side by side.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  const parts: string[] = [];
  try {
    const isWhole = await readBounded(request.body, MAX_BODY_OCTETS, (chunk) => {
      parts.push(decoder.decode(chunk, { stream: true }));
    });
    if (!isWhole) return refused(TOO_LARGE);
    parts.push(decoder.decode());
  } catch (error) {
    return refused(unreadable(error instanceof TypeError ? "it is not UTF-8" : "it broke off"));
  }
  try {
    return { ok: true, value: JSON.parse(parts.join("")) };
  } catch {
    return refused(unreadable("it is not JSON"));
  }
}

/** Reads away what a client still sends: workerd drops the connection under an unread body. */
export async function drain(request: Request): Promise<void> {
  if (request.bodyUsed) return;
  await readBounded(request.body, MAX_DRAINED_OCTETS, () => undefined).catch(() => undefined);
}

function refused(problem: ProblemDetails): Body {
  return { ok: false, problem };
}

function typeProblem(request: Request): ProblemDetails | undefined {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (type === "application/json" && encoding === "identity") return undefined;
  return {
    status: 415,
    name: "validation_error",
    title: "The request is not JSON",
    message: "Send the mail as `Content-Type: application/json`, without Content-Encoding.",
    headers: { accept: "application/json" },
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

const TOO_LARGE: ProblemDetails = {
  status: 413,
  name: "validation_error",
  title: "The request is too large",
  message: `The request body may have at most ${MAX_BODY_OCTETS} octets.`,
};

function unreadable(reason: string): ProblemDetails {
  return {
    status: 400,
    name: "validation_error",
    title: "The request is not JSON",
    message: `The request body cannot be read: ${reason}.`,
  };
}
