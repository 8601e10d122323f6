/**
 * Connections that end early, in workerd itself. What a client sent whole is delivered, once and whole,
 * though it hangs up; what it did not, is not; and we do not hang up on a client that we refuse.
 */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { Agent, request, type ClientRequest } from "node:http";

import PostalMime from "postal-mime";
import { afterAll, beforeAll, expect, it, vi } from "vitest";

import { startRelay, type Relay } from "../local/relay.ts";
import { startBareWorkerd, type BareWorkerd } from "./bare-workerd.ts";
import { startSlowLink, type SlowLink } from "./slow-link.ts";

const TOKEN = "token-0123456789abcdef";

let relay: Relay;
let link: SlowLink;
let worker: BareWorkerd;

beforeAll(async () => {
  relay = await startRelay();
  link = await startSlowLink(relay.port);
  worker = await startBareWorkerd({
    SMTP_HOST: relay.host,
    SMTP_PORT: String(link.port),
    SMTP_USERNAME: relay.username,
    SMTP_PASSWORD: relay.password,
    API_TOKENS: TOKEN,
  });
}, 60_000);

afterAll(async () => {
  await worker?.stop();
  link?.close();
  await relay?.close();
});

function mail(more: object = {}): { readonly subject: string } {
  const input = { from: "ann@example.com", to: "bob@example.org", text: "x", ...more };
  return { ...input, subject: `subject ${randomUUID()}` };
}

function post(): ClientRequest {
  return request(`${worker.url}/emails`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
  }).on("error", () => undefined);
}

/** As a process that is killed, or a proxy that gives up: RST, which cancels the request. */
async function hangUp(client: ClientRequest): Promise<void> {
  client.socket?.resetAndDestroy();
  await new Promise((resolve) => client.on("close", resolve));
}

function mailsWith(subject: string): readonly unknown[] {
  return relay.mails.filter(({ raw }) => raw.includes(subject));
}

it("delivers once and whole the mail of a client that hangs up in the middle", async () => {
  const content = randomBytes(6_000_000);
  const input = mail({ attachments: [{ filename: "a.bin", content: content.toString("base64") }] });
  const client = post();
  const answered = vi.fn<() => void>();
  client.on("response", answered);
  const middle = new Promise<void>((resolve) => {
    link.onMiddle = { octets: 1_000_000, call: resolve };
  });
  client.end(JSON.stringify(input));
  await middle;
  await hangUp(client);
  expect(answered).not.toHaveBeenCalled();
  expect(mailsWith(input.subject)).toStrictEqual([]);

  const { raw } = await relay.waitFor((one) => one.raw.includes(input.subject), 15_000);
  const [file] = (await PostalMime.parse(raw)).attachments;
  expect(digest(file?.content)).toBe(digest(content));
  // The Worker, too, got to the end: it heard the reply and says so, once.
  const told = (): readonly string[] =>
    worker.logs.filter((line) => line.includes('"event":"mail.'));
  await vi.waitFor(() => expect(told()).toHaveLength(1), 10_000);
  expect(told()[0]).toContain('"event":"mail.accepted"');
  expect(link.connections).toBe(1);
  expect(mailsWith(input.subject)).toHaveLength(1);
}, 60_000);

it("sends nothing for a client that hangs up before the end of its request", async () => {
  const before = link.connections;
  const client = post();
  // The JSON is whole; the octets announced are not.
  client.setHeader("content-length", 1_000_000);
  client.write(JSON.stringify(mail()));
  await new Promise((resolve) => client.write(" ".repeat(100_000), resolve));
  await hangUp(client);

  const after = mail();
  const answered = new Promise((resolve) => {
    const next = post().on("response", ({ statusCode }) => resolve(statusCode));
    next.end(JSON.stringify(after));
  });
  expect(await answered).toBe(200);
  expect(mailsWith(after.subject)).toHaveLength(1);
  expect(link.connections).toBe(before + 1);
}, 30_000);

it("keeps the connection of a client that it refuses", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<unknown>();
  for (let n = 0; n < 20; n += 1) {
    const client = request(`${worker.url}/emails`, { method: "POST", agent });
    client.end("x".repeat(200_000));
    const [response] = await once(client, "response");
    expect(response.statusCode).toBe(401);
    sockets.add(response.socket);
    response.resume();
    await once(response, "end");
  }
  agent.destroy();
  expect(sockets.size).toBe(1);
});

function digest(content: unknown): string {
  const octets = content instanceof ArrayBuffer ? new Uint8Array(content) : (content as Uint8Array);
  return createHash("sha256").update(octets).digest("hex");
}
