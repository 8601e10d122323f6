/**
 * Values on their way into SQL. A statement of D1 takes 100 parameters, so a set of values goes in as one
 * parameter, a JSON array that the statement reads with `json_each`; a text of D1 holds 2 MB, so a large
 * set goes in several of them.
 */

/** The values as JSON arrays, in order, each short enough for a parameter. */
export function jsonGroups(values: readonly unknown[]): readonly string[] {
  const groups: string[] = [];
  let group: string[] = [];
  let length = 0;
  for (const value of values) {
    const json = JSON.stringify(value);
    if (group.length > 0 && length + json.length > MAX_LENGTH) {
      groups.push(`[${group.join(",")}]`);
      group = [];
      length = 0;
    }
    group.push(json);
    length += json.length + 1;
  }
  if (group.length > 0) groups.push(`[${group.join(",")}]`);
  return groups;
}

/** In UTF-16 units. Each takes three octets at the most, and that is less than the 2 MB. */
const MAX_LENGTH = 500_000;
