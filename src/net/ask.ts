/** Putting a question to a SASL mechanism, which may fetch a token or derive a key for it. */
import type { Question } from "../smtp/sasl/exchange.ts";
import type { GiveUp } from "../smtp/sasl/mechanism.ts";
import { within, wordsOf } from "./within.ts";

/** The answer; where there is none within `ms` milliseconds, why. Never rejects. */
export async function ask(
  { mechanism, challenge }: Question,
  ms: number,
): Promise<Uint8Array | GiveUp | undefined> {
  const asking = async (): Promise<Uint8Array | GiveUp | undefined> =>
    challenge === undefined ? mechanism.start() : mechanism.next(challenge);
  const answered = await within(ms, asking());
  if (answered.type === "value") return answered.value;
  const words = answered.type === "error" ? wordsOf(answered.error) : "it took too long";
  const reason = `${mechanism.name} has no answer: ${words ?? "no reason is known"}`;
  // A TypeError is about the values given; anything else, as a token that cannot be fetched, may pass.
  const mayPass = !(answered.type === "error" && answered.error instanceof TypeError);
  return { reason, mayPass };
}
