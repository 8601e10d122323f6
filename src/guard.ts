/**
 * Who a mail really goes to: not to suppressed addresses, and in staging to one recipient in place of all.
 * The header stays as it is; what changes is the envelope.
 */
import type { Config } from "./config.ts";
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
  config: Config,
  store: Store | undefined,
): Promise<readonly Guarded[]> {
  const { stagingRecipient } = config.service;
  const all = new Set(postings.flatMap(({ mail }) => mail.envelope.to));
  const listed = (await store?.suppressions.among([...all])) ?? new Set<string>();
  return postings.map((posting) => {
    const { to } = posting.mail.envelope;
    const suppressed = to.filter((recipient) => listed.has(recipient));
    const remaining = to.filter((recipient) => !listed.has(recipient));
    if (remaining.length === 0) return { posting, suppressed };
    const recipients = stagingRecipient === undefined ? remaining : [stagingRecipient];
    return { posting: { ...posting, mail: narrowed(posting.mail, recipients) }, suppressed };
  });
}
