/**
 * Brings mails that are not in the journal yet into it, under ids that each delivery of the same message
 * gives them: one that comes twice is known the second time.
 */
import { nameOf } from "../dispatch/order.ts";
import { RELEASE_AHEAD_MS } from "../dispatch/later.ts";
import { waitingOf } from "../enqueue.ts";
import type { Env } from "../env.ts";
import { newMail } from "../journal-entry.ts";
import type { EventMail } from "../mail-event.ts";
import type { NewMail, Turn } from "../store/journal.ts";
import { eventMail, tell } from "../tell.ts";
import { delayOf } from "./backoff.ts";
import { contentsOf, type Contents } from "./contents.ts";
import { logUnreadable } from "./mail-log.ts";
import type { JournalShift } from "./shift.ts";
import type { Slip } from "./slip.ts";

/** A message, and whose turn it is. */
export interface Ticket {
  readonly slip: Slip;
  readonly turn: Turn;
}

/** The messages that are about a mail of the journal now. All others are settled. */
export async function ticketsOf(
  slips: readonly Slip[],
  shift: JournalShift,
): Promise<readonly Ticket[]> {
  // One after the other, and of each no more than the journal keeps: what stands in SPOOL may be large.
  const read: (Ticket | Newcomer | undefined)[] = [];
  for (const slip of slips) read.push(await readOne(slip, shift));
  const newcomers = read.flatMap((one) => (one !== undefined && "mail" in one ? [one] : []));
  const admitted = await admitAll(newcomers, shift);
  await tellHeld([...admitted], shift);
  return read.flatMap((one) => {
    if (one === undefined) return [];
    if ("mail" in one && (!admitted.has(one) || one.slip.isSettled)) return [];
    return [{ slip: one.slip, turn: one.turn }];
  });
}

interface Newcomer extends Ticket {
  readonly mail: NewMail;
  readonly shown: EventMail;
  readonly recipients: readonly string[];
}

type Mailed = Extract<Contents, { readonly kind: "mail" }>;

async function readOne(slip: Slip, shift: JournalShift): Promise<Ticket | Newcomer | undefined> {
  try {
    const contents = await contentsOf(slip.body, slip, shift.env);
    switch (contents.kind) {
      case "turn":
        return { slip, turn: contents.turn };
      case "mail":
        return await newcomer(slip, contents, shift);
      case "unreadable":
        logUnreadable(contents, shift.log);
        return unreadable(slip, contents.id, shift);
    }
  } catch (error) {
    shift.log("error", "queue.fault", { message: slip.id, error: nameOf(error) });
    slip.retry(delayOf(slip.attempts));
    return undefined;
  }
}

/** It is admitted as it came, and fails as any mail that cannot be read: with an event, and once. */
function unreadable(slip: Slip, id: string, { config }: JournalShift): Newcomer {
  const nowMs = Date.now();
  const createdAtMs = slip.timestamp.getTime();
  const mail: NewMail = {
    id,
    messageId: "",
    token: "queue",
    createdAtMs,
    status: "queued",
    facts: {},
    body: textOf(slip.body),
    checkAtMs: nowMs + config.service.queueMs,
    events: [{ atMs: nowMs, type: "queued", data: {} }],
  };
  const shown = { id, messageId: "", createdAtMs, from: "", subject: "", tags: [] };
  return { slip, turn: { id, turn: 0 }, mail, shown, recipients: [] };
}

/** What is no JSON is no mail, however it is written. */
function textOf(body: unknown): string {
  try {
    return JSON.stringify(body) ?? "null";
  } catch {
    return "null";
  }
}

async function newcomer(
  slip: Slip,
  contents: Mailed,
  { env, config }: JournalShift,
): Promise<Newcomer> {
  const nowMs = Date.now();
  const { id, posting } = contents;
  const at = posting.scheduledAt?.getTime() ?? nowMs;
  const isHeld = at > nowMs;
  const status = isHeld ? "scheduled" : "queued";
  const data = isHeld ? { scheduledAt: new Date(at).toISOString() } : {};
  const mail = newMail(
    { id, posting },
    {
      token: "queue",
      createdAtMs: slip.timestamp.getTime(),
      status,
      body: await bodyOf(contents, env),
      checkAtMs: isHeld ? Math.max(nowMs, at - RELEASE_AHEAD_MS) : nowMs + config.service.queueMs,
      events: [{ atMs: nowMs, type: status, data }],
      detail: config.service.journalDetail,
    },
  );
  const shown = eventMail(id, posting, mail.createdAtMs);
  return { slip, turn: { id, turn: 0 }, mail, shown, recipients: posting.mail.envelope.to };
}

async function bodyOf({ id, posting, spooled }: Mailed, env: Env): Promise<string> {
  if (spooled !== undefined) return JSON.stringify(spooled);
  const waiting = await waitingOf(id, posting, env);
  if (!waiting.ok) throw new Error("a message of the queue is larger than the journal takes");
  return waiting.text;
}

/** Those that are in the journal now. One that it does not take stops nobody else. */
async function admitAll(
  newcomers: readonly Newcomer[],
  { store: { journal }, log }: JournalShift,
): Promise<ReadonlySet<Newcomer>> {
  if (newcomers.length === 0) return new Set();
  try {
    await journal.admit(newcomers.map(({ mail }) => mail));
    return new Set(newcomers);
  } catch {
    const admitted = new Set<Newcomer>();
    for (const one of newcomers) {
      try {
        await journal.admit([one.mail]);
        admitted.add(one);
      } catch (error) {
        log("error", "journal.fault", { at: "admit", id: one.turn.id, error: nameOf(error) });
        one.slip.retry(delayOf(one.slip.attempts));
      }
    }
    return admitted;
  }
}

/** The journal holds them until their time: their messages are done with. */
async function tellHeld(newcomers: readonly Newcomer[], shift: JournalShift): Promise<void> {
  const held = newcomers.filter(({ mail }) => mail.status === "scheduled");
  if (held.length === 0) return;
  const events = held.map(({ shown, recipients }) => ({
    type: "email.scheduled" as const,
    atMs: Date.now(),
    mail: shown,
    recipients,
  }));
  await tell(events, shift);
  for (const { slip, turn } of held) {
    shift.log("info", "mail.scheduled", { id: turn.id });
    slip.ack();
  }
}
