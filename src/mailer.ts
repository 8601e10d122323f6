/** The library's use case: mails in, Outcomes out, over the relays that the options name. */
import { DeliveryError } from "./delivery-error.ts";
import { parseDkimKeys, type DkimKeyInput, type DkimKeyOptions } from "./mail/dkim/key.ts";
import { invalidMailFailure } from "./composition.ts";
import type { MailInput, ParsedMail } from "./mail/mail.ts";
import { parseMail } from "./mail/parse-mail.ts";
import type { Connect } from "./net/connection.ts";
import { Gate, Share } from "./net/gate.ts";
import { inOrder } from "./net/in-order.ts";
import { RelayMemory } from "./relay-memory.ts";
import { parseRelay, type Relay, type RelayInput } from "./relay-options.ts";
import type { Result } from "./result.ts";
import { Route, type RelayReport } from "./route.ts";
import { DEFAULT_WINDOW } from "./smtp/effect.ts";
import type { Failure, Outcome, Problem } from "./smtp/outcome.ts";
import type { RecipientPolicy } from "./smtp/transaction.ts";

export interface SendOptions {
  /**
   * "any": accepted where the relay takes at least one recipient. "all": nothing is sent unless it
   * takes every one. Default: that of the mailer, which is "any".
   */
  readonly allRecipients?: RecipientPolicy;
}

export interface MailerOptions extends SendOptions {
  /** One relay, or several to be tried in order as long as nothing can have been sent. */
  readonly relay: RelayInput | readonly RelayInput[];
  /**
   * Signs every mail (RFC 6376): one key, or several, for a domain each or for two algorithms. A mail
   * from a domain that none of them is for is refused, with cause config.
   */
  readonly dkim?: DkimKeyInput | readonly DkimKeyInput[];
  /** How to dial; the platform's own where absent. */
  readonly connect?: Connect;
}

/** An accepted Outcome: at least one recipient was taken, and `refused` lists the others. */
export type Receipt = Extract<Outcome, { readonly status: "accepted" }>;

/**
 * Mails that may be under way at once. A Worker may have six connections being established; the seventh
 * would wait unseen, with its timeout running.
 */
const MAX_CONNECTIONS = 5;

/** Mails of a `sendMany` without an Outcome: two windows of the dialogue, so that it never runs dry. */
const MAILS_AHEAD: number = 2 * DEFAULT_WINDOW;

/** Octets of their content: a Worker has 128 MB for all that it does. */
const OCTETS_AHEAD = 8 * 1024 * 1024;

/** Sends mail. Each `submit` and `send` has a session of its own; `sendMany` has one for all. */
export class Mailer {
  readonly #options: SendOptions & {
    readonly connect: Connect;
    readonly dkim: readonly DkimKeyOptions[];
    readonly memory: RelayMemory;
  };
  readonly #relays: readonly [Relay, ...Relay[]];
  readonly #gate = new Gate(MAX_CONNECTIONS);
  readonly #routes = new Set<Route>();
  readonly #closing = new Set<Promise<void>>();
  #closed = false;

  /** Throws TypeError, with every problem in its message, where the options are not right. */
  constructor(options: MailerOptions & { readonly connect: Connect }) {
    const relays = parseRelays(options.relay);
    if (!relays.ok) throw wrongOptions(relays.problems);
    const { allRecipients, connect } = options;
    if (!isPolicy(allRecipients)) throw new TypeError(POLICIES);
    this.#relays = relays.value;
    this.#options = {
      connect,
      dkim: parseDkim(options.dkim),
      memory: new RelayMemory(),
      ...(allRecipients === undefined ? {} : { allRecipients }),
    };
  }

  /** The receipt. Throws DeliveryError, with the Outcome, unless at least one recipient was taken. */
  async send(mail: MailInput, options: SendOptions = {}): Promise<Receipt> {
    const outcome = await this.submit(mail, options);
    if (outcome.status === "accepted") return outcome;
    throw new DeliveryError(outcome);
  }

  /** The Outcome, whatever the relay did. An invalid mail is refused, with `problems`. */
  async submit(mail: MailInput, options: SendOptions = {}): Promise<Outcome> {
    const parsed = parseMail(mail);
    if (!parsed.ok) return invalidMail(parsed.problems);
    checkPolicy(options);
    return this.#onRoute((route) => route.deliver(parsed.value, options.allRecipients));
  }

  /**
   * The Outcomes, in the order of the mails, over one session. Mails are taken ahead of their Outcomes,
   * as many as are under way together; those taken are sent, also where the loop ends early.
   */
  async *sendMany(
    mails: Iterable<MailInput> | AsyncIterable<MailInput>,
    options: SendOptions = {},
  ): AsyncGenerator<Outcome, void, undefined> {
    checkPolicy(options);
    const route = this.#route();
    const places = new Share(this.#gate);
    let octets = 0;
    const submit = async (mail: MailInput): Promise<Outcome> => {
      const parsed = parseMail(mail);
      if (!parsed.ok) return invalidMail(parsed.problems);
      const size = octetsOf(parsed.value);
      octets += size;
      try {
        const release = await this.#enter(places);
        return await route.deliver(parsed.value, options.allRecipients).finally(release);
      } finally {
        octets -= size;
      }
    };
    const ahead = (): number => (octets < OCTETS_AHEAD ? MAILS_AHEAD : 1);
    try {
      yield* inOrder(mails, submit, ahead);
    } finally {
      this.#leave(route);
    }
  }

  /** Connects, EHLO, TLS, AUTH, and no mail: what each relay offers, or what is wrong with it. */
  async verify(): Promise<RelayReport & { readonly others?: readonly RelayReport[] }> {
    const [first, ...others] = await this.#onRoute((route) => route.verify());
    if (first === undefined) throw new TypeError("a mailer has at least one relay");
    return others.length === 0 ? first : { ...first, others };
  }

  /**
   * Waits for what is under way and for its QUIT; nothing can be sent afterwards. A `sendMany` that is
   * not at its end throws TypeError at its next mail.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#gate.drained();
    for (const route of this.#routes) this.#leave(route);
    await Promise.all(this.#closing);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #onRoute<T>(work: (route: Route) => Promise<T>): Promise<T> {
    const route = this.#route();
    try {
      const release = await this.#enter(this.#gate);
      return await work(route).finally(release);
    } finally {
      this.#leave(route);
    }
  }

  async #enter(gate: Pick<Gate, "enter">): Promise<() => void> {
    if (this.#closed) throw new TypeError("this mailer is closed");
    return gate.enter();
  }

  #route(): Route {
    const route = new Route({ ...this.#options, relays: this.#relays });
    this.#routes.add(route);
    return route;
  }

  /** QUIT is a courtesy: nobody waits for it but `close`. */
  #leave(route: Route): void {
    this.#routes.delete(route);
    const closing = route.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

/** The keys of the option; none where it is absent. Throws TypeError where they are not right. */
export function parseDkim(input: MailerOptions["dkim"]): readonly DkimKeyOptions[] {
  if (input === undefined) return [];
  const keys = parseDkimKeys(input, "/dkim");
  if (!keys.ok) throw wrongOptions(keys.problems);
  return keys.value;
}

function wrongOptions(problems: readonly Problem[]): TypeError {
  const sentences = problems.map(({ pointer, detail }) => `${pointer}: ${detail}`);
  return new TypeError(`These options make no mailer. ${sentences.join(" ")}`);
}

const POLICIES = 'allRecipients is "any" or "all"';

/** Every relay of a mailer, or the problems of all of them; pointers start with `/relay`. */
export function parseRelays(
  input: RelayInput | readonly RelayInput[],
): Result<readonly [Relay, ...Relay[]], readonly Problem[]> {
  const inputs = Array.isArray(input) ? input : [input];
  const results = inputs.map((one, index) =>
    parseRelay(one, Array.isArray(input) ? `/relay/${index}` : "/relay"),
  );
  const problems = results.flatMap((result) => (result.ok ? [] : result.problems));
  const [first, ...others] = results.flatMap((result) => (result.ok ? [result.value] : []));
  if (problems.length > 0) return { ok: false, problems };
  if (first === undefined) {
    return { ok: false, problems: [{ pointer: "/relay", detail: "Name at least one relay." }] };
  }
  return { ok: true, value: [first, ...others] };
}

/** The Outcome of input that is no mail: nothing was dialled, nothing was sent. */
export function invalidMail(problems: readonly Problem[]): Outcome & { readonly failure: Failure } {
  return {
    status: "refused",
    failure: invalidMailFailure(problems),
    messageId: "",
    relay: "",
  };
}

/** What of the mail stands in memory, but for what is small. */
function octetsOf({ text = "", html = "", raw, attachments }: ParsedMail): number {
  return attachments.reduce(
    (sum, { content }) => sum + (content instanceof Uint8Array ? content.length : 0),
    text.length + html.length + (raw?.content.length ?? 0),
  );
}

/** JavaScript has no types, and "ALL" must not pass for either. */
function isPolicy(value: unknown): boolean {
  return value === undefined || value === "any" || value === "all";
}

function checkPolicy({ allRecipients }: SendOptions): void {
  if (!isPolicy(allRecipients)) throw new TypeError(POLICIES);
}
