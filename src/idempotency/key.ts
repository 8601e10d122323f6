/** An idempotency key, whichever way it comes in. */

export const MAX_KEY_CHARACTERS = 256;

/** Whether it may be one. */
export function isKey(text: string): boolean {
  return text.length > 0 && text.length <= MAX_KEY_CHARACTERS;
}
