/** `Idempotency-Key`: one delivery, however often and however close together it is asked for. */
import { describe, expect, it } from "vitest";

import { arrived, hostile } from "../net/control.ts";
import { journalled, store } from "./journalled.ts";
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
  const die = async (value: string, sent: object): Promise<string> => {
    const { fingerprintOf } = await import("../../src/http/fingerprint.ts");
    const id = crypto.randomUUID();
    const nowMs = Date.now() - 3_600_000;
    await store.claims.claim({
      scope: await scopeOf(value),
      fingerprint: await fingerprintOf(["POST", "/emails", sent]),
      ids: [id],
      nowMs,
      leaseMs: 1000,
      expiresAtMs: nowMs + 86_400_000,
    });
    return id;
  };

  it("before anything was sent is carried out", async () => {
    const sent = mail();
    const value = crypto.randomUUID();
    await die(value, sent);
    const { status } = await post("/emails", sent, { env: journalled(), headers: key(value) });
    expect(status).toBe(200);
    expect(await arrived("starttls", sent.subject)).toHaveLength(1);
  });

  it("while it sent is not sent again: it may have been", async () => {
    const sent = mail();
    const value = crypto.randomUUID();
    const id = await die(value, sent);
    await store.journal.admit([
      {
        id,
        messageId: "<x@example.com>",
        token: "t",
        createdAtMs: Date.now() - 3_600_000,
        status: "sending",
        facts: {},
        checkAtMs: Date.now() - 1000,
        events: [],
      },
    ]);
    const headers = key(value);
    const first = await post("/emails", sent, { env: journalled(), headers });
    const second = await post("/emails", sent, { env: journalled(), headers });
    expect([first.status, first.body["id"], second.status]).toStrictEqual([504, id, 504]);
    expect((await store.journal.mail(id))?.status).toBe("unknown");
    expect(await arrived("starttls", sent.subject)).toStrictEqual([]);
  });
});

function pick({ JOURNAL }: ReturnType<typeof journalled>): ReturnType<typeof journalled> {
  return JOURNAL === undefined ? {} : { JOURNAL };
}
