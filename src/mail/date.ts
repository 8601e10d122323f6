/** The date of a mail: ISO 8601 in, the date-time of RFC 5322 §3.3 out. */

/** RFC 5322 §3.3: the year is 1900 or later; four digits hold it. */
const MIN_YEAR = 1900;
const MAX_YEAR = 9999;

/** `Sat, 21 Nov 2026 10:00:00 +0000`: the date-time of RFC 5322 §3.3, always in UTC. */
export function formatDate(date: Date): string {
  // ECMAScript fixes the form of this text, and it is that of RFC 5322 but for the name of the zone.
  return date.toUTCString().replace("GMT", "+0000");
}

/** The instant of an ISO 8601 date and time with a zone, or of a Date; undefined if it is none. */
export function parseDate(input: unknown): Date | undefined {
  const time = input instanceof Date ? input.getTime() : parseIso(input);
  const date = new Date(time);
  const year = date.getUTCFullYear();
  return year >= MIN_YEAR && year <= MAX_YEAR ? date : undefined;
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])(\d\d):?(\d\d))$/;

function parseIso(input: unknown): number {
  if (typeof input !== "string") return Number.NaN;
  const match = ISO.exec(input);
  if (match === null) return Number.NaN;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((digits) => Number(digits ?? "0"));
  // Date.UTC carries 30 February over into March, so compare what came out.
  const midnight = new Date(Date.UTC(year, month - 1, day));
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return Number.NaN;
  const [, , , , , , , fraction = "", sign, zoneHours = "0", zoneMinutes = "0"] = match;
  if (hour > 23 || minute > 59 || second > 59 || Number(zoneMinutes) > 59) return Number.NaN;
  if (Number(zoneHours) > 23) return Number.NaN;
  const milliseconds = Number(fraction.padEnd(3, "0").slice(0, 3));
  const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === "-" ? -1 : 1);
  const ofDay = ((hour * 60 + minute - zone) * 60 + second) * 1000 + milliseconds;
  return midnight.getTime() + ofDay;
}
