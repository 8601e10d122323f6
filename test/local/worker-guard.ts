/**
 * Runs a command and lives exactly as long as it should: started as the leader of its own process
 * group, it ends the whole group when the command ends, on a signal, and when its standard input
 * closes, which the system does for a parent that was killed. `worker.ts` starts it, with the folder
 * for temporary files that goes with the command as its first argument.
 */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";

/** wrangler stops workerd and writes its state within this; then the group is killed. */
const GRACE_MS = 3000;

const [scratch, command, ...commandArguments] = process.argv.slice(2);
if (scratch === undefined || command === undefined) throw new TypeError("no command to guard");

const child = spawn(command, commandArguments, { stdio: ["ignore", "inherit", "inherit"] });

let isStopping = false;
const stop = () => {
  if (isStopping) return;
  isStopping = true;
  // The signal reaches this process too, whose own handler then returns at once.
  signalGroup("SIGTERM");
  setTimeout(() => signalGroup("SIGKILL"), GRACE_MS);
};

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, stop);
process.stdin.on("end", stop).on("error", stop).resume();
// Nobody reads any more once the parent is gone, and that must not end the guard before its work.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

child.on("error", (error) => end(`cannot start: ${error.message}`));
child.on("exit", (code, signal) => end(`ended by ${signal ?? `itself, exit code ${code}`}`));

/** Takes along whatever the command left behind, and this process. */
function end(reason: string): void {
  if (isStopping) rmSync(scratch ?? "", { recursive: true, force: true });
  const line = isStopping ? "" : `The command ${reason}\n`;
  process.stderr.write(line, () => signalGroup("SIGKILL"));
}

function signalGroup(signal: "SIGTERM" | "SIGKILL"): void {
  process.kill(-process.pid, signal);
}
