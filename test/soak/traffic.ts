/** A client that never gives up: each mail is asked for under its key until there is an answer. */
import { setTimeout as sleep } from "node:timers/promises";

import type { Random } from "./random.ts";

/** How a mail is handed over. */
export type Manner = "direct" | "queued" | "scheduled" | "batch";

/** What the client was told about one mail. */
export interface Told {
  /** Names the mail in its subject. */
  readonly mark: string;
  readonly manner: Manner;
  readonly recipient: string;
  /** `accepted`, `refused` and `unknown` are final; `waiting` is a promise to send it. */
  readonly answer: "accepted" | "waiting" | "refused" | "unknown";
  readonly id: string;
  /** Answers that made it ask again: 503, 409, and none at all. */
  readonly repeats: number;
}

export interface Target {
  readonly url: () => string;
  readonly token: string;
}

/** 550 at RCPT, always; all others exist. */
export const NOBODY = "nobody@example.com";

const AT_ONCE = 24;
const BATCH = 10;
const NOBODY_SHARE = 0.02;
const AGAIN_MS = 1500;

/** Sends so many mails; `onTold` hears of each as soon as it is answered. */
export async function sendTraffic(
  count: number,
  {
    random,
    target,
    onTold,
  }: {
    readonly random: Random;
    readonly target: Target;
    readonly onTold: (told: Told) => void;
  },
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const manner = mannerOf(random());
      const size = manner === "batch" ? Math.min(BATCH, count - next) : 1;
      const mails = Array.from({ length: size }, (_, at) => {
        const recipient = random() < NOBODY_SHARE ? NOBODY : `to${next + at}@example.com`;
        return { mark: `soak-${next + at}-`, recipient };
      });
      next += size;
      const tolds = await ask(manner, mails, target);
      for (const told of tolds) onTold(told);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

function mannerOf(chance: number): Manner {
  if (chance < 0.4) return "direct";
  if (chance < 0.85) return "queued";
  return chance < 0.9 ? "scheduled" : "batch";
}

interface Wanted {
  readonly mark: string;
  readonly recipient: string;
}

async function ask(
  manner: Manner,
  mails: readonly Wanted[],
  target: Target,
): Promise<readonly Told[]> {
  const bodies = mails.map(({ mark, recipient }) => ({
    from: "soak@example.org",
    to: recipient,
    subject: mark,
    text: `The mail of ${mark}\r\n${"All work and no play. ".repeat(20)}`,
    ...(manner === "scheduled" ? { scheduledAt: new Date(Date.now() + 8000) } : {}),
  }));
  const isBatch = manner === "batch";
  const init = {
    method: "POST",
    headers: {
      authorization: `Bearer ${target.token}`,
      "content-type": "application/json",
      "idempotency-key": `key of ${mails[0]?.mark}`,
      ...(manner === "queued" ? { prefer: "respond-async" } : {}),
    },
    body: JSON.stringify(isBatch ? bodies : bodies[0]),
  };
  const path = isBatch ? "/emails/batch" : "/emails";
  for (let repeats = 0; ; repeats += 1) {
    const answer = await answerOf(`${target.url()}${path}`, init);
    const told = answer === undefined ? undefined : read(answer, mails.length);
    if (told === undefined) {
      await sleep(AGAIN_MS);
      continue;
    }
    return mails.map((mail, at) => ({
      ...mail,
      manner,
      repeats,
      ...(told[at] ?? { answer: "unknown", id: "" }),
    }));
  }
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Undefined where there is none: the Worker was killed. */
async function answerOf(url: string, init: RequestInit): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(60_000) });
    return { status: response.status, body: (await response.json()) as Answer["body"] };
  } catch {
    return undefined;
  }
}

type Verdict = Pick<Told, "answer" | "id">;

/** What the answer says of each mail; undefined where it says to ask again. */
function read({ status, body }: Answer, count: number): readonly Verdict[] | undefined {
  if (status === 409 || status === 503 || status === 500 || status === 502) return undefined;
  const data = body["data"];
  if (Array.isArray(data)) {
    const items = data as readonly { readonly id: string; readonly status: string }[];
    return items.map((item) => ({ id: item.id, answer: answerTo(item.status) }));
  }
  const given = body["id"];
  const id = typeof given === "string" ? given : "";
  if (status === 504) return [{ id, answer: "unknown" }];
  // Of a batch all of which was refused, the one answer is for all.
  if (status === 422) return Array.from({ length: count }, () => ({ id, answer: "refused" }));
  return [{ id, answer: answerTo(String(body["status"])) }];
}

function answerTo(status: string): Told["answer"] {
  switch (status) {
    case "accepted":
    case "unknown":
    case "refused":
      return status;
    case "queued":
    case "scheduled":
      return "waiting";
    default:
      throw new TypeError(`nobody knows the status ${status}`);
  }
}
