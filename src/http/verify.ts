/** `POST /verify`: what each relay offers, or what is wrong with it and how to mend that. */
import { verification } from "../verification.ts";
import { drain } from "./body.ts";
import type { Surroundings } from "./surroundings.ts";

/** Connects, EHLO, TLS, AUTH, and no mail. */
export async function verify(request: Request, around: Surroundings): Promise<Response> {
  await drain(request);
  // 200 in either case: the question was answered, and the answer is in `ok`.
  return Response.json(await verification(around), { headers: { "cache-control": "no-store" } });
}
