/**
 * The stages of a submission, in the order in which they come, and how long each may last.
 * RFC 5321 §4.5.3.2 asks for minutes at every step; a Worker that answers an HTTP client cannot wait
 * that long, so the defaults are shorter, and the wait after the final dot stays the longest.
 */

const ALL_STAGES = [
  "compose",
  "connect",
  "greeting",
  "ehlo",
  "starttls",
  "tls",
  "auth",
  "mail",
  "rcpt",
  "data",
  "content",
  "quit",
] as const;

/** Where in a submission something happened. */
export type Stage = (typeof ALL_STAGES)[number];

export const STAGES: readonly Stage[] = ALL_STAGES;

/** Milliseconds; each absent one takes its default. */
export interface Timeouts {
  /** Until the TCP connection stands. */
  readonly connect?: number;
  /** Until the TLS handshake is done. */
  readonly tls?: number;
  /** Until the 220 (RFC 5321 §4.5.3.2.1). */
  readonly greeting?: number;
  /** EHLO, STARTTLS, AUTH, MAIL, RCPT, RSET: each reply (RFC 5321 §4.5.3.2.2, §4.5.3.2.3). */
  readonly command?: number;
  /** Until the 354 (RFC 5321 §4.5.3.2.4). */
  readonly dataInit?: number;
  /** Each write of content (RFC 5321 §4.5.3.2.5). */
  readonly dataBlock?: number;
  /** Until the reply to the final dot (RFC 5321 §4.5.3.2.6). Cutting it short makes duplicates. */
  readonly dataTermination?: number;
  /** Courtesy only: nothing depends on the reply to QUIT. */
  readonly quit?: number;
}

export const TIMEOUT_MS: Readonly<Required<Timeouts>> = {
  connect: 20_000,
  tls: 20_000,
  greeting: 60_000,
  command: 60_000,
  dataInit: 60_000,
  dataBlock: 60_000,
  dataTermination: 5 * 60_000,
  quit: 1_000,
};

/** The timeout that applies at a stage. */
export function timeoutMs(stage: Stage, timeouts: Timeouts): number {
  const key = KEY_OF_STAGE[stage];
  return timeouts[key] ?? TIMEOUT_MS[key];
}

const KEY_OF_STAGE = {
  compose: "command",
  connect: "connect",
  greeting: "greeting",
  ehlo: "command",
  starttls: "command",
  tls: "tls",
  auth: "command",
  mail: "command",
  rcpt: "command",
  data: "dataInit",
  content: "dataTermination",
  quit: "quit",
} as const satisfies Record<Stage, keyof Timeouts>;
