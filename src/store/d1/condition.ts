/** Conditions in SQL that several statements of the journal share. */

/** The status is not final: the same as `isFinal` says of one. */
export function isOpen(status: string): string {
  return `${status} IN ('scheduled', 'queued', 'sending', 'deferred')`;
}

/** A mail is not final. */
export const IS_OPEN: string = isOpen("mails.status");
