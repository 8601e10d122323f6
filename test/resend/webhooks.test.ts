/** Events as the Worker posts them to a webhook, judged by `resend.webhooks.verify`. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

import { afterAll, beforeAll, expect, it, vi } from "vitest";

import { mail, startLab, type Lab } from "./lab.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
/** Through the queue, on a busy machine. */
const TIMEOUT_MS = 30_000;

interface Told {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly payload: string;
}

let lab: Lab;
let server: Server;
const told: Told[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    text(request)
      .then((payload) => told.push({ headers: request.headers, payload }))
      .finally(() => response.end())
      .catch(() => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // `address()` is an AddressInfo for a listener on TCP.
  const { port } = server.address() as AddressInfo;
  lab = await startLab({
    vars: { WEBHOOK_URL: `http://127.0.0.1:${port}/hook`, WEBHOOK_SECRET: SECRET },
  });
}, 90_000);

afterAll(async () => {
  await lab?.stack.stop();
  server?.closeAllConnections();
  server?.close();
});

/** The event of this type about the mail with this subject, verified. */
async function event(subject: string, type: string) {
  const found = await vi.waitFor(
    () => {
      const one = told.find(({ payload }) => payload.includes(subject) && payload.includes(type));
      if (one === undefined) throw new Error(`no ${type} about ${subject}`);
      return one;
    },
    { timeout: TIMEOUT_MS, interval: 100 },
  );
  return { ...found, event: verified(found, "webhook") };
}

function verified({ headers, payload }: Told, prefix: "webhook" | "svix") {
  const named = (name: string): string => String(headers[`${prefix}-${name}`]);
  return lab.as("app").webhooks.verify({
    payload,
    headers: { id: named("id"), timestamp: named("timestamp"), signature: named("signature") },
    webhookSecret: SECRET,
  });
}

it("tells of a mail that was sent, under both sets of names", async () => {
  const input = mail({ tags: [{ name: "kind", value: "welcome" }] });
  const { data } = await lab.as("app").emails.send(input);
  const one = await event(input.subject, "email.sent");
  expect(one.event).toMatchObject({
    type: "email.sent",
    data: {
      email_id: data?.id,
      from: "ann@example.com",
      to: ["bob@example.org"],
      subject: input.subject,
      tags: { kind: "welcome" },
    },
  });
  expect(verified(one, "svix")).toStrictEqual(one.event);
  const forged = { ...one, payload: one.payload.replace("email.sent", "email.bounced") };
  expect(() => verified(forged, "webhook")).toThrow();
});

it("tells of one that was refused, with the relay's reply", async () => {
  const input = mail({ to: "gone@example.org" });
  await lab.as("app").emails.send(input);
  expect((await event(input.subject, "email.bounced")).event).toMatchObject({
    data: { to: ["gone@example.org"], bounce: { type: "Permanent" } },
  });
});

it(
  "tells of one that is scheduled, and that it went, when its time was set to now",
  async () => {
    const { emails } = lab.as("app");
    const input = mail({ scheduledAt: "in 2 hours" });
    const { data } = await emails.send(input);
    expect((await event(input.subject, "email.scheduled")).event.type).toBe("email.scheduled");
    const id = data?.id ?? "";
    const scheduledAt = new Date().toISOString();
    expect((await emails.update({ id, scheduledAt })).error).toBeNull();
    await event(input.subject, "email.sent");
    expect(await lab.arrived(input.subject)).toHaveLength(1);
    expect((await emails.get(id)).data?.last_event).toBe("sent");
    expect((await emails.cancel(id)).error).toMatchObject({ statusCode: 422 });
  },
  2 * TIMEOUT_MS,
);
