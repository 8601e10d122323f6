/**
 * Global set-up of the tests that talk: local relays, and a control server by which tests, in Node or in
 * workerd alike, read what arrived and order hostile servers. Everything is on loopback.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import type { TestProject } from "vitest/node";

import { startRelay, type Relay } from "../local/relay.ts";
import type { Arrived, Behaviour } from "./behaviour.ts";
import { startHostileServer, type HostileServer } from "./hostile-server.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const refuseRecipients = {
    "unknown@example.org": "550 5.1.1 No such user",
    "later@example.org": "451 4.2.1 Mailbox busy",
  };
  const relays = {
    starttls: await startRelay({ refuseRecipients }),
    tls: await startRelay({ mode: "tls", refuseRecipients }),
    plain: await startRelay({ mode: "plain" }),
    small: await startRelay({ maxBytes: 2000 }),
  };
  const hostile = new Map<string, HostileServer>();
  const control = createServer((request, response) => {
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
  };
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
