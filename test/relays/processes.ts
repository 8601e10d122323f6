/** The processes of a real server: started as one group, waited for, and gone to the last file. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const PATIENCE_MS = 20_000;
const POLL_MS = 20;

/** Lives until its standard input ends, as it does however this process ends; then clears up. */
const WATCHER = 'cat; kill -KILL "-$0"; sleep 1; rm -rf "$1"';

/** A daemon that stays in the foreground, whatever it starts, and the folder they live in. */
export class ProcessGroup {
  readonly #leader: ChildProcess;
  readonly #watcher: ChildProcess;
  readonly #folder: string;

  constructor(folder: string, command: string, args: readonly string[]) {
    this.#folder = folder;
    // Detached makes it the leader of a group.
    this.#leader = spawn(command, args, { detached: true, stdio: "ignore", env: environment() });
    const watched = [String(this.#leader.pid), folder];
    this.#watcher = spawn("sh", ["-c", WATCHER, ...watched], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
  }

  /** Asks the leader to end; whether the whole group did. What did not is killed, the folder removed. */
  async stop(): Promise<boolean> {
    this.#leader.kill("SIGTERM");
    const ended = await eventually(() => !this.#isAlive());
    if (ended) this.#watcher.kill();
    const watched = once(this.#watcher, "exit");
    this.#watcher.stdin?.end();
    await watched;
    rmSync(this.#folder, { recursive: true, force: true });
    return ended;
  }

  /** Ended processes that nobody has waited for do not count. */
  #isAlive(): boolean {
    const processes = run("ps", ["-eo", "pgid=,stat="]).trim().split("\n");
    return processes.some((line) => {
      const [group, state] = line.trim().split(/\s+/);
      return group === String(this.#leader.pid) && state?.startsWith("Z") === false;
    });
  }
}

/** Whether an SMTP server in the clear says 220 there. */
export async function greets(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    const [chunk]: unknown[] = await once(socket, "data");
    return chunk instanceof Buffer && chunk.toString("latin1").startsWith("220 ");
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

// Limit: real servers say nowhere that they are ready or idle, so they are asked again and again.
/** Whether it comes true before patience is at its end. */
export async function eventually(is: () => boolean | Promise<boolean>): Promise<boolean> {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    if (await is()) return true;
    await delay(POLL_MS);
  }
  return false;
}

/** Standard output of a command that must succeed. */
export function run(command: string, args: readonly string[], input = ""): string {
  const options = { input, env: environment(), encoding: "utf8" } as const;
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? stderr}`);
}

/** Daemons and their tools are not on everybody's PATH. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
}
