/** What the ways into one isolate share: facts about relays that save a round trip, and nothing else. */
import { RelayMemory } from "./relay-memory.ts";

/** Empty in an isolate that is new; forgetting it costs a round trip. */
export const memory: RelayMemory = new RelayMemory();
