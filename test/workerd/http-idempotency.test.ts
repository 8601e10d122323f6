/** `Idempotency-Key`: one delivery, however often and however close together it is asked for. */
import { describe, expect, it } from "vitest";

import { fingerprintOf } from "../../src/idempotency/fingerprint.ts";
import type { NewMail } from "../../src/store/journal.ts";
import { arrived, hostile } from "../net/control.ts";
import { journalled, store } from "./journalled.ts";
import { newMail } from "./store/samples.ts";
import { call, mail, post, relays, TOKEN } from "./worker-calls.ts";

const key = (value: string = crypto.randomUUID()) => ({ "idempotency-key": value });

describe("a key", () => {
  it("gives the same answer to the same request, and one delivery", async () => {
    const sent = mail();
    const headers = key("welcome-user/123");
    const env = journalled();
    const first = await post("/emails", sent, { env, headers });
    // The same JSON in another order.
    const { from, ...others } = sent;
    const second = await post("/emails", { ...others, from }, { env, headers });
    expect([first.status, second.status]).toStrictEqual([200, 200]);
    expect(second.body).toStrictEqual(first.body);
    expect(second.headers.get("idempotency-replayed")).toBe("true");
    expect(first.headers.has("idempotency-replayed")).toBe(false);
    expect(await arrived("starttls", sent.subject)).toHaveLength(1);
  });

  it("means the same quoted, as the draft has it, and bare", async () => {
    const sent = mail();
    const value = crypto.randomUUID();
    const env = journalled();
    const first = await post("/emails", sent, { env, headers: key(value) });
    const second = await post("/emails", sent, { env, headers: key(`"${value}"`) });
    expect(second.body["id"]).toBe(first.body["id"]);
  });

  it("sends once where five ask at the same time", async () => {
    const sent = mail();
    const headers = key();
    const env = journalled();
    const answers = await Promise.all(
      Array.from({ length: 5 }, async () => post("/emails", sent, { env, headers })),
    );
    expect(await arrived("starttls", sent.subject)).toHaveLength(1);
    const won = answers.filter(({ status }) => status === 200);
    expect(new Set(won.map(({ body }) => body["id"])).size).toBe(1);
    for (const { status, body } of answers) {
      if (status === 200) continue;
      expect([status, body["name"]]).toStrictEqual([409, "concurrent_idempotent_requests"]);
    }
  });

  it.each([
    ["another body", "/emails", { text: "Other" }],
    ["another path", "/emails/batch", {}],
  ])("is refused with %s", async (_, path, more) => {
    const headers = key();
    const env = journalled();
    const sent = mail();
    await post("/emails", sent, { env, headers });
    const other = { ...sent, ...more };
    const { status, body } = await post(path, path === "/emails" ? other : [other], {
      env,
      headers,
    });
    expect([status, body["name"]]).toStrictEqual([409, "invalid_idempotent_request"]);
  });

  it("is one of its token: another token may use the same", async () => {
    const tokens = [
      { name: "one", token: "one-0123456789abcdef" },
      { name: "two", token: "two-0123456789abcdef" },
    ];
    const env = journalled({ API_TOKENS: JSON.stringify(tokens) });
    const headers = key();
    const sent = mail();
    const ids = [];
    for (const { token } of tokens) {
      const authorization = `Bearer ${token}`;
      const { body } = await post("/emails", sent, { env, headers: { ...headers, authorization } });
      ids.push(body["id"]);
    }
    expect(new Set(ids).size).toBe(2);
  });

  it("is not used up by a mail that was refused, or not sent yet", async () => {
    const headers = key();
    const env = journalled({ SUPPRESS_REFUSED: "off" });
    const refused = await post("/emails", mail({ to: "unknown@example.org" }), { env, headers });
    const later = await post("/emails", mail({ to: "later@example.org" }), { env, headers });
    const sent = await post("/emails", mail(), { env, headers });
    expect([refused.status, later.status, sent.status]).toStrictEqual([422, 503, 200]);
  });

  it("is not used up by a mail that is not valid", async () => {
    const headers = key();
    const env = journalled();
    expect((await post("/emails", mail({ to: "x" }), { env, headers })).status).toBe(422);
    expect((await post("/emails", mail(), { env, headers })).status).toBe(200);
  });

  it("is used up by a mail that may have been sent", async () => {
    const port = await hostile({ at: "final-dot", what: "eof" });
    const env = { ...relays([port]), ...pick(journalled()) };
    const headers = key();
    const sent = mail();
    const first = await post("/emails", sent, { env, headers });
    const second = await post("/emails", sent, { env, headers });
    expect([first.status, second.status]).toStrictEqual([504, 504]);
    expect(second.body["id"]).toBe(first.body["id"]);
  });

  it("covers a whole batch, with its way of validation", async () => {
    const headers = key();
    const env = journalled();
    const mails = [mail(), mail()];
    const first = await post("/emails/batch", mails, { env, headers });
    const second = await post("/emails/batch", mails, { env, headers });
    expect(second.body).toStrictEqual(first.body);
    expect(await arrived("starttls", mails[1]?.subject ?? "")).toHaveLength(1);
    const permissive = { ...headers, "x-batch-validation": "permissive" };
    expect((await post("/emails/batch", mails, { env, headers: permissive })).status).toBe(409);
  });

  it.each([["x".repeat(257)], ['""'], ["   "]])("%# of the wrong length is 400", async (value) => {
    const { status, body } = await post("/emails", mail(), {
      env: journalled(),
      headers: key(value),
    });
    expect([status, body["name"]]).toStrictEqual([400, "invalid_idempotency_key"]);
  });

  it("covers forms, whatever their boundary", async () => {
    const env = journalled();
    const sent = mail();
    const send = async () => {
      const form = new FormData();
      for (const [name, value] of Object.entries(sent)) form.set(name, String(value));
      form.set("attachments", new Blob(["\0\u00ff"]), "a.bin");
      const headers = { authorization: `Bearer ${TOKEN}`, ...key("form-key") };
      return call("/emails", { method: "POST", body: form, headers }, env);
    };
    const [first, second] = [await send(), await send()];
    expect(first.status).toBe(200);
    expect(second.body["id"]).toBe(first.body["id"]);
  });
});

describe("a request that died under its key", () => {
  const scopeOf = async (value: string): Promise<string> => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(TOKEN));
    const name = Array.from(new Uint8Array(digest, 0, 4), (octet) =>
      octet.toString(16).padStart(2, "0"),
    );
    return `token-${name.join("")} ${value}`;
  };
  const HOUR = 3_600_000;
  /** Takes the key an hour ago, for mails of these ids, and ends. */
  const die = async (value: string, of: unknown, count = 1): Promise<readonly string[]> => {
    const ids = Array.from({ length: count }, () => crypto.randomUUID());
    const nowMs = Date.now() - HOUR;
    await store.claims.claim({
      scope: await scopeOf(value),
      fingerprint: await fingerprintOf(of),
      ids,
      nowMs,
      leaseMs: 1000,
      expiresAtMs: nowMs + 24 * HOUR,
    });
    return ids;
  };
  const admit = async (id: string, more: Partial<NewMail>): Promise<void> =>
    store.journal.admit([newMail({ id, createdAtMs: Date.now() - HOUR, events: [], ...more })]);
  const one = (sent: object) => ["POST", "/emails", sent];
  const batch = (list: readonly object[]) => ["POST", "/emails/batch", "strict", list];

  it("before anything was sent is carried out, under the ids that it had", async () => {
    const sent = mail();
    const value = crypto.randomUUID();
    const ids = await die(value, one(sent));
    const { status, body } = await post("/emails", sent, {
      env: journalled(),
      headers: key(value),
    });
    expect([status, body["id"]]).toStrictEqual([200, ids[0]]);
    expect(await arrived("starttls", sent.subject)).toHaveLength(1);
  });

  it("and again after it was carried out, is not sent once more", async () => {
    const sent = mail();
    const value = crypto.randomUUID();
    const [id = ""] = await die(value, one(sent));
    // The second one sent it, and died before it could keep its answer.
    await admit(id, { status: "accepted" });
    const { status, body } = await post("/emails", sent, {
      env: journalled(),
      headers: key(value),
    });
    expect([status, body["id"], body["status"]]).toStrictEqual([200, id, "accepted"]);
    expect(await arrived("starttls", sent.subject)).toStrictEqual([]);
  });

  it("after its mail was refused is carried out as another mail", async () => {
    const sent = mail();
    const value = crypto.randomUUID();
    const [id = ""] = await die(value, one(sent));
    await admit(id, { status: "refused" });
    const { status, body } = await post("/emails", sent, {
      env: journalled(),
      headers: key(value),
    });
    expect(status).toBe(200);
    expect(body["id"]).not.toBe(id);
    expect(await arrived("starttls", sent.subject)).toHaveLength(1);
  });

  it("while it sent is not sent again: it may have been", async () => {
    const sent = mail();
    const value = crypto.randomUUID();
    const [id = ""] = await die(value, one(sent));
    const { body: _, ...bodyless } = newMail({
      id,
      status: "sending",
      checkAtMs: Date.now() - 1000,
    });
    await store.journal.admit([bodyless]);
    const headers = key(value);
    const env = journalled();
    // Nobody has found it dead yet.
    const early = await post("/emails", sent, { env, headers });
    expect([early.status, early.body["name"]]).toStrictEqual([
      409,
      "concurrent_idempotent_requests",
    ]);
    await store.journal.endInterrupted({ nowMs: Date.now(), limit: 1000 });
    const first = await post("/emails", sent, { env, headers });
    const second = await post("/emails", sent, { env, headers });
    expect([first.status, first.body["id"], second.status]).toStrictEqual([504, id, 504]);
    expect(await arrived("starttls", sent.subject)).toStrictEqual([]);
  });

  it("leaves alone a mail that waits, and that is being tried", async () => {
    const sent = mail();
    const value = crypto.randomUUID();
    const [id = ""] = await die(value, one(sent));
    await admit(id, { status: "queued" });
    const nowMs = Date.now();
    await store.journal.begin([{ id, turn: 0 }], { nowMs, leaseMs: HOUR });
    const env = journalled();
    expect((await post("/emails", sent, { env, headers: key(value) })).status).toBe(409);
    expect((await store.journal.mail(id))?.status).toBe("sending");
  });

  it("in the middle of a batch has the rest carried out, in the order of the request", async () => {
    const mails = [mail(), mail(), mail()];
    const value = crypto.randomUUID();
    const ids = await die(value, batch(mails), 3);
    await admit(ids[1] ?? "", { status: "accepted" });
    const { body } = await post("/emails/batch", mails, { env: journalled(), headers: key(value) });
    const data = body["data"] as readonly { readonly id: string }[];
    expect(data.map(({ id }) => id)).toStrictEqual(ids);
    const found = await Promise.all(mails.map(async (m) => arrived("starttls", m.subject)));
    expect(found.map(({ length }) => length)).toStrictEqual([1, 0, 1]);
  });

  it("of a batch of one is answered as a batch", async () => {
    const mails = [mail()];
    const value = crypto.randomUUID();
    const [id = ""] = await die(value, batch(mails));
    await admit(id, { status: "accepted" });
    const { body } = await post("/emails/batch", mails, { env: journalled(), headers: key(value) });
    expect(body["data"]).toMatchObject([{ id, status: "accepted" }]);
  });
});

describe("a fingerprint", () => {
  it("tells apart what is not the same, and only that", async () => {
    const values: readonly unknown[] = [
      null,
      "",
      "null",
      0,
      "0",
      [],
      {},
      [[]],
      [1, 2],
      [12],
      ["1,2"],
      [1, "2"],
      { a: 1, b: 2 },
      { a: { b: 2 } },
      { a: 1 },
      { ab: 1 },
      new Uint8Array([1, 2]),
      new Date(1),
      new Date(2),
      [new Uint8Array([1]), new Uint8Array([2])],
    ];
    const prints = await Promise.all(values.map(fingerprintOf));
    expect(new Set(prints).size).toBe(values.length);
    expect(await fingerprintOf({ b: 2, a: 1 })).toBe(await fingerprintOf({ a: 1, b: 2 }));
  });

  it("takes a file as a list of numbers, and JSON as deep as it comes", async () => {
    const file = Array.from({ length: 1_000_000 }, (_, at) => at % 256);
    let deep: unknown = [];
    for (let depth = 0; depth < 50_000; depth += 1) deep = [deep];
    expect(await fingerprintOf([file, deep])).toMatch(/^[0-9a-f]{64}$/);
  });
});

function pick({ JOURNAL }: ReturnType<typeof journalled>): ReturnType<typeof journalled> {
  return JOURNAL === undefined ? {} : { JOURNAL };
}
