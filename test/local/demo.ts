/**
 * `npm run demo`: starts the Worker and a local relay, sends one mail by HTTP, one through the queue
 * and one by the library in Node, and exits with 0 only if all three arrived byte-exact.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { writeCaBundle } from "./certificates.ts";
import type { ReceivedMail } from "./relay.ts";
import { differences, isArrivalOf, sampleMail } from "./sample-mail.ts";
import type { SampleMail } from "./sample-mail.ts";
import { startStack } from "./stack.ts";
import type { Stack } from "./stack.ts";
import { print, printable, styled } from "./terminal.ts";

interface Way {
  readonly name: string;
  readonly what: string;
  /** Hands the mail over and returns what was answered; throws if it was not taken. */
  readonly send: (stack: Stack, mail: SampleMail) => Promise<string>;
}

const WAYS: readonly Way[] = [
  { name: "HTTP", what: "POST /emails", send: (stack, mail) => post(stack, mail) },
  {
    name: "queue",
    what: "POST /emails with Prefer: respond-async",
    send: (stack, mail) => post(stack, mail, { prefer: "respond-async" }),
  },
  { name: "library", what: 'import { createMailer } from "postrider"', send: sendByLibrary },
];

/** A queue waits for its batch to fill, and retries a mail that was deferred. */
const ARRIVAL_TIMEOUT_MS = 30_000;
/** For the last lines of the transcript; a connection that is kept for more mail has none. */
const QUIT_TIMEOUT_MS = 500;
const ANSWER_TIMEOUT_MS = 30_000;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  // Leaving by `exit` ends the Worker's processes, too.
  process.on(signal, () => process.exit(130));
}

try {
  process.exitCode = (await demo()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function demo(): Promise<boolean> {
  print(styled("dim", "Starting the Worker, which takes a few seconds…"));
  const stack = await startStack();
  try {
    const { worker, relay } = stack;
    print(`Worker ${worker.url}, relay ${relay.host}:${relay.port} (STARTTLS and AUTH required)\n`);
    const results: boolean[] = [];
    for (const [n, way] of WAYS.entries()) {
      print(styled("bold", `${n + 1}. ${way.name}: ${way.what}`));
      results.push(await tryWay(stack, way));
      print();
    }
    const isGood = results.every(Boolean);
    if (!isGood) {
      print(styled("bold", "What the Worker printed last:"));
      for (const line of worker.logs.slice(-30)) print(`   ${printable(line)}`);
      for (const error of relay.errors) print(`   relay: ${printable(error)}`);
    }
    const verdict = isGood
      ? styled("green", "All three mails arrived byte-exact.")
      : styled("red", `${results.filter((result) => !result).length} of 3 failed.`);
    print(verdict);
    return isGood;
  } finally {
    await stack.stop();
  }
}

async function tryWay(stack: Stack, way: Way): Promise<boolean> {
  const mail = sampleMail(way.name);
  let received: ReceivedMail;
  try {
    const answer = await way.send(stack, mail);
    print(`   answered  ${printable(answer)}`);
    received = await stack.relay.waitFor((one) => isArrivalOf(mail, one), ARRIVAL_TIMEOUT_MS);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    print(`   ${styled("red", "failed")}    ${printable(message)}`);
    return false;
  }
  const { session } = received;
  await stack.relay.ended(session.id, QUIT_TIMEOUT_MS);
  for (const line of stack.relay.transcript(session.id)) {
    print(styled("dim", `   | ${printable(line)}`));
  }
  print(`   arrived   mail ${received.id}, ${received.raw.length} bytes, ${session.tlsVersion}`);
  const found = await differences(mail, await asServed(stack, received));
  for (const difference of found)
    print(`   ${styled("red", "differs")}   ${printable(difference)}`);
  const count = mail.attachments.length;
  if (found.length > 0) return false;
  print(`   ${styled("green", "exact")}     envelope, header, text, html and ${count} attachments`);
  return true;
}

/** The same mail with the bytes that the inbox serves, which must be the ones that came. */
async function asServed({ inbox }: Stack, received: ReceivedMail): Promise<ReceivedMail> {
  const answer = await fetch(`${inbox.url}/api/mails/${received.id}/raw`);
  return { ...received, raw: Buffer.from(await answer.arrayBuffer()) };
}

async function post(
  { worker, token }: Stack,
  mail: SampleMail,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const answer = await fetch(`${worker.url}/emails`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(mail),
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  const body = await answer.text();
  if (!answer.ok) throw new Error(`POST /emails answered ${answer.status}: ${body}`);
  return `${answer.status} ${body}`;
}

async function sendByLibrary({ relay }: Stack, mail: SampleMail): Promise<string> {
  const { host, port, username, password } = relay;
  const scratch = mkdtempSync(join(tmpdir(), "postrider-demo-"));
  try {
    const script = fileURLToPath(new URL("library-send.ts", import.meta.url));
    const child = spawn(process.execPath, [script], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, NODE_EXTRA_CA_CERTS: writeCaBundle(scratch) },
      timeout: ANSWER_TIMEOUT_MS,
    });
    child.stdin.on("error", () => {});
    child.stdin.end(
      JSON.stringify({ relay: { host, port, security: "starttls", username, password }, mail }),
    );
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const outcome: unknown = output === "" ? undefined : JSON.parse(output);
    if (!isAccepted(outcome)) throw new Error(`the library reported ${output || errors}`);
    return output;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function isAccepted(outcome: unknown): boolean {
  return (
    typeof outcome === "object" &&
    outcome !== null &&
    "status" in outcome &&
    outcome.status === "accepted"
  );
}
