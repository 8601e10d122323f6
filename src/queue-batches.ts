/** What goes into one call of a queue: the platform bounds messages and octets, for every queue alike. */

const MAX_MESSAGES = 100;
/** Of all messages in one call; the platform takes 256 KB. */
const MAX_OCTETS = 240_000;

/** The items in order, in as few batches as the platform allows; one too large goes alone. */
export function batchesOf<T extends { readonly octets: number }>(
  items: readonly T[],
  bounds: { readonly maxOctets?: number; readonly maxCount?: number } = {},
): readonly (readonly T[])[] {
  const { maxOctets = MAX_OCTETS, maxCount = MAX_MESSAGES } = bounds;
  const batches: T[][] = [];
  let octets = 0;
  for (const item of items) {
    const batch = batches.at(-1);
    octets += item.octets;
    if (batch === undefined || batch.length >= maxCount || octets > maxOctets) {
      batches.push([item]);
      octets = item.octets;
    } else batch.push(item);
  }
  return batches;
}

/** What it weighs as a message. */
export function octetsOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
