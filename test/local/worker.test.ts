/** The launcher of `wrangler dev`, with a Worker of its own in a temporary folder. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { afterAll, beforeAll, expect, it, vi } from "vitest";

import { startWorker } from "./worker.ts";

const START_TIMEOUT_MS = 60_000;

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "postrider-test-"));
  write(
    "wrangler.toml",
    'name = "launcher"\nmain = "worker.js"\ncompatibility_date = "2026-10-30"\n',
  );
  write("worker.js", "export default { fetch: (_, env) => Response.json(env) };");
  write(".dev.vars", 'SMTP_HOST="relay.example.com"\nRELAYS="from .dev.vars"\n');
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it(
  "gives the Worker the settings it was told and no others, and ends every process",
  async () => {
    const worker = await startWorker({ folder, vars: { SMTP_HOST: "localhost", TEXT: "a:b c" } });
    try {
      expect(await (await fetch(`${worker.url}/health`)).json()).toEqual({
        SMTP_HOST: "localhost",
        TEXT: "a:b c",
      });
      // The guard, wrangler and workerd at least, or the next check would show nothing.
      expect(membersOf(worker.processGroup).length).toBeGreaterThanOrEqual(3);
    } finally {
      await worker.stop();
    }
    expect(membersOf(worker.processGroup)).toEqual([]);
    await expect(fetch(worker.url)).rejects.toThrow();
  },
  START_TIMEOUT_MS,
);

it(
  "leaves no process behind when its parent is killed",
  async () => {
    write(
      "parent.ts",
      `import { startWorker } from ${JSON.stringify(new URL("worker.ts", import.meta.url).href)};
       const worker = await startWorker({ folder: ${JSON.stringify(folder)}, vars: {} });
       console.log(worker.processGroup);`,
    );
    const parent = spawn(process.execPath, [join(folder, "parent.ts")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const group = await new Promise<number>((resolve, reject) => {
      parent.once("exit", () => reject(new Error("the parent ended by itself")));
      createInterface({ input: parent.stdout }).once("line", (line) => resolve(Number(line)));
    });
    expect(membersOf(group).length).toBeGreaterThanOrEqual(3);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(membersOf(group)).toEqual([]), { timeout: 10_000, interval: 50 });
  },
  START_TIMEOUT_MS,
);

it(
  "tells when wrangler ends by itself, and takes the rest along",
  async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const worker = await startWorker({ folder, vars: {}, onExit: resolve });
    const wrangler = membersOf(worker.processGroup).find(({ command }) =>
      command.includes("bin/wrangler.js dev"),
    );
    process.kill(wrangler?.pid ?? Number.NaN, "SIGKILL");
    expect(await promise).toContain("wrangler dev ended by itself");
    await worker.stop();
    expect(membersOf(worker.processGroup)).toEqual([]);
  },
  START_TIMEOUT_MS,
);

it(
  "rejects with what wrangler printed where the Worker cannot be built",
  async () => {
    const broken = mkdtempSync(join(folder, "broken-"));
    writeFileSync(
      join(broken, "wrangler.toml"),
      'name = "broken"\nmain = "missing.js"\ncompatibility_date = "2026-10-30"\n',
    );
    await expect(startWorker({ folder: broken, vars: {} })).rejects.toThrow("missing.js");
  },
  START_TIMEOUT_MS,
);

it(
  "rejects a Worker that is not healthy with its own words, and stops it",
  async () => {
    const sick = mkdtempSync(join(folder, "sick-"));
    writeFileSync(
      join(sick, "wrangler.toml"),
      'name = "sick"\nmain = "worker.js"\ncompatibility_date = "2026-10-30"\n',
    );
    writeFileSync(
      join(sick, "worker.js"),
      'export default { fetch: () => new Response("SMTP_HOST is missing", { status: 503 }) };',
    );
    await expect(startWorker({ folder: sick, vars: {} })).rejects.toThrow(
      "GET /health answers 503: SMTP_HOST is missing",
    );
  },
  START_TIMEOUT_MS,
);

function write(file: string, content: string): void {
  writeFileSync(join(folder, file), content);
}

/** The living processes of a group: one that ended and that nobody has asked after is not one. */
function membersOf(group: number): readonly { readonly pid: number; readonly command: string }[] {
  return execFileSync("ps", ["-A", "-o", "pid=,pgid=,stat=,args="], { encoding: "utf8" })
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line))
    .filter((match) => Number(match?.[2]) === group && !match?.[3]?.startsWith("Z"))
    .map((match) => ({ pid: Number(match?.[1]), command: match?.[4] ?? "" }));
}
