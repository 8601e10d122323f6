/** What the benchmark asks of a sender, and of the sink afterwards: plain data that travels as JSON. */

/**
 * `cold`: a session per mail. `known`: the same, by a sender that keeps what it learnt of the relay in runs
 * before. `awaited`: one session, each send awaited. `batch`: one session for all.
 */
export type Mode = "cold" | "known" | "awaited" | "batch";

export type Security = "starttls" | "tls";

/** The mails of one run; every one of them is different, and all follow from this. */
export interface Batch {
  /** Names the run; it is in every subject. */
  readonly run: string;
  readonly count: number;
  readonly recipients: number;
  readonly textOctets: number;
  /** 0 for none. */
  readonly htmlOctets: number;
  /** 0 for none. */
  readonly attachmentOctets: number;
}

export interface Command extends Batch {
  readonly mode: Mode;
  readonly security: Security;
  readonly port: number;
}

/** What a sender answers. */
export interface Answer {
  readonly ok: boolean;
  /** Why not. */
  readonly reason?: string;
}

/** The credentials that the sink takes. */
export const USERNAME = "bench";
export const PASSWORD = "a password of the benchmark";

/** The name in the sink's certificate. */
export const HOST = "localhost";
