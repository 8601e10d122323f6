/** The ways to 202: `Prefer: respond-async` and DELIVERY=queue, and what becomes of a queue that fails. */
import { beforeEach, describe, expect, it } from "vitest";

import type { Env } from "../../src/env.ts";
import type { QueueBody } from "../../src/queued-mail.ts";
import { arrived } from "../net/control.ts";
import { mail, post, relays, vars } from "./worker-calls.ts";

const ASYNC = { prefer: "respond-async" };

let sent: QueueBody[] = [];
let queueFails = false;

/** The binding, as far as the Worker uses it. */
const MAIL_QUEUE = {
  send: async (body: QueueBody, options: object) => {
    expect(options).toStrictEqual({ contentType: "json" });
    if (queueFails) throw new Error("Queue send failed 7391");
    // As the platform does: a copy, by way of JSON.
    sent.push(JSON.parse(JSON.stringify(body)));
  },
} as unknown as NonNullable<Env["MAIL_QUEUE"]>;

beforeEach(() => {
  sent = [];
  queueFails = false;
});

describe("202", () => {
  it("for Prefer: respond-async, the preference confirmed, the mail fixed", async () => {
    const input = mail();
    const env = relays([1], { MAIL_QUEUE });
    const answer = await post("/emails", input, { env, headers: ASYNC });
    expect(answer.status).toBe(202);
    expect(answer.headers.get("preference-applied")).toBe("respond-async");
    expect(answer.headers.get("vary")).toContain("Prefer");
    const { id, messageId } = answer.body;
    expect(answer.body).toStrictEqual({ id, messageId, status: "queued" });
    expect(sent).toMatchObject([
      { id, mail: { messageId, subject: input.subject, envelope: { to: ["bob@example.org"] } } },
    ]);
    const [queued] = sent as { readonly mail: { readonly date?: unknown } }[];
    expect(Date.parse(String(queued?.mail.date))).toBeGreaterThan(Date.now() - 60_000);
  });

  it("for DELIVERY=queue, with nothing to confirm", async () => {
    const env = relays([1], { MAIL_QUEUE, DELIVERY: "queue" });
    const answer = await post("/emails", mail(), { env });
    expect(answer.status).toBe(202);
    expect(answer.headers.has("preference-applied")).toBe(false);
    expect(sent).toHaveLength(1);
  });

  it.each([
    ["respond-async, wait=10", 202],
    ["wait=10;x=1 , RESPOND-ASYNC ;a=b", 202],
    ["return=minimal", 200],
    ['x="respond-async"', 200],
    ['x="a, respond-async, b"', 200],
    ["x; respond-async", 200],
    ["not-respond-async", 200],
    ["", 200],
  ])("where Prefer says so: %s", async (prefer, status) => {
    const env = vars({ MAIL_QUEUE });
    expect((await post("/emails", mail(), { env, headers: { prefer } })).status).toBe(status);
  });

  it("never for a mail that is not valid", async () => {
    const env = relays([1], { MAIL_QUEUE, DELIVERY: "queue" });
    expect((await post("/emails", mail({ to: "x" }), { env })).status).toBe(422);
    expect(sent).toStrictEqual([]);
  });
});

it("sends at once where there is no queue to prefer", async () => {
  const input = mail();
  const answer = await post("/emails", input, { headers: ASYNC });
  expect(answer.status).toBe(200);
  expect(answer.headers.has("preference-applied")).toBe(false);
  expect(await arrived("starttls", input.subject)).toHaveLength(1);
});

describe("a mail too large for the queue", () => {
  const large = (): ReturnType<typeof mail> => mail({ text: "x".repeat(130_000) });

  it("is 413 with the numbers where the queue is the only way", async () => {
    const env = relays([1], { MAIL_QUEUE, DELIVERY: "queue" });
    const answer = await post("/emails", large(), { env, headers: ASYNC });
    expect(answer.status).toBe(413);
    expect(answer.body["message"]).toMatch(
      /has 130\d{3} octets; without the R2 binding SPOOL at most 127500 can/,
    );
    expect(sent).toStrictEqual([]);
  });

  it("is sent at once where the queue was only preferred", async () => {
    const input = large();
    const answer = await post("/emails", input, { env: vars({ MAIL_QUEUE }), headers: ASYNC });
    expect(answer.status).toBe(200);
    expect(answer.headers.has("preference-applied")).toBe(false);
    expect(await arrived("starttls", input.subject)).toHaveLength(1);
    expect(sent).toStrictEqual([]);
  });

  it("is counted in octets, not characters", async () => {
    const env = relays([1], { MAIL_QUEUE, DELIVERY: "queue" });
    expect((await post("/emails", mail({ text: "€".repeat(50_000) }), { env })).status).toBe(413);
    expect((await post("/emails", mail({ text: "x".repeat(126_000) }), { env })).status).toBe(202);
  });
});

it.each(["direct", "queue"])(
  "a queue that fails is 503, and the mail is not sent: %s",
  async (DELIVERY) => {
    queueFails = true;
    const input = mail();
    const env = vars({ MAIL_QUEUE, DELIVERY });
    const answer = await post("/emails", input, { env, headers: ASYNC });
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(JSON.stringify(answer.body)).not.toContain("7391");
    expect(await arrived("starttls", input.subject)).toStrictEqual([]);
  },
);
