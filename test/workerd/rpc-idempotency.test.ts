/** `idempotencyKey` by RPC: one delivery, however often and however close together it is asked for. */
import { describe, expect, it } from "vitest";

import type { Env } from "../../src/env.ts";
import { fingerprintOf } from "../../src/idempotency/fingerprint.ts";
import type { NewMail } from "../../src/store/journal.ts";
import { arrived, hostile, ports } from "../net/control.ts";
import { mailer, posting, thrown } from "./rpc-calls.ts";
import { store } from "./journalled.ts";
import { db, newMail } from "./store/samples.ts";
import { post, relays, vars } from "./worker-calls.ts";

const key = (idempotencyKey: string = crypto.randomUUID()) => ({ idempotencyKey });
const bound = (more: Env = {}): Env => vars({ JOURNAL: db, ...more });

describe("a key", () => {
  it("gives the same receipt to the same mail, and one delivery", async () => {
    const mail = posting();
    const options = key("welcome/123");
    const first = await mailer(bound()).send(mail, options);
    // The same mail in another order.
    const { from, ...others } = mail;
    const second = await mailer().send({ ...others, from }, options);
    expect(first).not.toHaveProperty("replayed");
    expect(second).toStrictEqual({ ...first, replayed: true });
    expect(await arrived("starttls", mail.subject)).toHaveLength(1);
  });

  it("means the same mail by its octets, streams and dates among them", async () => {
    const { readable, writable } = new IdentityTransformStream();
    const octets = new Uint8Array([1, 2, 3]);
    const [date, other] = [new Date("2026-11-21T10:00:00Z"), new Date("2026-11-22T10:00:00Z")];
    const mail = posting();
    const options = key();
    const write = async (): Promise<void> => {
      const writer = writable.getWriter();
      await writer.write(octets);
      await writer.close();
    };
    const writing = write();
    const streamed = { ...mail, date, attachments: [{ filename: "a", content: readable }] };
    const first = await mailer(bound()).send(streamed, options);
    await writing;
    const whole = { ...mail, date, attachments: [{ filename: "a", content: octets }] };
    expect(await mailer().send(whole, options)).toMatchObject({ id: first.id, replayed: true });
    for (const changed of [
      { ...whole, date: other },
      { ...whole, attachments: [{ filename: "a", content: new Uint8Array([1, 2]) }] },
      { ...whole, text: "Other" },
    ]) {
      expect(await thrown(mailer().send(changed, options))).toMatchObject({
        code: "E_INVALID_IDEMPOTENT_REQUEST",
        retryable: false,
      });
    }
    expect(await arrived("starttls", mail.subject)).toHaveLength(1);
  });

  it("sends once where five ask at the same time", async () => {
    const mail = posting();
    const options = key();
    const email = mailer(bound());
    const calls = await Promise.allSettled(
      Array.from({ length: 5 }, async () => email.send(mail, options)),
    );
    expect(await arrived("starttls", mail.subject)).toHaveLength(1);
    const won = calls.flatMap((one) => (one.status === "fulfilled" ? [one.value.id] : []));
    expect(new Set(won).size).toBe(1);
    for (const one of calls) {
      if (one.status === "fulfilled") continue;
      expect(one.reason).toMatchObject({
        code: "E_CONCURRENT_IDEMPOTENT_REQUESTS",
        retryable: true,
      });
    }
  });

  it("is no key of an API token, and of `send` or `sendBatch` alone", async () => {
    const mail = posting();
    const options = key();
    const headers = { "idempotency-key": options.idempotencyKey };
    expect((await post("/emails", mail, { env: bound(), headers })).status).toBe(200);
    expect(await mailer(bound()).send(mail, options)).not.toHaveProperty("replayed");
    expect(await thrown(mailer().sendBatch([mail], options))).toMatchObject({
      code: "E_INVALID_IDEMPOTENT_REQUEST",
    });
  });

  it("is not used up by a mail that is not valid, or that the relay refused", async () => {
    const options = key();
    const mail = posting({ text: "x\r\n".repeat(2000) });
    const small = bound(relays([ports().small]));
    expect(await thrown(mailer(small).send({ ...mail, to: "nobody" }, options))).toMatchObject({
      code: "E_VALIDATION_ERROR",
    });
    expect(await thrown(mailer().send(mail, options))).toMatchObject({
      code: "E_CONTENT_TOO_LARGE",
    });
    const large = bound(relays([ports().starttls]));
    expect(await mailer(large).send(mail, options)).not.toHaveProperty("replayed");
    expect(await arrived("starttls", mail.subject)).toHaveLength(1);
  });

  it("is used up by a mail that may have been sent: the same error again", async () => {
    const port = await hostile({ at: "content", what: "eof" });
    const mail = posting();
    const options = key();
    const first = await thrown(mailer(bound(relays([port])), ["MAIL_QUEUE"]).send(mail, options));
    const second = await thrown(mailer().send(mail, options));
    expect(first).toMatchObject({ code: "E_DELIVERY_FAILED", outcome: "unknown" });
    expect(second).toBeInstanceOf(Error);
    expect(second.message).toBe(first.message);
    expect(Object.entries(second)).toStrictEqual(Object.entries(first));
  });

  it("keeps no address where none may be kept, and tells what it was all the same", async () => {
    const email = mailer(bound({ JOURNAL_DETAIL: "none" }));
    const mail = posting({ to: ["bob@example.org", "unknown@example.org"] });
    const options = key();
    const { id, messageId, status } = await email.send(mail, options);
    expect(await email.send(mail, options)).toStrictEqual({
      id,
      messageId,
      status,
      replayed: true,
    });
  });
});

describe("options that cannot be honoured", () => {
  it.each([
    ["an empty key", { idempotencyKey: "" }, "E_INVALID_IDEMPOTENCY_KEY"],
    ["a long key", { idempotencyKey: "x".repeat(257) }, "E_INVALID_IDEMPOTENCY_KEY"],
    ["a number", { idempotencyKey: 1 }, "E_VALIDATION_ERROR"],
    ["another spelling", { idempotencykey: "x" }, "E_VALIDATION_ERROR"],
    ["the key alone", "x", "E_VALIDATION_ERROR"],
  ])("are refused: %s", async (_, options, code) => {
    const mail = posting();
    const error = await thrown(mailer(bound()).send(mail, options as object));
    expect(error).toMatchObject({ code, retryable: false });
    expect(await arrived("starttls", mail.subject)).toStrictEqual([]);
  });

  it("are refused without JOURNAL, which is named", async () => {
    const mail = posting();
    const error = await thrown(mailer(vars(), ["JOURNAL"]).send(mail, key()));
    expect(error).toMatchObject({
      code: "E_INVALID_IDEMPOTENCY_KEY",
      configuration: [{ name: "JOURNAL" }],
    });
    expect(await arrived("starttls", mail.subject)).toStrictEqual([]);
  });

  it.each([undefined, null, {}, { idempotencyKey: undefined }, { idempotencyKey: null }])(
    "are none: %j",
    async (options) => {
      const receipt = await mailer(vars(), ["JOURNAL"]).send(posting(), options ?? undefined);
      expect(receipt.status).toBe("accepted");
    },
  );
});

describe("a batch under a key", () => {
  it("is told again as it was, mail by mail", async () => {
    const mails = [posting(), posting({ to: "nobody" }), posting()];
    const options = key();
    const first = await mailer(bound()).sendBatch(mails, options);
    const second = await mailer().sendBatch(mails, options);
    expect(second).toMatchObject([
      { status: "fulfilled", value: { replayed: true } },
      {
        status: "rejected",
        reason: { code: "E_VALIDATION_ERROR", problems: [{ pointer: "/to" }] },
      },
      { status: "fulfilled", value: { replayed: true } },
    ]);
    expect(idsOf(second)).toStrictEqual(idsOf(first));
    const found = await Promise.all(mails.map(async (m) => arrived("starttls", m.subject)));
    expect(found.map(({ length }) => length)).toStrictEqual([1, 0, 1]);
  });

  it("is another with other mails, even invalid ones", async () => {
    const mail = posting();
    const options = key();
    await mailer(bound()).sendBatch([mail, posting({ to: "nobody" })], options);
    const error = await thrown(mailer().sendBatch([mail, posting({ to: "a@" })], options));
    expect(error).toMatchObject({ code: "E_INVALID_IDEMPOTENT_REQUEST" });
  });

  it("does not use it up where nothing was sent", async () => {
    const options = key();
    const email = mailer(bound());
    await email.sendBatch([posting({ to: "nobody" })], options);
    const [one] = await email.sendBatch([posting()], options);
    expect(one).toMatchObject({ status: "fulfilled" });
    expect(await email.sendBatch([], key())).toStrictEqual([]);
  });
});

describe("a call that died under its key", () => {
  const HOUR = 3_600_000;
  const die = async (value: string, of: unknown, count = 1): Promise<readonly string[]> => {
    const ids = Array.from({ length: count }, () => crypto.randomUUID());
    const nowMs = Date.now() - HOUR;
    const fingerprint = await fingerprintOf(of);
    const claim = { scope: `rpc ${value}`, fingerprint, ids, nowMs, leaseMs: 1000 };
    await store.claims.claim({ ...claim, expiresAtMs: nowMs + 24 * HOUR });
    return ids;
  };
  const admit = async (id: string, more: Partial<NewMail>): Promise<void> =>
    store.journal.admit([newMail({ id, createdAtMs: Date.now() - HOUR, events: [], ...more })]);

  it.each([
    ["accepted", "accepted"],
    ["deferred", "queued"],
    ["queued", "queued"],
    ["scheduled", "scheduled"],
    ["canceled", "canceled"],
  ] as const)("and whose mail is %s is told so: %s", async (status, told) => {
    const mail = posting();
    const options = key();
    const [id = ""] = await die(options.idempotencyKey, ["RPC", "send", [mail]]);
    await admit(id, { status });
    expect(await mailer(bound()).send(mail, options)).toMatchObject({ id, status: told });
    expect(await arrived("starttls", mail.subject)).toStrictEqual([]);
  });

  it("and whose mail may have been sent is told that", async () => {
    const mail = posting();
    const options = key();
    const [id = ""] = await die(options.idempotencyKey, ["RPC", "send", [mail]]);
    await admit(id, { status: "unknown" });
    const error = await thrown(mailer(bound()).send(mail, options));
    expect(error).toMatchObject({ code: "E_DELIVERY_FAILED", outcome: "unknown", id });
  });

  it("in the middle of a batch has the rest carried out, in its order", async () => {
    const mails = [posting(), posting(), posting()];
    const options = key();
    const ids = await die(options.idempotencyKey, ["RPC", "sendBatch", mails], 3);
    await admit(ids[1] ?? "", { status: "accepted" });
    expect(idsOf(await mailer(bound()).sendBatch(mails, options))).toStrictEqual(ids);
    const found = await Promise.all(mails.map(async (m) => arrived("starttls", m.subject)));
    expect(found.map(({ length }) => length)).toStrictEqual([1, 0, 1]);
  });
});

function idsOf(
  all: readonly PromiseSettledResult<{ readonly id: string }>[],
): readonly (string | undefined)[] {
  return all.map((one) => (one.status === "fulfilled" ? one.value.id : undefined));
}
