/**
 * What one session has found out about a relay, for those after it: facts that save a round trip or a
 * mistake, never credentials. Forgetting them costs nothing else.
 */
import { labelOf, type Relay } from "./relay-options.ts";

interface Facts {
  /** The mechanism by which it took the credentials. */
  mechanism?: string | undefined;
  /** It does not take mail in the group of an AUTH. */
  noMailWithAuth?: boolean;
  /** It offers CHUNKING and does not know BDAT. */
  noChunking?: boolean;
}

/** More relays than a deployment has; a program that makes up relays must not fill the memory. */
const MAX_RELAYS = 100;

export class RelayMemory {
  readonly #facts = new Map<string, Facts>();

  /** The mechanism to group with the first mail, where that is known to work. */
  provenMechanism(relay: Relay): string | undefined {
    const { mechanism, noMailWithAuth } = this.#of(relay);
    return noMailWithAuth === true ? undefined : mechanism;
  }

  authenticated(relay: Relay, mechanism: string): void {
    this.#of(relay).mechanism = mechanism;
  }

  refusesMailWithAuth(relay: Relay): void {
    this.#of(relay).noMailWithAuth = true;
  }

  hasChunking(relay: Relay): boolean {
    return this.#of(relay).noChunking !== true;
  }

  lacksChunking(relay: Relay): void {
    this.#of(relay).noChunking = true;
  }

  #of(relay: Relay): Facts {
    const key = `${relay.security} ${labelOf(relay)} ${relay.credentials?.username ?? ""}`;
    let facts = this.#facts.get(key);
    if (facts === undefined) {
      if (this.#facts.size >= MAX_RELAYS) this.#facts.clear();
      facts = {};
      this.#facts.set(key, facts);
    }
    return facts;
  }
}
