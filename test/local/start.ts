/**
 * `npm start`: the Worker in `wrangler dev`, a local relay behind it, and an inbox to look into. Needs
 * no account and no configuration, and delivers nothing to anyone.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { curlAttachment, curlJson, curlQueued } from "./curl.ts";
import { viewMail } from "./inbox-mail.ts";
import { choosePort, PortError } from "./ports.ts";
import type { PortWish } from "./ports.ts";
import type { ReceivedMail } from "./relay.ts";
import { startStack } from "./stack.ts";
import type { Stack } from "./stack.ts";
import { print, printable, styled } from "./terminal.ts";

const MAIL_FOLDER =
  process.env["MAIL_FOLDER"] ?? fileURLToPath(new URL("../../.mail", import.meta.url));

const WISHES = {
  worker: { name: "Worker", variable: "PORT", usual: 8787 },
  inbox: { name: "inbox", variable: "INBOX_PORT", usual: 8025 },
  relay: { name: "relay", variable: "RELAY_PORT", usual: 2525 },
} as const satisfies Record<string, PortWish>;

/** npm passes a Ctrl-C on that the terminal has delivered already: two this close are one. */
const ONE_KEYPRESS_MS = 500;

let stack: Stack | undefined;
let stoppedAt: number | undefined;

process.stdout.on("error", () => {});
process.stderr.on("error", () => {});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);

try {
  await start();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${styled("red", "Postrider did not start.")} ${message}\n`);
  process.exit(error instanceof PortError ? 2 : 1);
}

async function start(): Promise<void> {
  const ports = await choosePorts();
  print(styled("dim", "Starting the Worker, which takes a few seconds…"));
  stack = await startStack({
    ports,
    hint: curlJson,
    relay: {
      onMail: (mail) => {
        keep(mail);
        void announce(mail, ports.inbox);
      },
      refuseRecipients: {
        "refused@example.com": "550 5.1.1 No such user here",
        "later@example.com": "451 4.2.1 Mailbox busy, try again later",
      },
    },
    worker: {
      onLog: (line) => {
        if (stack !== undefined && stoppedAt === undefined && line.trim() !== "")
          print(styled("dim", logLine(line)));
      },
      onExit: (reason) => {
        process.stderr.write(`${styled("red", "The Worker is gone:")} ${reason}\n`);
        process.exit(1);
      },
    },
  });
  welcome(stack);
}

async function choosePorts(): Promise<Record<keyof typeof WISHES, number>> {
  const worker = await choosePort(WISHES.worker, process.env);
  const inbox = await choosePort(WISHES.inbox, process.env, [worker.port]);
  const relay = await choosePort(WISHES.relay, process.env, [worker.port, inbox.port]);
  for (const { notice } of [worker, inbox, relay]) {
    if (notice !== undefined) print(styled("yellow", notice));
  }
  return { worker: worker.port, inbox: inbox.port, relay: relay.port };
}

function welcome({ worker, inbox, relay, token }: Stack): void {
  const target = { url: worker.url, token };
  const heading = (text: string) => styled("bold", text);
  print(`
${heading("Postrider is running.")} Mail goes to a local relay, and no further.

  Worker  ${worker.url}  (token: ${token})
  Docs    ${worker.url}/docs
  Inbox   ${inbox.url}  (and as files in ${relative("", MAIL_FOLDER)})
  Relay   ${relay.host}:${relay.port}  (STARTTLS, AUTH as ${relay.username})

${heading("Send a mail:")}
${curlJson(target)}

${heading("With an attachment:")}
${curlAttachment(target)}

${heading("Through the queue:")}
${curlQueued(target)}

To see it refused, send to refused@example.com (550) or later@example.com (451).
${heading("Ctrl-C stops everything.")}
`);
}

function keep(mail: ReceivedMail): void {
  mkdirSync(MAIL_FOLDER, { recursive: true });
  const time = mail.receivedAt.toISOString().replaceAll(/[:.]/g, "-");
  writeFileSync(join(MAIL_FOLDER, `${time}-${mail.id}.eml`), mail.raw);
}

async function announce(mail: ReceivedMail, inboxPort: number): Promise<void> {
  const { envelope, session } = mail;
  const { subject, attachments } = await viewMail(mail);
  const tls = session.tlsVersion ?? "no TLS";
  const auth = session.authMethod === undefined ? "no AUTH" : `AUTH ${session.authMethod}`;
  const attached = attachments.length === 0 ? "" : `, ${attachments.length} attached`;
  const label = (text: string) => styled("dim", text.padEnd(9));
  print(`
${styled(["bold", "green"], `Mail ${mail.id}`)}  ${tls}, ${auth}, ${mail.raw.length} bytes${attached}
  ${label("from")}${printable(envelope.mailFrom) || "<>"}
  ${label("to")}${printable(envelope.rcptTo.join(", "))}
  ${label("subject")}${printable(subject)}
  ${label("read")}http://127.0.0.1:${inboxPort}/mails/${mail.id}`);
}

function logLine(line: string): string {
  return `worker  ${printable(line.replace(/^\[wrangler:\w+\] /, ""))}`;
}

function stop(): void {
  if (stoppedAt !== undefined) {
    // The second time somebody is in a hurry. Leaving ends the Worker's processes, too.
    if (Date.now() - stoppedAt > ONE_KEYPRESS_MS) process.exit(130);
    return;
  }
  stoppedAt = Date.now();
  if (stack === undefined) process.exit(130);
  print("\nStopping…");
  stack.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    },
  );
}
