/** GET /emails/{id} and GET /emails: what the journal tells of mails, and to whom. */
import { beforeEach, describe, expect, it } from "vitest";

import type { MailStatus } from "../../src/store/journal.ts";
import { ask, UUID, withJournal } from "./journal-calls.ts";
import { admitted, empty, event, journal, newMail, NOW } from "./store/samples.ts";
import { mail, post } from "./worker-calls.ts";

beforeEach(empty);

describe("GET /emails/{id}", () => {
  it("tells the life of a mail that was sent", async () => {
    const input = mail({
      cc: "cc@example.org",
      replyTo: "reply@example.com",
      tags: [{ name: "kind", value: "welcome" }],
    });
    const env = withJournal();
    const sent = await post("/emails", input, { env });
    expect(sent.status).toBe(200);
    const id = String(sent.body["id"]);
    const { status, headers, body } = await ask("GET", `/emails/${id}`, { env });
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(body).toStrictEqual({
      object: "email",
      id,
      message_id: sent.body["messageId"],
      from: "Ann <ann@example.com>",
      to: ["bob@example.org"],
      cc: ["cc@example.org"],
      bcc: null,
      reply_to: ["reply@example.com"],
      subject: input.subject,
      html: null,
      text: null,
      tags: [{ name: "kind", value: "welcome" }],
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      scheduled_at: null,
      last_event: "sent",
      topic_id: null,
      status: "accepted",
      attempts: 1,
      relay: sent.body["relay"],
      reply: sent.body["reply"],
      events: [
        { at: expect.stringMatching(/Z$/), type: "attempt", attempt: 1 },
        expect.objectContaining({
          type: "accepted",
          accepted: ["bob@example.org", "cc@example.org"],
        }),
      ],
    });
  });

  it("has the text where all is kept, and no address where nothing is", async () => {
    const [all, none] = [
      withJournal({ JOURNAL_DETAIL: "all" }),
      withJournal({ JOURNAL_DETAIL: "none" }),
    ];
    const input = mail({ html: "<p>Hello" });
    const kept = await post("/emails", input, { env: all });
    expect((await ask("GET", `/emails/${String(kept.body["id"])}`)).body).toMatchObject({
      text: "Hello\r\n",
      html: "<p>Hello",
    });
    const bare = await post("/emails", input, { env: none });
    const { body } = await ask("GET", `/emails/${String(bare.body["id"])}`);
    expect(body).toMatchObject({ from: "", to: [], cc: null, subject: "", text: null, tags: null });
    expect(JSON.stringify(body["events"])).not.toContain("@");
  });

  it.each([
    ["scheduled", "scheduled"],
    ["queued", "queued"],
    ["sending", "queued"],
    ["deferred", "delivery_delayed"],
    ["accepted", "sent"],
    ["refused", "bounced"],
    ["unknown", "failed"],
    ["failed", "failed"],
    ["suppressed", "failed"],
    ["canceled", "canceled"],
  ] as const)("says of one that is %s: %s", async (status, lastEvent) => {
    const { id } = await admitted({ status });
    const { body } = await ask("GET", `/emails/${id.toUpperCase()}`);
    expect(body).toMatchObject({ id, status, last_event: lastEvent, relay: null, reply: null });
  });

  it.each(["1", "__proto__", "constructor", "%00", "a".repeat(5000), "0-0-0-0-0", "..%2f..%2fx"])(
    "takes no id that is none: %s",
    async (id) => {
      expect(await ask("GET", `/emails/${id}`)).toMatchObject({
        status: 422,
        body: { name: "invalid_parameter" },
      });
    },
  );

  it("is 404 for one that nobody knows, and reads away what Python sends", async () => {
    const answer = await ask("GET", `/emails/${crypto.randomUUID()}`);
    expect(answer).toMatchObject({
      status: 404,
      body: { name: "not_found", message: "Email not found" },
    });
  });

  it.each(["shop", "news"] as const)("shows a restricted token its own: %s", async (token) => {
    const own = await admitted({ token });
    const foreign = await admitted({ token: "other" });
    expect((await ask("GET", `/emails/${own.id}`, { token })).status).toBe(200);
    const hidden = await ask("GET", `/emails/${foreign.id}`, { token });
    const missing = await ask("GET", `/emails/${crypto.randomUUID()}`, { token });
    expect(hidden.status).toBe(404);
    expect(hidden.body).toStrictEqual(missing.body);
  });

  it("wants a token, and the right to read", async () => {
    const { id } = await admitted();
    expect((await ask("GET", `/emails/${id}`, { token: "sender" })).body["name"]).toBe(
      "restricted_api_key",
    );
    expect((await ask("GET", `/emails/${id}`, { token: "reader" })).status).toBe(200);
    const anonymous = await ask("GET", `/emails/${id}`, { headers: { authorization: "" } });
    expect(anonymous.status).toBe(401);
  });
});

describe("GET /emails", () => {
  async function ids(query: string, token: "all" | "shop" | "reader" = "all") {
    const { status, body } = await ask("GET", `/emails${query}`, { token });
    expect(status).toBe(200);
    expect(body["object"]).toBe("list");
    const data = body["data"] as readonly { readonly id: string }[];
    return { ids: data.map(({ id }) => id), more: body["has_more"], data };
  }

  async function many(count: number, more: Partial<Parameters<typeof newMail>[0]> = {}) {
    const mails = Array.from({ length: count }, () => newMail(more));
    await journal.admit(mails);
    return mails.map(({ id }) => id).toReversed();
  }

  it("lists the newest first, 20 at a time, without content", async () => {
    const all = await many(25, { facts: { to: ["bob@example.org"], text: "x", html: "x" } });
    const first = await ids("");
    expect(first).toMatchObject({ ids: all.slice(0, 20), more: true });
    for (const name of ["html", "text", "tags", "object", "events"]) {
      expect(first.data[0]).not.toHaveProperty(name);
    }
    expect(first.data[0]).toMatchObject({ cc: null, last_event: "queued", topic_id: null });
    expect(await ids(`?after=${all[19]}`)).toMatchObject({ ids: all.slice(20), more: false });
  });

  it("pages both ways, and leaves the cursor out", async () => {
    const all = await many(5);
    expect(await ids(`?limit=2&after=${all[0]}`)).toMatchObject({
      ids: all.slice(1, 3),
      more: true,
    });
    expect(await ids(`?limit=2&before=${all[4]}`)).toMatchObject({
      ids: all.slice(2, 4),
      more: true,
    });
    expect(await ids(`?limit=100&before=${all[4]}`)).toMatchObject({
      ids: all.slice(0, 4),
      more: false,
    });
    expect(await ids(`?limit=&after=&before=${all[0]}`)).toMatchObject({ ids: [], more: false });
  });

  it("keeps to the statuses that are asked for, in our words and in those of the SDKs", async () => {
    const one = async (status: MailStatus) => (await admitted({ status })).id;
    const accepted = await one("accepted");
    const refused = await one("refused");
    const sending = await one("sending");
    expect((await ids("?status=accepted")).ids).toStrictEqual([accepted]);
    expect((await ids("?status=sent,bounced")).ids).toStrictEqual([refused, accepted]);
    expect((await ids("?status=sent&status=sending")).ids).toStrictEqual([sending, accepted]);
    expect((await ids("?status=canceled")).ids).toStrictEqual([]);
  });

  it("lists for a restricted token its own alone", async () => {
    const own = await many(2, { token: "shop" });
    const [foreign] = await many(2, { token: "news" });
    expect((await ids("", "shop")).ids).toStrictEqual(own);
    expect((await ids("", "reader")).ids).toHaveLength(4);
    const cursor = await ask("GET", `/emails?after=${foreign}`, { token: "shop" });
    const nobodys = await ask("GET", `/emails?after=${crypto.randomUUID()}`, { token: "shop" });
    expect(cursor.status).toBe(422);
    expect(cursor.body).toStrictEqual(nobodys.body);
  });

  it.each([
    ["limit=0", "validation_error"],
    ["limit=101", "validation_error"],
    ["limit=-1", "validation_error"],
    ["limit=1e1", "validation_error"],
    ["limit=9".padEnd(2000, "9"), "validation_error"],
    ["limit=1&limit=2", "validation_error"],
    ["after=x", "invalid_parameter"],
    ["before=__proto__", "invalid_parameter"],
    [`after=${crypto.randomUUID()}`, "invalid_parameter"],
    [`after=${crypto.randomUUID()}&before=${crypto.randomUUID()}`, "validation_error"],
    ["status=delivered", "validation_error"],
    ["status=accepted,toString", "validation_error"],
    ["__proto__=1", "validation_error"],
    ["origin=api", "validation_error"],
  ])("refuses %s", async (query, name) => {
    expect(await ask("GET", `/emails?${query}`)).toMatchObject({ status: 422, body: { name } });
  });

  it("answers HEAD as GET, without the body", async () => {
    const { id } = await admitted();
    for (const path of ["/emails", `/emails/${id}`]) {
      expect((await ask("HEAD", path)).status).toBe(200);
    }
    expect((await ask("HEAD", "/emails/1")).status).toBe(422);
  });
});

it("shows events as they came, with what each tells", async () => {
  const { id } = await admitted({
    events: [event("queued"), event("deferred", NOW + 1, { stage: "rcpt", attempt: 1 })],
  });
  expect((await ask("GET", `/emails/${id}`)).body["events"]).toStrictEqual([
    { at: new Date(NOW).toISOString(), type: "queued" },
    { at: new Date(NOW + 1).toISOString(), type: "deferred", stage: "rcpt", attempt: 1 },
  ]);
  expect(id).toMatch(UUID);
});
