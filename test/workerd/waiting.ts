/** Mails that wait in the journal, and deployments whose events are heard. */
import type { Env } from "../../src/env.ts";
import type { QueuedMail } from "../../src/queued-mail.ts";
import type { NewMail } from "../../src/store/journal.ts";
import { HOOK_SECRET } from "../net/behaviour.ts";
import { consume, eventBinding, queued, told } from "./consume.ts";
import { db, newMail, store } from "./store/samples.ts";

const HOOK_URL = "https://hooks.example.com/mail";

/** A journal, and a webhook that wants every event. */
export const HEARD: Env = {
  JOURNAL: db,
  EVENT_QUEUE: eventBinding,
  WEBHOOK_URL: HOOK_URL,
  WEBHOOK_SECRET: HOOK_SECRET,
};

/** The types of the events told so far of this mail, each with whom it is about. */
export function toldOf(id: string): readonly (readonly [string, readonly string[]])[] {
  return told
    .filter(({ event }) => event.mail.id === id)
    .map(({ event }) => [event.type, event.recipients]);
}

/** A mail that waits in the journal for its turn 0. */
export async function waiting(
  more: object = {},
  rest: Partial<NewMail> = {},
): Promise<QueuedMail & { readonly mail: { readonly subject: string } }> {
  const body = queued(more);
  const now = Date.now();
  const mail = {
    id: body.id,
    createdAtMs: now,
    body: JSON.stringify(body),
    checkAtMs: now + 3_600_000,
    ...rest,
  };
  await store.journal.admit([newMail(mail)]);
  return body;
}

/** How a message that names the turn ended. */
export async function deliver(
  { id }: { readonly id: string },
  env: Env,
  { turn = 0, attempts = 1, queueName = "postrider-mail" } = {},
): Promise<"ack" | number> {
  const [verdict] = await consume([{ body: { id, turn }, attempts }], env, queueName);
  return verdict ?? Number.NaN;
}
