/**
 * Whom a mail does not go to: suppressed addresses. The header stays as it is; what changes is the envelope.
 * That staging has one recipient in place of all is no matter of the mail, but of each attempt: attempt.ts.
 */
import type { Posting } from "./posting.ts";
import { narrowed } from "./queued-mail.ts";
import type { Store } from "./store/store.ts";

export interface Guarded {
  readonly posting: Posting;
  /** Recipients that are left out, since they are not to be written to any more. */
  readonly suppressed: readonly string[];
}

/** The postings with the recipients that remain; where none do, the envelope is as it was. */
export async function guarded(
  postings: readonly Posting[],
  store: Store | undefined,
): Promise<readonly Guarded[]> {
  const all = new Set(postings.flatMap(({ mail }) => mail.envelope.to));
  const listed = (await store?.suppressions.among([...all])) ?? new Set<string>();
  return postings.map((posting) => {
    const { to } = posting.mail.envelope;
    const suppressed = to.filter((recipient) => listed.has(recipient));
    if (suppressed.length === 0 || suppressed.length === to.length) return { posting, suppressed };
    const remaining = to.filter((recipient) => !listed.has(recipient));
    return { posting: { ...posting, mail: narrowed(posting.mail, remaining) }, suppressed };
  });
}
