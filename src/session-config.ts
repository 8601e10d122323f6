/** What a deployment says about its warm sessions: RELAY_*, of no effect where RELAY_SESSIONS is not bound. */
import type { ConfigProblem } from "./config.ts";
import type { SettingName } from "./env.ts";
import { invalid, valid, type Result } from "./result.ts";

export interface SessionSettings {
  /** Objects for each relay: a mail goes to one of them. */
  readonly shards: number;
  /** Sessions that an object keeps at most. */
  readonly maxSessions: number;
  readonly mailsPerSession: number;
  readonly idleMs: number;
  /** After this no mail begins on a session. */
  readonly sessionMs: number;
  /** To a relay, of all its shards together; absent: no limit. */
  readonly mailsPerSecond?: number;
  readonly mailsPerMinute?: number;
}

/** The least and the most of each, and what it is where it is not given. */
const RANGES = {
  RELAY_SHARDS: { least: 1, most: 100, usual: 1 },
  // Six connections may be under construction at once in one object; a seventh waits unseen.
  RELAY_MAX_SESSIONS: { least: 1, most: 6, usual: 2 },
  RELAY_MAILS_PER_SESSION: { least: 1, most: 10_000, usual: 100 },
  // An object with an open socket is billed, so this is seconds; relays themselves wait 5 minutes.
  RELAY_IDLE_SECONDS: { least: 1, most: 60, usual: 8 },
  // The platform keeps an object for the sake of a socket for 15 minutes at most.
  RELAY_SESSION_SECONDS: { least: 1, most: 840, usual: 300 },
  RELAY_MAILS_PER_SECOND: { least: 1, most: 10_000, usual: undefined },
  RELAY_MAILS_PER_MINUTE: { least: 1, most: 10_000, usual: undefined },
} as const satisfies Partial<Record<SettingName, Range>>;

interface Range {
  readonly least: number;
  readonly most: number;
  readonly usual: number | undefined;
}

type Name = keyof typeof RANGES;

export const SESSION_NAMES: readonly SettingName[] = Object.keys(RANGES) as readonly Name[];

/** The settings, or each that is no whole number in its range. */
export function readSessionSettings(
  settings: ReadonlyMap<SettingName, string>,
): Result<SessionSettings, readonly ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  const read = (name: Name): number | undefined => {
    const { least, most, usual }: Range = RANGES[name];
    const text = settings.get(name);
    if (text === undefined) return usual;
    // Number() alone would take "0x5" and "1e2".
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    problems.push({ name, detail: `Use a whole number from ${least} to ${most}.` });
    return usual;
  };
  const shards = read("RELAY_SHARDS") ?? 1;
  const readRate = (name: Name): number | undefined => {
    const rate = read(name);
    if (rate === undefined || rate >= shards) return rate;
    const detail = `It is shared by the ${shards} of RELAY_SHARDS, so use that number or more, or fewer shards.`;
    problems.push({ name, detail });
    return undefined;
  };
  const mailsPerSecond = readRate("RELAY_MAILS_PER_SECOND");
  const mailsPerMinute = readRate("RELAY_MAILS_PER_MINUTE");
  const value: SessionSettings = {
    shards,
    maxSessions: read("RELAY_MAX_SESSIONS") ?? 1,
    mailsPerSession: read("RELAY_MAILS_PER_SESSION") ?? 1,
    idleMs: (read("RELAY_IDLE_SECONDS") ?? 1) * 1000,
    sessionMs: (read("RELAY_SESSION_SECONDS") ?? 1) * 1000,
    ...(mailsPerSecond === undefined ? {} : { mailsPerSecond }),
    ...(mailsPerMinute === undefined ? {} : { mailsPerMinute }),
  };
  return problems.length === 0 ? valid(value) : invalid(problems);
}
