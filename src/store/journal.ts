/**
 * The journal: the life of every mail, and what is still to be done about it. It is an interface; `d1/`
 * has it over D1. It also holds mails that wait, so that none is lost with a queue message. Times are
 * arguments, in milliseconds since 1970.
 */

/**
 * `scheduled`, `queued`, `sending` and `deferred` (to be tried again) go on; all others are final.
 * `accepted`, `refused` and `unknown` are those of an Outcome; `failed` ran out of attempts or could not
 * be sent for a reason that is ours; `suppressed` had no recipient left that may be written to.
 */
export type MailStatus =
  | "scheduled"
  | "queued"
  | "sending"
  | "deferred"
  | "accepted"
  | "refused"
  | "unknown"
  | "failed"
  | "canceled"
  | "suppressed";

/**
 * What the journal may tell of a mail; JOURNAL_DETAIL says which of it is kept. Of `text` and `html` it
 * keeps both or, where they are longer than a database takes, neither.
 */
export interface MailFacts {
  readonly from?: string;
  readonly to?: readonly string[];
  readonly cc?: readonly string[];
  readonly bcc?: readonly string[];
  readonly replyTo?: readonly string[];
  readonly subject?: string;
  readonly text?: string;
  readonly html?: string;
  readonly tags?: readonly { readonly name: string; readonly value: string }[];
}

/** What a relay said, short enough to be kept. */
export interface KeptReply {
  readonly code: number;
  readonly enhanced?: string;
  readonly text: string;
}

/** One step in the life of a mail. */
export interface JournalEvent {
  readonly atMs: number;
  readonly type:
    | "scheduled"
    | "queued"
    | "rescheduled"
    | "canceled"
    | "attempt"
    | "interrupted"
    | "suppressed"
    | "accepted"
    | "deferred"
    | "refused"
    | "unknown"
    | "failed";
  /** Relay, stage, cause, reply, timing, recipients: whatever tells the step. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** A mail as it enters the journal. */
export interface NewMail {
  /** A UUID. */
  readonly id: string;
  readonly messageId: string;
  /** The name of the API token, or of the way in. */
  readonly token: string;
  readonly createdAtMs: number;
  readonly status: MailStatus;
  readonly scheduledAtMs?: number;
  readonly facts: MailFacts;
  /**
   * What a later attempt sends, as JSON. Kept until the mail is settled. Absent where the first attempt
   * is the only one. Up to 1 MB: over 2 MB of UTF-8, a database refuses it.
   */
  readonly body?: string;
  /**
   * When somebody has to look after it, if nothing has happened until then: when to release it, how long
   * the queue may take, or how long an attempt may last. Absent where it is final.
   */
  readonly checkAtMs?: number;
  readonly events: readonly JournalEvent[];
}

/** A mail as the journal has it. */
export interface JournalMail {
  readonly id: string;
  readonly messageId: string;
  readonly token: string;
  readonly createdAtMs: number;
  readonly scheduledAtMs?: number;
  readonly status: MailStatus;
  /** Attempts that have begun. */
  readonly attempts: number;
  readonly facts: MailFacts;
  /** `host:port` of the relay that decided last. */
  readonly relay?: string;
  readonly reply?: KeptReply;
}

/** Whose turn it is: a message of an earlier turn is of no more use. A new mail has turn 0. */
export interface Turn {
  readonly id: string;
  readonly turn: number;
}

/** What became of the wish to begin an attempt. */
export type Beginning =
  | {
      readonly kind: "begun";
      readonly mail: JournalMail;
      readonly body?: string;
      /** The recipients that still are to get it; absent: all. */
      readonly owed?: readonly string[];
      /** The attempt before this one began and never ended: the mail may have been sent. */
      readonly isInDoubt: boolean;
      /** That, or any attempt so far ended without knowing whether it had sent the mail. */
      readonly mayBeSent: boolean;
    }
  /** Another attempt is under way, at the latest until then. */
  | { readonly kind: "busy"; readonly untilMs: number }
  /** It is due only then. */
  | { readonly kind: "early"; readonly atMs: number }
  /** Settled, canceled, or of another turn: nothing is to be done for this message. */
  | { readonly kind: "over" }
  /** The journal does not know the mail. */
  | { readonly kind: "missing" };

/** How an attempt ended. */
export interface Settlement extends Turn {
  /**
   * Which attempt: `attempts` of the mail as it was begun, 1 of a mail that was admitted as `sending`,
   * and 0 where none has begun. An attempt whose lease is over may end after the next one began, within
   * the same turn.
   */
  readonly attempt: number;
  readonly status: MailStatus;
  /** A relay was asked. Where none was, a mail that was in doubt before the attempt still is. */
  readonly isAsked?: boolean;
  /** The attempt may have sent it, to some or all. Absent: as before. */
  readonly mayBeSent?: boolean;
  /** Absent with `reply`: both as before. */
  readonly relay?: string;
  readonly reply?: KeptReply;
  /** The recipients that still are to get it; absent: as before. */
  readonly owed?: readonly string[];
  /** As in NewMail; absent where the status is final, and then the body goes. */
  readonly checkAtMs?: number;
  readonly events: readonly JournalEvent[];
  /** Names this settlement: given twice, since the answer was lost, it counts once, and is known again. */
  readonly nonce?: string;
}

/** A mail that is due to be handed to the queue. */
export interface DueMail extends Turn {
  /** Not before this. */
  readonly atMs: number;
}

export interface MailQuery {
  readonly limit: number;
  /** The page of older mails behind this one, by id. */
  readonly after?: string;
  /** The page of newer mails right before this one, by id. */
  readonly before?: string;
  readonly statuses?: readonly MailStatus[];
  /** Only mails of this token. */
  readonly token?: string;
}

/** What became of the wish to change a mail that waits. */
export type Change = "done" | "missing" | "settled";

export interface Journal {
  /** Writes them all down, or none and rejects. An id that is there already is left as it is. */
  admit(mails: readonly NewMail[]): Promise<void>;
  /** Begins an attempt at each, in the order given; `leaseMs` bounds how long it may last. */
  begin(
    turns: readonly Turn[],
    time: { readonly nowMs: number; readonly leaseMs: number },
  ): Promise<readonly Beginning[]>;
  /**
   * What `begin` would find, and begins nothing: for whoever only ends mails. Until one is settled, an
   * attempt may begin, and then the settlement does not count.
   */
  look(turns: readonly Turn[], nowMs: number): Promise<readonly Beginning[]>;
  /**
   * Writes down how attempts ended; the ids of those that counted. A settlement of another turn or attempt
   * than the mail's has no effect, nor has one of a mail that is final.
   */
  settle(settlements: readonly Settlement[]): Promise<ReadonlySet<string>>;
  /**
   * Takes mails that are scheduled and due until `untilMs`, or that nobody has looked after in time, and
   * gives each a new turn; they are looked after again at `checkAtMs` if that comes to nothing. An attempt
   * over time is given up for it: the mail is `queued`, and its next attempt in doubt. The one that is due
   * first comes first.
   */
  takeDue(time: {
    readonly nowMs: number;
    readonly untilMs: number;
    readonly checkAtMs: number;
    readonly limit: number;
  }): Promise<readonly DueMail[]>;
  /** They wait, and are looked after at that time; no effect on one of another turn, or under way. */
  hasten(turns: readonly Turn[], checkAtMs: number): Promise<void>;
  /**
   * Ends attempts that are over time and have no body to be tried again with: they are `unknown`, with
   * the events `interrupted` and `unknown`.
   */
  endInterrupted(time: {
    readonly nowMs: number;
    readonly limit: number;
  }): Promise<readonly JournalMail[]>;
  mail(id: string): Promise<JournalMail | undefined>;
  /** Those of these ids that are there, without `text` and `html`. */
  mails(ids: readonly string[]): Promise<readonly JournalMail[]>;
  events(id: string): Promise<readonly JournalEvent[]>;
  /**
   * Newest first, without `text` and `html`. `hasMore` is of the direction that is asked for. Undefined
   * where the cursor names no mail, or one of another token than the one asked for.
   */
  list(
    query: MailQuery,
  ): Promise<{ readonly mails: readonly JournalMail[]; readonly hasMore: boolean } | undefined>;
  /** Only for a mail that is `scheduled`, until its attempt begins. Writes the event, too. */
  reschedule(
    id: string,
    time: { readonly nowMs: number; readonly scheduledAtMs: number; readonly checkAtMs: number },
  ): Promise<Change>;
  /** As `reschedule`. */
  cancel(id: string, nowMs: number): Promise<Change>;
  /**
   * Forgets mails that were settled before this; returns how many. It stops after so many
   * that a clock that calls it every hour keeps up.
   */
  forget(beforeMs: number): Promise<number>;
}

const OPEN: ReadonlySet<MailStatus> = new Set(["scheduled", "queued", "sending", "deferred"]);

/** Whether nothing more will happen to a mail of this status. */
export function isFinal(status: MailStatus): boolean {
  return !OPEN.has(status);
}
