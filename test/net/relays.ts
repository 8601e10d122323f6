/**
 * Global set-up of the tests that talk: local relays, and a control server by which tests, in Node or in
 * workerd alike, read what arrived and order hostile servers. Everything is on loopback.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import type { TestProject } from "vitest/node";

import { startRelay, type ReceivedMail, type Relay } from "../local/relay.ts";
import { lint } from "../mail/lint.ts";
import type { Arrived, Behaviour } from "./behaviour.ts";
import { Hooks } from "./hooks.ts";
import { startHostileServer, type HostileServer } from "./hostile-server.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const refuseRecipients = {
    "unknown@example.org": "550 5.1.1 No such user",
    "later@example.org": "451 4.2.1 Mailbox busy",
    "full@example.org": "452 4.2.2 Mailbox full",
    "grey@example.org": "450 4.7.1 Greylisted, please retry after 1000 seconds",
  };
  // Whatever test sends a mail: what arrives of those that are composed has no fault.
  const faults: string[] = [];
  const onMail = ({ raw }: ReceivedMail): void => {
    const found = isComposed(raw) ? lint(raw, { smtpUtf8: true }) : [];
    if (found.length > 0) faults.push(`${found.join("; ")} in:\n${raw.toString().slice(0, 2000)}`);
  };
  const relays = {
    starttls: await startRelay({ refuseRecipients, onMail }),
    tls: await startRelay({ mode: "tls", refuseRecipients, onMail }),
    plain: await startRelay({ mode: "plain", onMail }),
    small: await startRelay({ maxBytes: 2000, onMail }),
  };
  const hostile = new Map<string, HostileServer>();
  const hooks = new Hooks();
  const control = createServer((request, response) => {
    if (hooks.takes(request, response)) return;
    void answer(request, relays, hostile).then((body) => send(response, body));
  });
  await new Promise<void>((resolve) => control.listen(0, "127.0.0.1", resolve));
  project.provide("ports", {
    control: (control.address() as AddressInfo).port,
    starttls: relays.starttls.port,
    tls: relays.tls.port,
    plain: relays.plain.port,
    small: relays.small.port,
  });
  return async () => {
    control.closeAllConnections();
    control.close();
    const servers = [...Object.values(relays), ...hostile.values()];
    await Promise.all(servers.map((server) => server.close()));
    if (faults.length > 0) throw new Error(`Mails with faults arrived:\n${faults.join("\n\n")}`);
  };
}

/** Not sent as raw: these fields are the last of the header, and in this order. */
function isComposed(raw: Buffer): boolean {
  const [header = ""] = raw.toString("latin1").split("\r\n\r\n", 1);
  return /\r\nMIME-Version: 1\.0\r\n(?:Content-Transfer-Encoding: 8bit\r\n)?Content-Type: /.test(
    header,
  );
}

async function answer(
  request: IncomingMessage,
  relays: Readonly<Record<string, Relay>>,
  hostile: Map<string, HostileServer>,
): Promise<unknown> {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname === "/hostile") {
    const behaviour = JSON.parse(url.searchParams.get("behaviour") ?? "{}") as Behaviour;
    const server = await startHostileServer(behaviour);
    hostile.set(String(server.port), server);
    return { port: server.port };
  }
  if (url.pathname === "/received")
    return hostile.get(url.searchParams.get("port") ?? "")?.received;
  const mails = relays[url.pathname.slice(1)]?.mails ?? [];
  return mails.map(({ raw, envelope, session }): Arrived => ({
    raw: raw.toString("base64"),
    mailFrom: envelope.mailFrom,
    rcptTo: envelope.rcptTo,
    session: { ...session },
  }));
}

function send(response: ServerResponse, body: unknown): void {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(body ?? null));
}
