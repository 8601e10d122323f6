/** A mail as multipart/form-data (RFC 7578), which the platform takes apart. */
import { invalidMailDetails } from "./answer.ts";
import { readOctets, unreadable, type Body, type MailBody } from "./body.ts";
import { mailOfForm } from "./form-mail.ts";

/** A recipient each, as many as a mail may have, and room for all else. */
const MAX_PARTS = 2_000;

/** What the form says, or what is wrong with it. */
export async function readForm(request: Request): Promise<Body<MailBody>> {
  const parsed = await parse(request);
  if (!parsed.ok) return parsed;
  const form = parsed.value;
  const count = Array.from(form.keys()).length;
  if (count > MAX_PARTS) {
    const detail = `The form has ${count} parts; at most ${MAX_PARTS} are allowed.`;
    return { ok: false, problem: invalidMailDetails([{ pointer: "", detail }]) };
  }
  return { ok: true, value: await mailOfForm(form) };
}

/** Returns before a file is read, so that the body is let go of: each file is in the form already. */
async function parse(request: Request): Promise<Body<FormData>> {
  const body = await readOctets(request);
  if (!body.ok) return body;
  const type = request.headers.get("content-type") ?? "";
  try {
    const form = await new Response(body.value, { headers: { "content-type": type } }).formData();
    return { ok: true, value: form };
  } catch {
    // Platforms word their errors each in their own way.
    const reason = /;\s*boundary\s*=/i.test(type) ? BROKEN : NO_BOUNDARY;
    return { ok: false, problem: unreadable(reason) };
  }
}

const BROKEN =
  "it is not the multipart/form-data that its Content-Type says, or ends before its last boundary";
const NO_BOUNDARY =
  "its Content-Type names no boundary. Leave that header to what makes the form, as `curl -F` does";
