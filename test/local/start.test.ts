/** `npm start` as a newcomer meets it: start, paste what it prints, look, Ctrl-C. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, expect, it, vi } from "vitest";

import { freePort } from "./ports.ts";

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

it("sends by each line that it prints, shows what arrived, and ends by Ctrl-C", async () => {
  const folder = mkdtempSync(join(tmpdir(), "postrider-test-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const [worker, inbox] = [await freePort(), await freePort()];
  const run = start({ PORT: String(worker), INBOX_PORT: String(inbox), MAIL_FOLDER: folder });
  await run.prints("Ctrl-C stops everything.");

  const lines = run.output().match(/^curl (?:.*\\\n)+.*$/gm) ?? [];
  expect(lines).toHaveLength(3);
  for (const [n, line] of lines.entries()) {
    const answer = execFileSync("sh", ["-c", `${line} --silent --show-error`], {
      encoding: "utf8",
    });
    expect(JSON.parse(answer)).toMatchObject({ status: n === 2 ? "queued" : "accepted" });
    await run.prints(`Mail ${n + 1}  TLSv1.3, AUTH PLAIN`);
  }

  const mails: unknown = await (await fetch(`http://127.0.0.1:${inbox}/api/mails`)).json();
  expect(mails).toMatchObject([
    { subject: "Hello" },
    { subject: "With an attachment", attachments: [{ filename: "note.txt", bytes: 21 }] },
    { subject: "Queued" },
  ]);
  expect(readdirSync(folder)).toHaveLength(3);

  run.child.kill("SIGINT");
  expect(await run.exitCode).toBe(0);
  for (const port of [worker, inbox]) {
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
  }
}, 90_000);

it("ends with a message where the port it was told to use is taken", async () => {
  const port = String(await freePort());
  const run = start({ PORT: port, INBOX_PORT: port });
  expect(await run.exitCode).toBe(2);
  expect(run.output()).toContain(`Port ${port}, asked for by INBOX_PORT, is in use.`);
});

it("ends while it starts, too", async () => {
  const run = start({});
  await run.prints("Starting the Worker");
  run.child.kill("SIGINT");
  expect(await run.exitCode).toBe(130);
});

function start(environment: Readonly<Record<string, string>>) {
  const script = fileURLToPath(new URL("start.ts", import.meta.url));
  const child = spawn(process.execPath, [script], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, ...environment },
  });
  cleanups.push(() => child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const exitCode = new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  return {
    child,
    exitCode,
    output: () => output,
    prints: (text: string) =>
      vi.waitFor(
        () => {
          expect(output).toContain(text);
        },
        { timeout: 60_000, interval: 50 },
      ),
  };
}
