/**
 * The LOGIN mechanism, never standardised and everywhere in use: two prompts, two answers. The text of
 * the prompts means nothing; relays write it in many ways, or leave it out.
 */
import type { Credentials, Mechanism } from "./mechanism.ts";

/** An exchange of LOGIN: answers two challenges and gives up at a third. */
export function login(credentials: Credentials): Mechanism {
  const encoder = new TextEncoder();
  const answers = [encoder.encode(credentials.username), encoder.encode(credentials.password)];
  return {
    name: "LOGIN",
    start: () => undefined,
    next: () => answers.shift(),
  };
}
