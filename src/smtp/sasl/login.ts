/**
 * The LOGIN mechanism, never standardised and everywhere in use: two prompts, two answers. The text of
 * the prompts means nothing; relays write it in many ways, or leave it out.
 */
import type { MechanismFactory } from "./mechanism.ts";

export const LOGIN: MechanismFactory = {
  name: "LOGIN",
  create: (credentials) => {
    if (!("password" in credentials)) return undefined;
    const encoder = new TextEncoder();
    const answers = [encoder.encode(credentials.username), encoder.encode(credentials.password)];
    return {
      name: "LOGIN",
      start: () => undefined,
      next: () => answers.shift() ?? { reason: "LOGIN has two prompts, and this is a third" },
    };
  },
};
