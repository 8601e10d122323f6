/** The processes of the benchmark: started, asked over HTTP, and ended with it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { testCa, writeCaBundle } from "../local/certificates.ts";
import { freePort } from "../local/ports.ts";
import type { Runtime } from "./contender.ts";

export interface Program {
  readonly pid: number;
  /** POSTs and returns what it answered, as parsed JSON. */
  ask(path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

const FOLDER = mkdtempSync(join(tmpdir(), "postrider-bench-"));
const CHILDREN = new Set<ChildProcess>();
const START_TIMEOUT_MS = 20_000;
const POLL_MS = 5;

process.on("exit", () => {
  for (const child of CHILDREN) child.kill("SIGKILL");
  rmSync(FOLDER, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

/** Runs a file of this folder; resolves with the line of JSON that it prints when it serves. */
export async function startFile(file: string, ...args: readonly string[]): Promise<unknown> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = launched(process.execPath, [path, ...args], { stdout: "pipe" });
  if (child.stdout === null) throw new Error("no standard output");
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, "line")) as [string];
  return JSON.parse(line);
}

/** Runs a bundle; resolves when it has answered one request. */
export async function startBundle(code: string, runtime: Runtime): Promise<Program> {
  const folder = mkdtempSync(join(FOLDER, "bundle-"));
  const port = await freePort();
  const child = runtime === "node" ? inNode(folder, code, port) : inWorkerd(folder, code, port);
  const ended = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  const program: Program = {
    pid: child.pid ?? 0,
    async ask(path, body) {
      const answer = await fetch(url + path, { method: "POST", body: JSON.stringify(body ?? {}) });
      return answer.json();
    },
    async stop() {
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const answer = await program.ask("/").catch(() => undefined);
    if (answer !== undefined) return program;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error("a sender did not start");
    await sleep(POLL_MS);
  }
}

function inNode(folder: string, code: string, port: number): ChildProcess {
  const file = join(folder, "sender.mjs");
  // Bundled packages of CommonJS want a `require`.
  const require = `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`;
  writeFileSync(file, `${require}\n${code}`);
  return launched(process.execPath, [file, String(port)], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: writeCaBundle(folder) },
  });
}

const REQUIRE = createRequire(createRequire(import.meta.url).resolve("wrangler/package.json"));

function inWorkerd(folder: string, code: string, port: number): ChildProcess {
  writeFileSync(join(folder, "worker.js"), code);
  const config = join(folder, "config.capnp");
  writeFileSync(config, configOf(port));
  const { default: binary } = REQUIRE("workerd") as { default: string };
  return launched(binary, ["serve", config], {});
}

function launched(
  command: string,
  args: readonly string[],
  {
    stdout = "ignore",
    env,
  }: { readonly stdout?: "pipe" | "ignore"; readonly env?: NodeJS.ProcessEnv },
): ChildProcess {
  const child = spawn(command, args, {
    stdio: ["pipe", stdout, process.env["BENCH_DEBUG"] === undefined ? "ignore" : "inherit"],
    ...(env === undefined ? {} : { env }),
  });
  CHILDREN.add(child);
  child.once("exit", () => CHILDREN.delete(child));
  return child;
}

function configOf(port: number): string {
  const toml = readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8");
  const date = /^compatibility_date = "(.+)"$/m.exec(toml)?.[1] ?? "";
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = ${JSON.stringify(date)},
    )),
    (name = "internet", network = (
      allow = ["public", "private"],
      tlsOptions = (trustBrowserCas = false, trustedCertificates = [${JSON.stringify(testCa())}]),
    )),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`;
}
