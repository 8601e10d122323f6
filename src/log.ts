/**
 * One JSON line per event, for Workers Logs. Holds ids, stages, codes and times; never an address, a
 * subject, a credential or the text of a reply, which may hold all three.
 */

const LEVELS = ["debug", "info", "warn", "error", "none"] as const;

export type LogLevel = (typeof LEVELS)[number];

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export type Log = (level: Exclude<LogLevel, "none">, event: string, fields?: LogFields) => void;

export function isLogLevel(text: string): text is LogLevel {
  return LEVELS.some((level) => level === text);
}

/** Writes events of at least this level. */
export function createLog(least: LogLevel): Log {
  return (level, event, fields = {}) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return;
    // JSON escapes every control character, so that no value can start a line of its own.
    console[level](JSON.stringify({ level, event, ...fields }));
  };
}
