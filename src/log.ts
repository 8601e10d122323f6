/**
 * One JSON line per event, for Workers Logs. Holds ids, stages, codes and times; never an address, a
 * subject, a credential or the text of a reply, which may hold all three.
 */

/** From the most that is told to the least. */
export const LOG_LEVELS = ["debug", "info", "warn", "error", "none"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export type Log = (level: Exclude<LogLevel, "none">, event: string, fields?: LogFields) => void;

/** Writes events of at least this level. */
export function createLog(least: LogLevel): Log {
  return (level, event, fields = {}) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return;
    // JSON escapes every control character, so that no value can start a line of its own.
    console[level](JSON.stringify({ level, event, ...fields }));
  };
}
