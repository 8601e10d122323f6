/**
 * The Worker in workerd itself, without what `wrangler dev` puts before it: there a client that resets
 * its connection does not cancel the request, in production and here it does.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { freePort } from "../local/ports.ts";

export interface BareWorkerd {
  readonly url: string;
  /** What the Worker logged. */
  readonly logs: readonly string[];
  stop(): Promise<void>;
}

const ROOT = new URL("../../", import.meta.url);

/** Bundles the Worker and serves it, without a queue; resolves when it answers. */
export async function startBareWorkerd(
  vars: Readonly<Record<string, string>>,
): Promise<BareWorkerd> {
  const folder = mkdtempSync(join(tmpdir(), "postrider-workerd-"));
  const fromWrangler = createRequire(import.meta.resolve("wrangler/package.json"));
  const bundle = ["deploy", "--dry-run", `--outdir=${folder}`, "--env-file=/dev/null"];
  const wrangler = fromWrangler.resolve("./bin/wrangler.js");
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_LOG_PATH: folder };
  execFileSync(process.execPath, [wrangler, ...bundle], { cwd: fileURLToPath(ROOT), env });

  const port = await freePort();
  const config = join(folder, "config.capnp");
  writeFileSync(config, configOf(port, vars));
  const { default: binary } = fromWrangler("workerd") as { default: string };
  const child = spawn(binary, ["serve", config], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  const logs: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => logs.push(line));
  }
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (let tries = 0; ; tries += 1) {
    const answer = await fetch(`${url}/health`).catch(() => undefined);
    if (answer?.ok === true) return { url, logs, stop };
    if (tries === 50) {
      await stop();
      throw new Error(["workerd does not answer", ...logs].join("\n"));
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function configOf(port: number, vars: Readonly<Record<string, string>>): string {
  const toml = readFileSync(new URL("wrangler.toml", ROOT), "utf8");
  const date = /^compatibility_date = "(.+)"$/m.exec(toml)?.[1] ?? "";
  const authority = readFileSync(new URL("test/certs/ca.pem", ROOT), "utf8");
  const bindings = Object.entries(vars).map(
    ([name, text]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(text)})`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = ${JSON.stringify(date)},
      bindings = [${bindings.join(", ")}],
    )),
    (name = "internet", network = (
      allow = ["public", "private"],
      tlsOptions = (trustBrowserCas = false, trustedCertificates = [${JSON.stringify(authority)}]),
    )),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`;
}
