/**
 * The Durable Object that keeps a relay's authenticated sessions for all Workers: one object for each
 * relay and shard, named `host:port#shard`. It takes mails by RPC and answers with their Outcomes; the
 * relay's name and credentials it reads from its own configuration, never from a call.
 */
import { DurableObject } from "cloudflare:workers";

import { readConfig } from "../config.ts";
import type { Env } from "../env.ts";
import { parseMail } from "../mail/parse-mail.ts";
import { invalidMail } from "../mailer.ts";
import { connect } from "../net/cloudflare.ts";
import { RelayMemory } from "../relay-memory.ts";
import { failed, type Failure, type Outcome } from "../smtp/outcome.ts";
import { deskOf, type Desk } from "./desk.ts";
import { nameOf, type DeliveryJob } from "./job.ts";
import { MAX_PACE_WAIT_MS, Pace } from "./pace.ts";

/** With no session for so long, it reads its configuration anew: a secret may have been changed. */
const CONFIG_MS = 5_000;

export class RelaySessions extends DurableObject<Env> {
  /** By the relay's place in the configuration: two may have one name, and other credentials. */
  readonly #desks = new Map<number, Desk>();
  /** Limit: forgotten with the object, some seconds after its last session; storage would keep it. */
  readonly #pace = new Pace();
  /** Outlives the sessions that found it out: the next one is open a round trip earlier. */
  readonly #memory = new RelayMemory();
  #underWay = 0;

  /** How the mail ended. Never throws for what a relay did. */
  async deliver(job: DeliveryJob): Promise<Outcome> {
    const parsed = parseMail(job.mail);
    if (!parsed.ok) return invalidMail(parsed.problems);
    const mail = parsed.value;
    const { messageId } = mail;
    this.#underWay += 1;
    try {
      const desk = await this.#desk(job);
      if (desk === undefined) return { ...failed(NOT_CONFIGURED), messageId, relay: "" };
      const delayMs = this.#pace.reserve(desk.limits, Date.now());
      if (delayMs === undefined) return { ...failed(TOO_MANY), messageId, relay: desk.label };
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      return await desk.route.deliver(mail);
    } finally {
      this.#underWay -= 1;
    }
  }

  /** The relay's desk; undefined where it is none of this object's, or of none that is configured. */
  async #desk({ relay, label }: DeliveryJob): Promise<Desk | undefined> {
    const name = this.ctx.id.name ?? "";
    if (!name.startsWith(nameOf(label, ""))) return undefined;
    const known = this.#desks.get(relay);
    if (known !== undefined) {
      const isFresh = Date.now() - known.readAtMs < CONFIG_MS;
      if (isFresh || this.#underWay > 1 || !known.pool.isEmpty) return known;
      this.#desks.delete(relay);
    }
    const config = await readConfig(this.env);
    if (!config.ok) return undefined;
    // Another call may have read it meanwhile, and there must not be two pools.
    const own = { index: relay, label, connect, memory: this.#memory };
    const desk = this.#desks.get(relay) ?? deskOf(config.value, this.env, own);
    if (desk !== undefined) this.#desks.set(relay, desk);
    return desk;
  }
}

const NOT_CONFIGURED: Failure = {
  cause: "config",
  stage: "connect",
  message: "the object that keeps the relay's sessions is not configured for this relay",
  transcript: [],
};

const TOO_MANY: Failure = {
  cause: "timeout",
  stage: "connect",
  message: `more mails are waiting for the relay's limit (RELAY_MAILS_PER_SECOND, RELAY_MAILS_PER_MINUTE) than can go in ${MAX_PACE_WAIT_MS / 1000} s`,
  transcript: [],
};
