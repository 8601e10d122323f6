/**
 * The way to a relay for any number of mails: keeps at most one session to each of the configured
 * relays, replaces one that ended between two mails, and goes to the next relay only where nothing can
 * have been sent yet.
 */
import { adviceOn } from "./advice.ts";
import { composition, type CompositionOptions } from "./composition.ts";
import type { ParsedMail } from "./mail/mail.ts";
import type { Connect } from "./net/connection.ts";
import { Session, type Settlement } from "./net/converse.ts";
import type { SessionReport } from "./net/session-record.ts";
import { RelayMemory } from "./relay-memory.ts";
import { labelOf, type Relay, type Security } from "./relay-options.ts";
import type { Content } from "./smtp/content.ts";
import {
  failed,
  isAboutAccess,
  type Failure,
  type Outcome,
  type TransactionOutcome,
} from "./smtp/outcome.ts";
import type { RecipientPolicy, Transaction } from "./smtp/transaction.ts";

export interface RouteOptions extends CompositionOptions {
  /** Tried in order; at least one. */
  readonly relays: readonly [Relay, ...Relay[]];
  readonly connect: Connect;
  readonly allRecipients?: RecipientPolicy;
  /** What earlier sessions found out; nothing where absent. */
  readonly memory?: RelayMemory;
  /** Called once per session, when it ends, with the relay's `host:port`. */
  readonly onSession?: (relay: string, report: SessionReport) => void;
  /** Has the sessions of its mails, in place of one for each relay; then there is one relay. */
  readonly sessions?: Sessions;
  /** How long a relay that could not be opened is left alone. */
  readonly avoidMs?: number;
}

/** Sessions to one relay, for whoever keeps more than one. */
export interface Sessions {
  /** The session for the next transaction, which `open` makes where there is to be a new one. */
  take(open: () => Session): Promise<Session>;
  /** The transaction that it was taken for is settled. */
  give(session: Session): void;
  /** This one could not be opened; whether others are there to do its work. */
  canSpare(session: Session): boolean;
}

/** What a relay offers, or why it cannot be used and how to mend that. */
export interface RelayReport {
  readonly ok: boolean;
  /** `host:port`. */
  readonly relay: string;
  readonly security: Security;
  /** EHLO keywords after TLS, each with its parameters. */
  readonly extensions: Readonly<Record<string, readonly string[]>>;
  readonly authMechanisms: readonly string[];
  /** Octets; absent where the relay names no limit (RFC 1870 §4). */
  readonly maxSizeOctets?: number;
  readonly failure?: Failure;
  readonly advice?: string;
  /** The conversation, credentials redacted. */
  readonly transcript: readonly string[];
}

/**
 * How long a relay that could not be opened is left alone, so that a batch of a hundred mails does not
 * wait a hundred times for the same timeout.
 */
const AVOID_MS = 30_000;

type Accepted = Extract<TransactionOutcome, { readonly status: "accepted" }>;

interface Unopened {
  readonly outcome: TransactionOutcome;
  readonly until: number;
}

export class Route {
  readonly #options: RouteOptions;
  readonly #sessions = new Map<Relay, Session>();
  readonly #memory: RelayMemory;
  /** Sessions that were opened when it was known already that the relay does not take BDAT. */
  readonly #byData = new WeakSet<Session>();
  readonly #unopened = new Map<Relay, Unopened>();

  constructor(options: RouteOptions) {
    this.#options = options;
    this.#memory = options.memory ?? new RelayMemory();
  }

  /**
   * How the mail ended. Never rejects for a Mail that was parsed. Mails may be under way together: they
   * share the session, and its round trips where the relay offers PIPELINING.
   */
  async deliver(
    mail: ParsedMail,
    allRecipients: RecipientPolicy = this.#options.allRecipients ?? "any",
  ): Promise<Outcome> {
    const { messageId } = mail;
    const composed = await composition(mail, this.#options);
    if (!composed.ok) return { ...failed(composed.problems), messageId, relay: "" };
    const { envelope, content, eightBit } = composed.value;
    const { submitter } = envelope;
    const requests = submitter === undefined ? mail.requests : { ...mail.requests, submitter };
    const transaction: Transaction = {
      reversePath: envelope.from,
      forwardPaths: envelope.to,
      smtpUtf8: envelope.smtpUtf8,
      eightBit,
      sizeOctets: content.size,
      requests,
      recipientPolicy: allRecipients,
    };
    const [first, ...others] = this.#options.relays;
    let relay = first;
    let outcome = await this.#deliverTo(first, transaction, content);
    for (const other of others) {
      if (!mayGoElsewhere(outcome)) break;
      relay = other;
      outcome = await this.#deliverTo(other, transaction, content);
    }
    return { ...outcome, messageId, relay: labelOf(relay) };
  }

  /** Connects, EHLO, TLS, AUTH, and no mail: one report per relay. */
  async verify(): Promise<readonly RelayReport[]> {
    const reports: RelayReport[] = [];
    for (const relay of this.#options.relays) reports.push(await this.#report(relay));
    return reports;
  }

  /** QUIT on every session; resolves when they are let go of, within the quit timeout. */
  async close(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(sessions.map((session) => session.quit()));
  }

  /** All recipients, over as many sessions as the relay's limits make of it (RFC 9422 §4.1). */
  async #deliverTo(
    relay: Relay,
    transaction: Transaction,
    content: Content,
  ): Promise<TransactionOutcome> {
    let whole = await this.#submit(relay, transaction, content);
    for (;;) {
      if (whole.status !== "accepted") return whole;
      const untried = whole.refused.filter((refusal) => refusal.untried === true);
      if (untried.length === 0) return whole;
      const forwardPaths = untried.map(({ recipient }) => recipient);
      const more = await this.#submit(relay, { ...transaction, forwardPaths }, content);
      whole = joined(whole, more, forwardPaths);
      if (more.status !== "accepted") return whole;
    }
  }

  async #submit(
    relay: Relay,
    transaction: Transaction,
    content: Content,
  ): Promise<TransactionOutcome> {
    const { sessions, avoidMs = AVOID_MS } = this.#options;
    for (;;) {
      const avoided = this.#unopened.get(relay);
      if (avoided !== undefined && Date.now() < avoided.until) return avoided.outcome;
      const open = (): Session => this.#open(relay);
      const session = sessions === undefined ? this.#own(relay) : await sessions.take(open);
      const settlement = await session.submit(transaction, content);
      sessions?.give(session);
      const { outcome, begun } = settlement;
      const { authenticatedBy } = session;
      if (authenticatedBy !== undefined) this.#memory.authenticated(relay, authenticatedBy);
      if (session.isInVain) this.#memory.refusesMailWithAuth(relay);
      if (outcome.status === "accepted" || outcome.status === "unknown") return outcome;
      if (outcome.failure.extension === "CHUNKING" && !this.#byData.has(session)) {
        // It refused a BDAT that it had offered: the same mail once more, by DATA.
        this.#memory.lacksChunking(relay);
      } else if (!begun && session.isInVain) {
        // The next session hears the verdict on AUTH first, and may try another token.
        this.#memory.refusesMailWithAuth(relay);
      } else if (!begun && session.isOver && !session.hasOpened) {
        if (sessions?.canSpare(session) === true) continue;
        this.#unopened.set(relay, { outcome, until: Date.now() + avoidMs });
        return outcome;
      } else if (!mayBeginAnew(settlement, session)) {
        return outcome;
      }
    }
  }

  /** The relay's one session, opened anew where it is over. */
  #own(relay: Relay): Session {
    const used = this.#sessions.get(relay);
    if (used !== undefined && !used.isOver) return used;
    const session = this.#open(relay);
    this.#sessions.set(relay, session);
    return session;
  }

  #open(relay: Relay): Session {
    const { connect, onSession } = this.#options;
    const lies = this.#memory.hasChunking(relay) ? [] : ["CHUNKING"];
    const provenMechanism = this.#memory.provenMechanism(relay);
    const session = new Session({
      ...relay,
      disableExtensions: [...relay.disableExtensions, ...lies],
      address: { host: relay.host, port: relay.port },
      connect,
      ...(provenMechanism === undefined ? {} : { provenMechanism }),
      ...(onSession === undefined
        ? {}
        : { onEnd: (report: SessionReport) => onSession(labelOf(relay), report) }),
    });
    if (lies.length > 0) this.#byData.add(session);
    return session;
  }

  async #report(relay: Relay): Promise<RelayReport> {
    const session = this.#own(relay);
    const failure = await session.open();
    const offered = session.capabilities;
    const advice = failure === undefined ? undefined : adviceOn(failure);
    return {
      ok: failure === undefined,
      relay: labelOf(relay),
      security: relay.security,
      extensions: Object.fromEntries(offered?.keywords ?? []),
      authMechanisms: offered?.authMechanisms ?? [],
      ...(offered?.maxSizeOctets === undefined ? {} : { maxSizeOctets: offered.maxSizeOctets }),
      ...(failure === undefined ? {} : { failure }),
      ...(advice === undefined ? {} : { advice }),
      transcript: session.transcript,
    };
  }
}

/**
 * Whether the mail may begin once more, in another session: this one ended for reasons that are not the
 * mail's, and no content of it was taken. Each time another mail was begun or served, so that it ends.
 */
function mayBeginAnew({ outcome, begun }: Settlement, session: Session): boolean {
  if (outcome.status !== "deferred") return false;
  // Nothing of it was written, whatever the session ended of.
  if (!begun) return session.isOver;
  const { cause, stage, reply } = outcome.failure;
  // A connection that died without a word, while it was idle, is found out by MAIL alone.
  const isDead = cause === "timeout" && stage === "mail";
  const isSessionEnd = cause === "connection" || isDead || reply?.code === 421;
  const isBeforeContent = stage === "mail" || stage === "rcpt" || stage === "data";
  // Idle too long, or enough mails: it had served, so it is no relay that takes nobody's mail.
  return session.hasServed && isSessionEnd && isBeforeContent;
}

/** Never after content was handed over, and only where another relay may do better. */
export function mayGoElsewhere(outcome: TransactionOutcome): boolean {
  if (outcome.status === "accepted" || outcome.status === "unknown") return false;
  const { stage, cause } = outcome.failure;
  // What was refused before MAIL was this relay's access; credentials are for a person to mend.
  const isOfRelay = cause === "reply" && isAboutAccess(outcome.failure);
  return stage !== "content" && (outcome.status === "deferred" || isOfRelay);
}

/** One outcome of two sessions that shared a mail; the later one knows more of its recipients. */
function joined(
  first: Accepted,
  second: TransactionOutcome,
  forwardPaths: readonly string[],
): Accepted {
  const isAccepted = second.status === "accepted";
  const refusals = (isAccepted ? second.refused : second.failure.refused) ?? [];
  const told = new Map(refusals.map((refusal) => [refusal.recipient, refusal]));
  const others = forwardPaths.filter((path) => !told.has(path));
  const accepted = isAccepted ? second.accepted : [];
  const inDoubt = isAccepted ? (second.unknown ?? []) : second.status === "unknown" ? others : [];
  const reply = isAccepted ? undefined : second.failure.reply;
  const settled = new Set([...accepted, ...inDoubt]);
  const left = new Set(others.filter((path) => !settled.has(path)));
  const unknown = [...(first.unknown ?? []), ...inDoubt];
  return {
    status: "accepted",
    accepted: [...first.accepted, ...accepted],
    refused: [
      ...first.refused.filter(({ recipient }) => !forwardPaths.includes(recipient)),
      ...refusals,
      // Those that this session did not come to keep the entry that says so.
      ...first.refused
        .filter(({ recipient }) => left.has(recipient))
        .map((entry) => (reply === undefined ? entry : { recipient: entry.recipient, reply })),
    ],
    ...(unknown.length === 0 ? {} : { unknown }),
    reply: isAccepted ? second.reply : first.reply,
  };
}
