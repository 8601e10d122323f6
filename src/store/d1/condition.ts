/** Conditions in SQL that several statements of the journal share. */

/** A mail is not final: the same as `isFinal` says of a status. */
export const IS_OPEN = "mails.status IN ('scheduled', 'queued', 'sending', 'deferred')";
