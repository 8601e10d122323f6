/** What the messages of one batch share. */
import type { Desk } from "../attempt.ts";
import type { Way } from "../relay/way.ts";
import type { Store } from "../store/store.ts";

export interface Shift extends Desk {
  readonly way: Way;
  /** After this no attempt begins. */
  readonly deadlineMs: number;
}

/** A shift of a deployment that binds JOURNAL. */
export type JournalShift = Shift & { readonly store: Store };

export function hasJournal(shift: Shift): shift is JournalShift {
  return shift.store !== undefined;
}
