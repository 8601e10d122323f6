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
  const octets = await readBounded(request.body, MAX_BODY_OCTETS);
  if (octets === undefined) {
    return refused({
      status: 413,
      name: "validation_error",
      title: "The request is too large",
      message: `The request body may have ${MAX_BODY_OCTETS} octets.`,
    });
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(octets);
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    const reason = error instanceof SyntaxError ? "it is not JSON" : "it is not UTF-8";
    return refused({
      status: 400,
      name: "validation_error",
      title: "The request is not JSON",
      message: `The request body cannot be read: ${reason}.`,
    });
  }
}

/** Reads away what a client still sends: workerd drops the connection under an unread body. */
export async function drain(request: Request): Promise<void> {
  if (request.bodyUsed) return;
  await readBounded(request.body, MAX_DRAINED_OCTETS).catch(() => undefined);
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

/** The whole body, or undefined where it is longer than `most`. */
async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  most: number,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done || value === undefined) break;
    length += value.length;
    if (length > most) {
      await reader?.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
