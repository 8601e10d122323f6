/** A relay's reply as it is kept and told: short, and without its text where no address may be kept. */
import type { Reply } from "./smtp/reply.ts";
import type { KeptReply } from "./store/journal.ts";

/** Reply text is the relay's; this much of it is enough. */
const MAX_CHARACTERS = 500;

/** Code, enhanced code and the beginning of the text. */
export function keptReply({ code, enhanced, lines }: Reply): KeptReply {
  const text = lines.join("\n").slice(0, MAX_CHARACTERS);
  return { code, ...(enhanced === undefined ? {} : { enhanced }), text };
}
