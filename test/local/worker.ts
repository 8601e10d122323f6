/**
 * The Worker in `wrangler dev`, as a child with its own process group that trusts the test CA. It
 * sees only the settings given here: `.dev.vars` and `.env` are left out, so that a local run never
 * sends through somebody's real relay.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

import { writeCaBundle } from "./certificates.ts";
import { freePort } from "./ports.ts";
import { makeTables } from "./tables.ts";

export interface WorkerOptions {
  /** Vars and secrets, by name. */
  readonly vars: Readonly<Record<string, string>>;
  /** Any free port where absent. */
  readonly port?: number;
  /** The folder with `wrangler.toml`; this repository where absent. */
  readonly folder?: string;
  /** Where local queues and databases live; a folder that goes with the Worker where absent. */
  readonly persistTo?: string;
  /** Further arguments of `wrangler dev`. */
  readonly arguments?: readonly string[];
  readonly onLog?: (line: string) => void;
  /** How long the first answer may take; wrangler bundles first. */
  readonly startTimeoutMs?: number;
  /** Called if it ends without having been stopped. */
  readonly onExit?: (reason: string) => void;
}

export interface Worker {
  readonly url: string;
  /** Everything that runs for it is in this process group. */
  readonly processGroup: number;
  /** What wrangler and the Worker printed lately. */
  readonly logs: readonly string[];
  /** Ends wrangler, workerd and whatever else it started; resolves when all are gone. */
  stop(): Promise<void>;
}

/** Resolves when the Worker answers; rejects with what wrangler printed if it ends or takes too long. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { startTimeoutMs = 60_000 } = options;
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const scratch = mkdtempSync(join(tmpdir(), "postrider-worker-"));
  const emptyEnvFile = join(scratch, "empty.env");
  writeFileSync(emptyEnvFile, "");
  const state = options.persistTo ?? join(scratch, "state");
  // A Worker of another folder has databases of its own, or none.
  if (options.folder === undefined) {
    await makeTables(state).catch(async (error: unknown) => {
      await rm(scratch, { recursive: true, force: true });
      throw error;
    });
  }

  const child = spawn(
    process.execPath,
    [
      fileURLToPath(new URL("worker-guard.ts", import.meta.url)),
      scratch,
      process.execPath,
      WRANGLER,
      "dev",
      "--local",
      "--ip=127.0.0.1",
      `--port=${port}`,
      "--inspector-port=0",
      `--env-file=${emptyEnvFile}`,
      `--persist-to=${state}`,
      "--show-interactive-dev-session=false",
      ...Object.entries(options.vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
      ...(options.arguments ?? []),
    ],
    {
      cwd: options.folder ?? ROOT,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      env: {
        ...process.env,
        NODE_EXTRA_CA_CERTS: writeCaBundle(scratch),
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_SEND_ERROR_REPORTS: "false",
        WRANGLER_HIDE_BANNER: "true",
        WRANGLER_LOG_PATH: join(scratch, "logs"),
        CLOUDFLARE_CF_FETCH_ENABLED: "false",
        NO_COLOR: "1",
        FORCE_COLOR: undefined,
      },
    },
  );
  const logs: string[] = [];
  const ended = once(child, "exit");
  let isStopping = false;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (coloured) => {
      const line = stripVTControlCharacters(coloured);
      logs.push(line);
      if (logs.length > MAX_LOG_LINES) logs.shift();
      options.onLog?.(line);
    });
  }
  child.stdin.on("error", () => {});
  // Where this process ends without having called `stop`. (If it is killed, the guard notices.)
  const endAtOnce = () => {
    signalGroup(child, "SIGKILL");
    rmSync(scratch, { recursive: true, force: true });
  };
  process.once("exit", endAtOnce);

  const worker: Worker = {
    url,
    processGroup: child.pid ?? 0,
    logs,
    async stop() {
      isStopping = true;
      await endGroup(child, ended);
      process.off("exit", endAtOnce);
      await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  try {
    await firstAnswer({ url, child, timeoutMs: startTimeoutMs });
  } catch (error) {
    await worker.stop();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error([`wrangler dev ${reason}`, ...logs.slice(-40)].join("\n"), { cause: error });
  }
  child.once("exit", () => {
    if (!isStopping)
      options.onExit?.(["wrangler dev ended by itself", ...logs.slice(-5)].join("\n"));
  });
  return worker;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WRANGLER = join(
  dirname(fileURLToPath(import.meta.resolve("wrangler/package.json"))),
  "bin/wrangler.js",
);

/** Enough to see why it failed. */
const MAX_LOG_LINES = 500;
/** More than the guard's own grace, so that this is the last resort. */
const STOP_TIMEOUT_MS = 5000;
/** A killed process takes a moment; where nobody asks after orphans (some containers), for ever. */
const REAP_TIMEOUT_MS = 2000;
const POLL_MS = 100;

async function firstAnswer(wait: {
  readonly url: string;
  readonly child: ChildProcess;
  readonly timeoutMs: number;
}): Promise<void> {
  const deadline = Date.now() + wait.timeoutMs;
  while (Date.now() < deadline) {
    if (hasEnded(wait.child)) throw new Error("ended before it answered");
    try {
      const answer = await fetch(`${wait.url}/health`, { signal: AbortSignal.timeout(2000) });
      const body = await answer.text();
      if (answer.ok) return;
      throw new Error(`is up, but GET /health answers ${answer.status}: ${body.slice(0, 500)}`, {
        cause: UNHEALTHY,
      });
    } catch (error) {
      if (error instanceof Error && error.cause === UNHEALTHY) throw error;
      await sleep(POLL_MS);
    }
  }
  throw new Error(`did not answer within ${wait.timeoutMs} ms`);
}

const UNHEALTHY = Symbol("unhealthy");

async function endGroup(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (!hasEnded(child)) {
    child.stdin?.end();
    signalGroup(child, "SIGTERM");
    await Promise.race([ended, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
  }
  // Also after an exit: if somebody killed the guard, it left others behind.
  if (!hasEnded(child)) {
    signalGroup(child, "SIGKILL");
    await ended;
  }
  const deadline = Date.now() + REAP_TIMEOUT_MS;
  while (signalGroup(child, "SIGKILL") && Date.now() < deadline) await sleep(10);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Whether there was anyone left to get the signal. */
// Limit: process groups are a POSIX notion; on Windows this ends the guard alone, and the closing of
// its standard input has to do the rest. WSL has them.
function signalGroup(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): boolean {
  if (child.pid === undefined) return false;
  try {
    process.kill(-child.pid, signal);
    return true;
  } catch {
    // No process of the group is left.
    return false;
  }
}
