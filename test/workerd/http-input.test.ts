/** What POST /emails makes of bodies: read within bounds, refused with pointers, dialled for nothing. */
import { describe, expect, it } from "vitest";

import { arrived } from "../net/control.ts";
import { call, mail, post, relays, TOKEN } from "./worker-calls.ts";

const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };
const JSON_TYPE = { ...AUTHORIZED, "content-type": "application/json" };

describe("a mail that is not valid: 422, and nothing is dialled", () => {
  const env = (): ReturnType<typeof relays> => relays([1]);

  it.each([
    ["no from", { from: undefined }, "missing_required_field", ["#/from"]],
    [
      "no recipient, no content",
      { to: [], text: "" },
      "missing_required_field",
      ["#/to", "#/text"],
    ],
    ["a bad recipient", { to: ["bob"] }, "validation_error", ["#/to/0"]],
    [
      "two bad ones",
      { to: ["bob@example.org", "x y"], cc: "@" },
      "validation_error",
      ["#/to/1", "#/cc"],
    ],
    [
      "a line break in the subject",
      { subject: "a\r\nBcc: x@example.org" },
      "validation_error",
      ["#/subject"],
    ],
    ["an unknown field", { "so/me~thing": 1 }, "validation_error", ["#/so~1me~0thing"]],
    [
      "an attachment that is no base64",
      { attachments: [{ filename: "a", content: "%" }] },
      "invalid_attachment",
      ["#/attachments/0/content"],
    ],
    ["one missing, one wrong", { from: null, cc: 7 }, "validation_error", ["#/cc", "#/from"]],
  ] as const)("%s", async (_, more, name, pointers) => {
    const { status, body } = await post("/emails", mail(more), { env: env() });
    expect(status).toBe(422);
    expect(body).toMatchObject({ name, title: "The mail is not valid" });
    const errors = body["errors"] as readonly { pointer: string; detail: string }[];
    expect(errors.map(({ pointer }) => pointer).toSorted()).toStrictEqual([...pointers].toSorted());
    for (const { detail } of errors) expect(body["message"]).toContain(detail);
  });

  it.each(["null", "7", "1e999", '"x"', "[]", "true", "[[{}]]"])("%s", async (json) => {
    const { status, body } = await post("/emails", json, { env: env() });
    expect(status).toBe(422);
    expect(body).toMatchObject({ name: "validation_error", errors: [{ pointer: "#" }] });
  });

  it.each([
    ["__proto__", '{"__proto__":{"from":"ann@example.com"},"to":"bob@example.org","text":"x"}'],
    [
      "constructor",
      '{"constructor":{"prototype":{}},"from":"ann@example.com","to":"bob@example.org","text":"x"}',
    ],
    [
      "from",
      '{"from":{"__proto__":{"email":"ann@example.com"}},"to":"bob@example.org","text":"x"}',
    ],
  ])("an inherited name: %s", async (name, json) => {
    const { status, body } = await post("/emails", json, { env: env() });
    expect(status).toBe(422);
    expect(JSON.stringify(body["errors"])).toContain(`#/${name}`);
    expect(Object.prototype).not.toHaveProperty("from");
  });

  it("lists at the depth of a million", async () => {
    const deep = "[".repeat(1_000_000) + "]".repeat(1_000_000);
    const text = JSON.stringify(mail({ attachments: 0 })).replace(
      '"attachments":0',
      `"attachments":[{"filename":"a","content":${deep}}]`,
    );
    expect((await post("/emails", text, { env: env() })).status).toBe(422);
    expect((await post("/emails", deep, { env: env() })).status).toBe(422);
  });
});

describe("the body", () => {
  it.each([
    ["none", {}],
    ["form data", { "content-type": "application/x-www-form-urlencoded" }],
    ["JSON by another name", { "content-type": "application/json5" }],
    ["compressed JSON", { "content-type": "application/json", "content-encoding": "gzip" }],
  ])("of another type is 415: %s", async (_, type) => {
    const body = new TextEncoder().encode(JSON.stringify(mail()));
    const headers = { ...AUTHORIZED, ...type };
    const answer = await call("/emails", { method: "POST", headers, body });
    expect(answer.status).toBe(415);
    const { title, message } = answer.body;
    expect(title).toBe("The media type is not supported");
    for (const one of ["Content-Type: application/json", "multipart/form-data", "message/rfc822"]) {
      expect(message).toContain(one);
    }
  });

  it.each(["application/json; charset=utf-8", "Application/JSON"])(
    "is taken as %s",
    async (type) => {
      const answer = await post("/emails", {}, { headers: { "content-type": type } });
      expect(answer.status).toBe(422);
    },
  );

  it.each([
    ["that is cut off", '{"from":', "not JSON"],
    ["that is empty", "", "not JSON"],
    ["that is two", "{}{}", "not JSON"],
    ["with a trailing comma", '{"a":1,}', "not JSON"],
    ["in Latin-1", Uint8Array.of(0x22, 0xe9, 0x22), "not UTF-8"],
    ["whose last character is cut", Uint8Array.of(0x22, 0xc3), "not UTF-8"],
    ["with a surrogate in UTF-8", Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), "not UTF-8"],
  ])("%s is 400", async (_, body, reason) => {
    const answer = await call("/emails", { method: "POST", headers: JSON_TYPE, body });
    expect(answer.status).toBe(400);
    expect(answer.body["name"]).toBe("validation_error");
    expect(answer.body["message"]).toContain(reason);
  });

  it("may begin with a byte order mark, and its characters may fall between two chunks", async () => {
    const input = mail({ text: "Grüße €\n" });
    const octets = new TextEncoder().encode(`\ufeff${JSON.stringify(input)}`);
    const body = streamOf([...octets].map((octet) => Uint8Array.of(octet)));
    const answer = await call("/emails", { method: "POST", headers: JSON_TYPE, body });
    expect(answer.status).toBe(200);
    const [one] = await arrived("starttls", input.subject);
    expect(one?.raw).toContain("\r\n\r\nR3LDvMOfZSDigqwNCg==");
  });

  it("over the cap is 413 while it is read, without Content-Length", async () => {
    const chunk = new Uint8Array(1024 * 1024).fill(0x20);
    let taken = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        taken += 1;
        controller.enqueue(chunk);
        if (taken > 200) controller.close();
      },
    });
    const answer = await call("/emails", { method: "POST", headers: JSON_TYPE, body });
    expect(answer.status).toBe(413);
    expect(answer.body["message"]).toContain(String(20 * 1024 * 1024));
    expect(taken).toBeLessThan(30);
  });

  it("under the cap is read whole", async () => {
    const body = `${" ".repeat(19 * 1024 * 1024)}7`;
    expect((await post("/emails", body)).status).toBe(422);
  });
});

function streamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}
