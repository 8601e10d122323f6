/** One soak: relay, broken link and Worker, traffic over them, and the account at the end. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { startClock } from "../local/clock.ts";
import { freePort } from "../local/ports.ts";
import { startRelay } from "../local/relay.ts";
import { startWorker, type Worker } from "../local/worker.ts";
import { startChaosProxy, type ChaosProxy } from "./chaos-proxy.ts";
import { accountOf, type Account, type Entry, type Kept } from "./ledger.ts";
import { randomOf } from "./random.ts";
import { NOBODY, sendTraffic, type Told } from "./traffic.ts";

export interface SoakOptions {
  readonly mails: number;
  readonly seed: number;
  /** How often the Worker is killed. */
  readonly kills: number;
  readonly unknown: "retry" | "fail";
  readonly say: (line: string) => void;
}

const TOKEN = "soak-token-0123456789";
/** The relay defers a content by chance. */
const DEFER_SHARE = 0.05;
const OUTAGE_MS = 5000;
const CLOCK_MS = 3000;
/** After the traffic, for what still waits. */
const DRAIN_MS = 15 * 60_000;

export async function runSoak(options: SoakOptions): Promise<Account> {
  const { mails, seed, kills, unknown, say } = options;
  const random = randomOf(seed);
  const copies = new Map<string, number>();
  const relay = await startRelay({
    refuseRecipients: { [NOBODY]: "550 5.1.1 No such user" },
    refuseContent: () => (random() < DEFER_SHARE ? "451 4.3.0 Try again later" : undefined),
    onMail: ({ raw }) => {
      const mark = /^Subject: (soak-\d+-)/m.exec(raw.toString("latin1"))?.[1] ?? "";
      copies.set(mark, (copies.get(mark) ?? 0) + 1);
    },
  });
  const link = await startChaosProxy(relay.port, random);
  const state = mkdtempSync(join(tmpdir(), "postrider-soak-"));
  const port = await freePort();
  let isBeingKilled = false;
  const start = async (): Promise<Worker> =>
    startWorker({
      port,
      persistTo: state,
      vars: varsOf(link.port, unknown),
      onExit: (reason) => {
        // Nobody would answer any more.
        if (!isBeingKilled) throw new Error(reason);
      },
    });
  let worker: Worker | undefined = await start();
  const clock = startClock(() => worker?.url, CLOCK_MS);
  const tolds: Told[] = [];
  const target = { url: () => `http://127.0.0.1:${port}`, token: TOKEN };
  try {
    const startedAt = Date.now();
    const onTold = (told: Told): void => {
      tolds.push(told);
      if (tolds.length % 1000 !== 0) return;
      say(`${tolds.length} mails answered, ${Math.round((Date.now() - startedAt) / 1000)} s`);
    };
    const traffic = sendTraffic(mails, { random, target, onTold });
    for (let kill = 1; kill <= kills; kill += 1) {
      // The traffic ends only when all are answered, and so passes each of these numbers.
      while (tolds.length < (mails * kill) / (kills + 1)) await sleep(200);
      say(`${tolds.length} mails answered: the Worker is killed`);
      isBeingKilled = true;
      process.kill(-worker.processGroup, "SIGKILL");
      await worker.stop();
      isBeingKilled = false;
      worker = undefined;
      worker = await start();
      if (kill === 1) await outage(link, say);
    }
    await traffic;
    say(`all answered after ${Math.round((Date.now() - startedAt) / 1000)} s`);
    link.calm();
    const entries = await settle(tolds, { target, copies, say });
    say(`link: ${JSON.stringify(link.tally)}`);
    return accountOf(entries);
  } finally {
    clearInterval(clock);
    await worker?.stop();
    await link.close();
    await relay.close();
    rmSync(state, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function outage(link: ChaosProxy, say: (line: string) => void): Promise<void> {
  say("the relay is away");
  link.setDown(true);
  await sleep(OUTAGE_MS);
  link.setDown(false);
}

/** Times so short that a person can wait for them. */
function varsOf(port: number, unknown: string): Record<string, string> {
  const timeouts = {
    connect: 3000,
    tls: 3000,
    greeting: 3000,
    command: 3000,
    dataInit: 3000,
    dataBlock: 3000,
    dataTermination: 4000,
  };
  const relay = { host: "localhost", port, username: "postrider", password: "postrider", timeouts };
  return {
    RELAYS: JSON.stringify([relay]),
    API_TOKENS: TOKEN,
    UNKNOWN: unknown,
    ATTEMPT_SECONDS: "20",
    RETRY_SECONDS: "2",
    QUEUE_SECONDS: "30",
    SUPPRESS_REFUSED: "off",
    LOG_LEVEL: "error",
  };
}

interface Surroundings {
  readonly target: { readonly url: () => string; readonly token: string };
  readonly copies: ReadonlyMap<string, number>;
  readonly say: (line: string) => void;
}

/** Asks after every mail until it is settled, or the time is over. */
async function settle(
  tolds: readonly Told[],
  { target, copies, say }: Surroundings,
): Promise<readonly Entry[]> {
  const kept = new Map<string, Kept>();
  const deadline = Date.now() + DRAIN_MS;
  let open = tolds;
  while (open.length > 0 && Date.now() < deadline) {
    const left: Told[] = [];
    const queue = [...open];
    const work = async (): Promise<void> => {
      for (let told = queue.pop(); told !== undefined; told = queue.pop()) {
        const found = await lookUp(told, target);
        if (found !== undefined) kept.set(told.mark, found);
        if (found === undefined || WAITING.has(found.status)) left.push(told);
      }
    };
    await Promise.all(Array.from({ length: 16 }, work));
    open = left.filter(({ answer }) => answer !== "refused");
    if (open.length > 0) {
      say(`${open.length} mails wait`);
      await sleep(3000);
    }
  }
  return tolds.map((told) => ({
    told,
    kept: kept.get(told.mark),
    copies: copies.get(told.mark) ?? 0,
  }));
}

const WAITING: ReadonlySet<string> = new Set(["scheduled", "queued", "sending", "deferred"]);

async function lookUp(
  { id }: Told,
  { url, token }: Surroundings["target"],
): Promise<Kept | undefined> {
  try {
    const response = await fetch(`${url()}/emails/${id}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(20_000),
    });
    if (!response.ok) return undefined;
    const body = (await response.json()) as { readonly status: string; readonly events: unknown };
    const events = JSON.stringify(body.events);
    const isMarked = /possibleDuplicate|interrupted|"unknown"/.test(events);
    return { status: body.status, isMarked };
  } catch {
    return undefined;
  }
}
