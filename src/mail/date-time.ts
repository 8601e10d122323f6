/**
 * The date-time of a Date field, as mailers write it (RFC 5322 §3.3): read, to be the date of a
 * mail whose message is given whole. It is not written anew, so what only guesses could read is
 * refused: years of two digits, and zones that name no offset for certain.
 */

/** Returns the instant; undefined where the text is no date-time, or of a day that never was. */
export function parseDateTime(text: string): Date | undefined {
  const match = text.length > MAX_LENGTH ? null : DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [, weekday, dayText, monthName = "", yearText, hourText, minuteText, secondText] = match;
  const [year, day] = [Number(yearText), Number(dayText)];
  const [hour, minute, second] = [Number(hourText), Number(minuteText), Number(secondText ?? 0)];
  const month = MONTHS.indexOf(monthName.toLowerCase());
  const offset = zoneMinutes(match[8] ?? "");
  if (offset === undefined || year < MIN_YEAR || month === -1) return undefined;
  // 60 is a leap second; a Date has none, and takes it for the first of the next minute.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const midnight = new Date(Date.UTC(year, month, day));
  // Date.UTC carries 30 February over into March.
  if (midnight.getUTCMonth() !== month || midnight.getUTCDate() !== day) return undefined;
  // RFC 5322 §3.3: the day of the week must be the one of the date.
  if (weekday !== undefined && DAYS[midnight.getUTCDay()] !== weekday.toLowerCase()) {
    return undefined;
  }
  return new Date(midnight.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000);
}

/** One that needs more has a comment that nobody reads. */
const MAX_LENGTH = 256;
/** RFC 5322 §3.3. */
const MIN_YEAR = 1900;
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

const DATE_TIME =
  /^[ \t]*(?:([A-Za-z]{3}),[ \t]*)?(\d\d?)[ \t]+([A-Za-z]{3})[ \t]+(\d{4})[ \t]+(\d\d):(\d\d)(?::(\d\d))?[ \t]+([+-]\d{4}|[A-Za-z]{1,3})[ \t]*(?:\([^()\\]*\)[ \t]*)*$/;

/** Minutes ahead of UTC; undefined where the zone does not say. */
function zoneMinutes(zone: string): number | undefined {
  const named = ZONES.get(zone.toUpperCase());
  if (named !== undefined) return named * 60;
  if (!/^[+-]\d\d[0-5]\d$/.test(zone)) return undefined;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3));
  return zone.startsWith("-") ? -minutes : minutes;
}

/**
 * Hours ahead of UTC. RFC 5322 §4.3: the zones of old, of which those of one letter say nothing but
 * for Z, as RFC 822 had their signs wrong. UTC is no zone of any standard, and yet no other one.
 */
const ZONES: ReadonlyMap<string, number> = new Map([
  ["UT", 0],
  ["UTC", 0],
  ["GMT", 0],
  ["Z", 0],
  ["EDT", -4],
  ["EST", -5],
  ["CDT", -5],
  ["CST", -6],
  ["MDT", -6],
  ["MST", -7],
  ["PDT", -7],
  ["PST", -8],
]);
