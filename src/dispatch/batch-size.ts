/** How large a batch may be, whichever way it comes in. */

/** Mails: more would take longer than a call may. */
export const MAX_MAILS = 100;
