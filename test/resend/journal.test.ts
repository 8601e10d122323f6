/** `emails.get`, `list`, `update`, `cancel`, idempotency keys and suppressions of the official SDK. */
import { randomUUID } from "node:crypto";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { mail, startLab, type Lab } from "./lab.ts";

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
}, 90_000);

afterAll(async () => {
  await lab?.stack.stop();
});

async function sent(more: object = {}): Promise<string> {
  const { data, error } = await lab.as("app").emails.send(mail(more));
  expect(error).toBeNull();
  return data?.id ?? "";
}

function inHours(hours: number): string {
  return new Date(Date.now() + hours * 3_600_000).toISOString();
}

describe("emails.get", () => {
  it("shows a mail with every member that the types have", async () => {
    const input = mail({ cc: "cc@example.net", tags: [{ name: "kind", value: "welcome" }] });
    const { data: made } = await lab.as("app").emails.send(input);
    const { data, error } = await lab.as("reader").emails.get(made?.id ?? "");
    expect(error).toBeNull();
    expect(data).toMatchObject({
      object: "email",
      id: made?.id,
      message_id: expect.stringMatching(/^<.+@example\.com>$/),
      from: "Ann <ann@example.com>",
      to: ["bob@example.org"],
      cc: ["cc@example.net"],
      bcc: null,
      reply_to: null,
      subject: input.subject,
      html: null,
      text: "Hello",
      tags: [{ name: "kind", value: "welcome" }],
      scheduled_at: null,
      last_event: "sent",
      topic_id: null,
    });
    expect(Date.parse(data?.created_at ?? "")).toBeGreaterThan(Date.now() - 60_000);
  });

  it("tells of one that was refused", async () => {
    const { error } = await lab.as("app").emails.send(mail({ to: "gone@example.org" }));
    const { id } = error as unknown as { readonly id: string };
    const { data } = await lab.as("app").emails.get(id);
    expect(data?.last_event).toBe("bounced");
  });
});

describe("emails.list", () => {
  it("pages through all, newest first", async () => {
    const made: string[] = [];
    for (let count = 0; count < 5; count++) made.unshift(await sent());
    const { emails } = lab.as("app");
    const first = await emails.list({ limit: 2 });
    expect(first.data).toMatchObject({ object: "list", has_more: true });
    expect(first.data?.data.map(({ id }) => id)).toStrictEqual(made.slice(0, 2));
    const second = await emails.list({ limit: 2, after: made[1] ?? "" });
    expect(second.data?.data.map(({ id }) => id)).toStrictEqual(made.slice(2, 4));
    const back = await emails.list({ limit: 2, before: made[2] ?? "" });
    expect(back.data?.data.map(({ id }) => id)).toStrictEqual(made.slice(0, 2));
    expect(back.data?.has_more).toBe(false);
    expect((await emails.list()).data?.data.length).toBeGreaterThanOrEqual(5);
  });

  it("shows a restricted key its own", async () => {
    const { data: own } = await lab.as("shop").emails.send(mail());
    await sent();
    const { data } = await lab.as("shop").emails.list();
    expect(data?.data.map(({ id }) => id)).toStrictEqual([own?.id]);
  });
});

describe("a scheduled mail", () => {
  it("waits, moves, and is taken back", async () => {
    const { emails } = lab.as("app");
    const input = mail({ scheduledAt: inHours(2) });
    const { data, error } = await emails.send(input);
    expect(error).toBeNull();
    const id = data?.id ?? "";
    expect((await emails.get(id)).data).toMatchObject({
      last_event: "scheduled",
      scheduled_at: input.scheduledAt,
    });
    const later = inHours(100);
    const updated = await emails.update({ id, scheduledAt: later });
    expect(updated.data).toStrictEqual({ object: "email", id });
    expect((await emails.get(id)).data?.scheduled_at).toBe(later);
    const canceled = await emails.cancel(id);
    expect(canceled.data).toStrictEqual({ object: "email", id });
    expect((await emails.get(id)).data?.last_event).toBe("canceled");
    expect((await emails.cancel(id)).error).toMatchObject({ statusCode: 422 });
    const again = await emails.update({ id, scheduledAt: later });
    expect(again.error).toMatchObject({ statusCode: 422, name: "validation_error" });
    expect(await lab.arrived(input.subject)).toStrictEqual([]);
  });

  it("takes words, and every way in which SDKs write a time", async () => {
    const time = inHours(24).slice(0, 19);
    for (const scheduledAt of [
      "in 1 min",
      "in 2 hours",
      `${time}Z`,
      `${time}.123456789Z`,
      `${time}+0000`,
      `${time}.500+0200`,
      `${time}.123456`,
    ]) {
      const { data, error } = await lab.as("app").emails.send(mail({ scheduledAt }));
      expect(error, scheduledAt).toBeNull();
      expect((await lab.as("app").emails.cancel(data?.id ?? "")).error).toBeNull();
    }
  });

  it("may be one of a batch", async () => {
    const { data, error } = await lab.as("app").batch.send([mail({ scheduledAt: inHours(2) })]);
    expect(error).toBeNull();
    expect((await lab.as("app").emails.cancel(data?.data[0]?.id ?? "")).error).toBeNull();
  });
});

describe("idempotencyKey", () => {
  it("gives the same answer to the same mail, and 409 to another", async () => {
    const idempotencyKey = `welcome-user/${randomUUID()}`;
    const input = mail();
    const { emails } = lab.as("app");
    const first = await emails.send(input, { idempotencyKey });
    const second = await emails.send(input, { idempotencyKey });
    expect(second.data).toStrictEqual(first.data);
    const other = await emails.send({ ...input, text: "Other" }, { idempotencyKey });
    expect(other.error).toMatchObject({ statusCode: 409, name: "invalid_idempotent_request" });
    expect(await lab.arrived(input.subject)).toHaveLength(1);
    // Keys are each token's own.
    expect((await lab.as("shop").emails.send(input, { idempotencyKey })).error).toBeNull();
  });

  it("makes one delivery of five at once", async () => {
    const idempotencyKey = randomUUID();
    const input = mail();
    const answers = await Promise.all(
      Array.from({ length: 5 }, async () => lab.as("app").emails.send(input, { idempotencyKey })),
    );
    expect(await lab.arrived(input.subject)).toHaveLength(1);
    const ids = answers.flatMap(({ data }) => (data === null ? [] : [data.id]));
    expect(new Set(ids).size).toBe(1);
    for (const { error } of answers) {
      if (error !== null) expect(error.name).toBe("concurrent_idempotent_requests");
    }
  });

  it("is not used up by a mail that is refused", async () => {
    const idempotencyKey = randomUUID();
    const { emails } = lab.as("app");
    const input = mail({ to: "not an address" });
    expect((await emails.send(input, { idempotencyKey })).error).not.toBeNull();
    const mended = { ...input, to: "bob@example.org" };
    expect((await emails.send(mended, { idempotencyKey })).error).toBeNull();
  });

  it("covers a batch, with its way of validation", async () => {
    const idempotencyKey = randomUUID();
    const inputs = [mail(), mail()];
    const { batch } = lab.as("app");
    const first = await batch.send(inputs, { idempotencyKey });
    const second = await batch.send(inputs, { idempotencyKey });
    expect(second.data).toStrictEqual(first.data);
    for (const { subject } of inputs) expect(await lab.arrived(subject)).toHaveLength(1);
    const options = { idempotencyKey, batchValidation: "permissive" } as const;
    expect((await batch.send(inputs, options)).error?.name).toBe("invalid_idempotent_request");
  });
});

describe("suppressions", () => {
  it("keep mail away from an address until it is removed", async () => {
    const { suppressions, emails } = lab.as("app");
    const email = `${randomUUID()}@example.org`;
    expect((await suppressions.add({ email })).data).toMatchObject({ id: email });
    expect((await suppressions.get(email)).data).toMatchObject({ email, origin: "manual" });
    expect((await suppressions.list()).data?.data).toContainEqual(
      expect.objectContaining({ email, source_id: null }),
    );
    expect((await emails.send(mail({ to: email }))).error).toMatchObject({ statusCode: 422 });
    expect((await suppressions.remove(email)).data).toMatchObject({ id: email, deleted: true });
    expect((await suppressions.get(email)).error?.name).toBe("not_found");
    expect((await emails.send(mail({ to: email }))).error).toBeNull();
  });
});
