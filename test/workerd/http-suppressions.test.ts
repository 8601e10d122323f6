/** The suppression list over HTTP, and what it does to a mail. */
import { beforeEach, describe, expect, it } from "vitest";

import { ask, withJournal } from "./journal-calls.ts";
import { empty, NOW, store } from "./store/samples.ts";
import { mail, post } from "./worker-calls.ts";

beforeEach(empty);

async function addresses(query = ""): Promise<readonly string[]> {
  const { status, body } = await ask("GET", `/suppressions${query}`);
  expect(status).toBe(200);
  return (body["data"] as readonly { readonly address: string }[]).map(({ address }) => address);
}

describe("POST /suppressions", () => {
  it("puts an address on the list, as it stands in an envelope, and once", async () => {
    for (const note of ["asked by phone", "again"]) {
      const body = { address: "Bob@BÜCHER.example", note };
      const answer = await ask("POST", "/suppressions", { body });
      expect(answer.status).toBe(200);
      expect(answer.body).toStrictEqual({
        object: "suppression",
        id: "Bob@xn--bcher-kva.example",
        address: "Bob@xn--bcher-kva.example",
      });
    }
    const { body } = await ask("GET", "/suppressions");
    expect(body).toStrictEqual({
      object: "list",
      has_more: false,
      data: [
        {
          object: "suppression",
          id: "Bob@xn--bcher-kva.example",
          address: "Bob@xn--bcher-kva.example",
          email: "Bob@xn--bcher-kva.example",
          reason: "manual",
          origin: "manual",
          note: "asked by phone",
          source_id: null,
          created_at: expect.stringMatching(/^\d{4}-.+Z$/),
        },
      ],
    });
  });

  it.each([
    ["nothing", {}, "/address", "missing_required_field"],
    ["a mailbox with a name", { address: "Bob <bob@example.org>" }, "/address", "validation_error"],
    ["two", { address: "bob@example.org,eve@example.org" }, "/address", "validation_error"],
    ["a list", { address: ["bob@example.org"] }, "/address", "validation_error"],
    ["a line break", { address: "bob@example.org\r\nx" }, "/address", "validation_error"],
    ["a domain", { address: "example.org" }, "/address", "validation_error"],
    ["half a surrogate", { address: "\ud800@example.org" }, "/address", "validation_error"],
    [
      "a long note",
      { address: "b@example.org", note: "x".repeat(501) },
      "/note",
      "validation_error",
    ],
    ["a note that is none", { address: "b@example.org", note: 1 }, "/note", "validation_error"],
    ["more", { address: "b@example.org", reason: "x" }, "/reason", "validation_error"],
    ["__proto__", '{"__proto__":{"address":"b@example.org"}}', "/__proto__", "validation_error"],
    ["a list of bodies", [{ address: "b@example.org" }], "", "validation_error"],
  ])("refuses %s", async (_, body, pointer, name) => {
    const answer = await ask("POST", "/suppressions", { body });
    expect(answer).toMatchObject({ status: 422, body: { name } });
    expect(answer.body["errors"]).toContainEqual(
      expect.objectContaining({ pointer: `#${pointer}` }),
    );
    expect(await addresses()).toStrictEqual([]);
  });

  it("refuses a body that is too long", async () => {
    const body = { address: "b@example.org", note: "x".repeat(20_000) };
    expect((await ask("POST", "/suppressions", { body })).status).toBe(413);
  });
});

describe("GET /suppressions", () => {
  it("lists by address, page by page, with what the relay said", async () => {
    const all = ["a@example.com", "b@example.com", "c@example.com"];
    await store.suppressions.add(
      all.map((address) => ({ address, reason: "refused", note: "550 5.1.1 no", atMs: NOW })),
    );
    const { body } = await ask("GET", "/suppressions?limit=2");
    expect(body).toMatchObject({
      has_more: true,
      data: [{ address: all[0], reason: "refused", note: "550 5.1.1 no" }, { address: all[1] }],
    });
    expect(await addresses("?limit=2&after=b@example.com")).toStrictEqual(["c@example.com"]);
    expect(await addresses("?after=b%40EXAMPLE.com")).toStrictEqual(["c@example.com"]);
  });

  it.each(["limit=0", "after=x", "after=a@b@c", "before=a@example.com", "status=sent"])(
    "refuses %s",
    async (query) => {
      expect((await ask("GET", `/suppressions?${query}`)).status).toBe(422);
    },
  );
});

describe("DELETE /suppressions/{address}", () => {
  it.each([
    "bob@example.org",
    "a/b@example.org",
    "a%b@example.org",
    "ä@example.org",
    "+@example.org",
  ])("takes %s off the list", async (address) => {
    await ask("POST", "/suppressions", { body: { address } });
    const path = `/suppressions/${encodeURIComponent(address)}`;
    expect((await ask("GET", path)).body).toMatchObject({ email: address, origin: "manual" });
    const answer = await ask("DELETE", path);
    expect(answer.status).toBe(200);
    expect(answer.body).toStrictEqual({
      object: "suppression",
      id: address,
      address,
      deleted: true,
    });
    for (const method of ["GET", "DELETE"]) {
      expect(await ask(method, path)).toMatchObject({ status: 404, body: { name: "not_found" } });
    }
  });

  it.each(["x", "__proto__", "%", "a@b@c", "%0d%0a@example.org"])("refuses %s", async (text) => {
    const answer = await ask("DELETE", `/suppressions/${text}`);
    expect(answer).toMatchObject({ status: 422, body: { name: "invalid_parameter" } });
  });
});

describe("who may", () => {
  const calls = [
    ["GET", "", undefined],
    ["POST", "", { address: "bob@example.org" }],
    ["DELETE", "/bob@example.org", undefined],
  ] as const;

  it.each(calls)("no token that is restricted to senders: %s", async (method, rest, body) => {
    const answer = await ask(method, `/suppressions${rest}`, { token: "shop", body });
    expect(answer).toMatchObject({ status: 401, body: { name: "restricted_api_key" } });
  });

  it.each(calls)(
    "reading with the right to read, the rest to send: %s",
    async (method, rest, body) => {
      const options = body === undefined ? {} : { body };
      const isRead = method === "GET";
      const reader = await ask(method, `/suppressions${rest}`, { token: "reader", ...options });
      const sender = await ask(method, `/suppressions${rest}`, { token: "sender", ...options });
      expect([reader.status === 401, sender.status === 401]).toStrictEqual([!isRead, isRead]);
    },
  );
});

it("keeps mail away from an address, until it is taken off", async () => {
  const env = withJournal();
  const input = mail({ to: "gone@example.org" });
  await ask("POST", "/suppressions", { body: { address: "gone@example.org" } });
  const refused = await post("/emails", input, { env });
  expect(refused).toMatchObject({ status: 422, body: { suppressed: ["gone@example.org"] } });
  await ask("DELETE", "/suppressions/gone@example.org");
  expect((await post("/emails", input, { env })).status).toBe(200);
});

it("comes from a relay that says there is no such mailbox", async () => {
  const env = withJournal();
  expect((await post("/emails", mail({ to: "unknown@example.org" }), { env })).status).toBe(422);
  expect(await addresses()).toStrictEqual(["unknown@example.org"]);
});
