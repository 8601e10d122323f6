/** POST /emails as message/rfc822: the message as it is, the envelope beside it. */
import { describe, expect, it } from "vitest";

import { arrived } from "../net/control.ts";
import { call, mail, relays, TOKEN, vars, type Answer } from "./worker-calls.ts";

async function send(
  query: string,
  body: BodyInit,
  { headers = {}, env = vars() }: { headers?: Readonly<Record<string, string>>; env?: object } = {},
): Promise<Answer> {
  const all = {
    authorization: `Bearer ${TOKEN}`,
    "content-type": "message/rfc822",
    ...headers,
  };
  return call(`/emails${query}`, { method: "POST", headers: all, body }, env);
}

/** A message that lacks nothing, so that nothing is added to it. */
function message(subject: string, body = "Grüße\r\n.\r\n..x\r\n"): string {
  return [
    "From: Ann <ann@example.com>",
    "To: Bob <bob@example.org>, carol@example.org",
    `Subject: ${subject}`,
    "Date: Sat, 21 Nov 2026 10:00:00 +0000",
    "Message-ID: <1@example.com>",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
    "X-Odd:   kept\tas it is ",
    "",
    body,
  ].join("\r\n");
}

/** A character for each octet, as `arrived` gives them: the platform's "latin1" is windows-1252. */
function characters(octets: Uint8Array): string {
  return Array.from(octets, (octet) => String.fromCharCode(octet)).join("");
}

describe("a whole message", () => {
  it("goes out octet for octet, to those it names itself", async () => {
    const { subject } = mail();
    const octets = new TextEncoder().encode(message(subject));
    const answer = await send("", octets);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        messageId: "<1@example.com>",
        accepted: ["bob@example.org", "carol@example.org"],
      },
    });
    const [one] = await arrived("starttls", subject);
    expect(one?.raw).toBe(characters(octets));
    expect(one?.mailFrom).toBe("ann@example.com");
  });

  it.each([
    ["octets that are no UTF-8", Uint8Array.of(0x20, 0xe9, 0xff, 0x0d, 0x0a)],
    ["lines that are ended by LF", new TextEncoder().encode("a\nb\n")],
  ])("may have %s", async (_, tail) => {
    const { subject } = mail();
    const head = new TextEncoder().encode(message(subject, ""));
    expect((await send("", new Blob([head, tail]))).status).toBe(200);
    const [one] = await arrived("starttls", subject);
    expect(one?.raw).toBe(characters(head) + characters(tail).replaceAll(/\r?\n/g, "\r\n"));
  });

  it.each([
    [
      "the query",
      "?from=bounces%2B1@example.com&to=dora@example.org&to=emil@example.org",
      {},
      "bounces+1@example.com",
      ["dora@example.org", "emil@example.org"],
    ],
    [
      "header fields",
      "",
      {
        "X-Envelope-From": "bounces@example.com",
        "X-Envelope-To": "dora@example.org, emil@example.org",
      },
      "bounces@example.com",
      ["dora@example.org", "emil@example.org"],
    ],
    [
      "the query, the null reverse-path",
      "?from=",
      {},
      "",
      ["bob@example.org", "carol@example.org"],
    ],
    [
      "a header field, the null reverse-path",
      "",
      { "X-Envelope-From": "" },
      "",
      ["bob@example.org", "carol@example.org"],
    ],
    [
      "both, each half once",
      "?to=dora@example.org",
      { "x-envelope-from": "bounces@example.com" },
      "bounces@example.com",
      ["dora@example.org"],
    ],
  ] as const)("has the envelope of %s", async (_, query, headers, mailFrom, rcptTo) => {
    const { subject } = mail();
    expect((await send(query, message(subject), { headers })).status).toBe(200);
    const [one] = await arrived("starttls", subject);
    expect(one).toMatchObject({ mailFrom, rcptTo });
  });

  it("may be for an international address, in UTF-8 in the query", async () => {
    const { subject } = mail();
    const query = `?to=${encodeURIComponent("jörg@example.org")}`;
    expect((await send(query, message(subject))).status).toBe(200);
    const [one] = await arrived("starttls", subject);
    expect(one?.rcptTo).toStrictEqual(["jörg@example.org"]);
  });

  it("has a Bcc that is in the envelope only", async () => {
    const { subject } = mail();
    const raw = `Bcc: dora@example.org\r\n${message(subject)}`;
    expect((await send("", raw)).status).toBe(200);
    const [one] = await arrived("starttls", subject);
    expect(one?.rcptTo).toContain("dora@example.org");
    expect(one?.raw).not.toContain("dora");
  });

  it("may wait in the queue", async () => {
    const bodies: unknown[] = [];
    const queue = { send: async (body: unknown) => Promise.resolve(void bodies.push(body)) };
    const { subject } = mail();
    const headers = { prefer: "respond-async" };
    const env = { ...relays([1]), MAIL_QUEUE: queue };
    expect((await send("", message(subject), { headers, env })).status).toBe(202);
    expect(JSON.stringify(bodies)).toContain('"raw"');
  });
});

describe("a message that is refused: 422, and nothing is dialled", () => {
  const env = (): object => relays([1]);

  it.each([
    ["an empty one", "", "", {}, ["#/raw"]],
    [
      "one without From, to a parameter nobody knows",
      "?cc=a@example.org",
      "To: bob@example.org\r\n\r\nx",
      {},
      ["#", "#/raw"],
    ],
    ["without recipients", "", "From: ann@example.com\r\n\r\nx", {}, ["#/to"]],
    ["with an empty to", "?to=", message("x"), {}, ["#/envelope/to/0"]],
    ["with an empty X-Envelope-To", "", message("x"), { "x-envelope-to": "" }, ["#/envelope/to/0"]],
    [
      "with two in one to",
      "?to=a@example.org,b@example.org",
      message("x"),
      {},
      ["#/envelope/to/0"],
    ],
    ["with a name", "?to=Bob%20%3Cbob@example.org%3E", message("x"), {}, ["#/envelope/to/0"]],
    [
      "with a plus",
      "?from=a+b@example.com&to=c+d@example.org",
      message("x"),
      {},
      ["#/envelope/from", "#/envelope/to/0"],
    ],
    [
      "told twice",
      "?from=&to=a@example.org",
      message("x"),
      { "x-envelope-from": "", "x-envelope-to": "x" },
      ["#/envelope/from", "#/envelope/to"],
    ],
    [
      "with a second recipient that is none",
      "",
      message("x"),
      { "x-envelope-to": "a@example.org, b" },
      ["#/envelope/to/1"],
    ],
    [
      "with CRLF in an address",
      "?to=a@example.org%0D%0ADATA",
      message("x"),
      {},
      ["#/envelope/to/0"],
    ],
  ] as const)("%s", async (_, query, body, headers, pointers) => {
    const answer = await send(query, body, { headers, env: env() });
    expect(answer.status).toBe(422);
    const errors = answer.body["errors"] as readonly { pointer: string }[];
    const found = [...new Set(errors.map(({ pointer }) => pointer))].toSorted();
    expect(found).toStrictEqual([...pointers].toSorted());
  });

  it("by policy: 403", async () => {
    const limited = {
      ...env(),
      ALLOWED_SENDERS: "ann@example.com",
      ALLOWED_RECIPIENTS: "example.org",
    };
    const query = "?from=other@example.com&to=bob@example.net";
    const answer = await send(query, message("x"), { env: limited });
    expect(answer.status).toBe(403);
    expect(JSON.stringify(answer.body["errors"])).toContain("#/envelope/from");
    const forged = message("x").replace("ann@", "eve@");
    expect((await send("?from=ann@example.com", forged, { env: limited })).status).toBe(403);
  });

  it("over the cap: 413", async () => {
    const body = new Uint8Array(20 * 1024 * 1024 + 1);
    expect((await send("", body, { env: env() })).status).toBe(413);
  });

  it.each(["message/global", "message/rfc822x", "text/plain"])("as %s: 415", async (type) => {
    const headers = { "content-type": type };
    const answer = await send("", message("x"), { headers, env: env() });
    expect(answer.status).toBe(415);
    expect(answer.headers.get("accept")).toBe(
      "application/json, multipart/form-data, message/rfc822",
    );
  });
});
