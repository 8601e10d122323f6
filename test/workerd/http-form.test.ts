/** POST /emails as multipart/form-data: what a form says, as the relay gets it. */
import { describe, expect, it } from "vitest";

import { arrived } from "../net/control.ts";
import { call, mail, relays, TOKEN, vars, type Answer } from "./worker-calls.ts";

const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };
const encoder = new TextEncoder();

async function send(body: FormData, env = vars()): Promise<Answer> {
  return call("/emails", { method: "POST", headers: AUTHORIZED, body }, env);
}

/** A body as it comes over the wire, and its boundary. */
async function sendWritten(body: BodyInit, env = vars(), boundary = BOUNDARY): Promise<Answer> {
  const headers = {
    ...AUTHORIZED,
    "content-type": `multipart/form-data; boundary=${boundary}`,
  };
  return call("/emails", { method: "POST", headers, body }, env);
}

const BOUNDARY = "------------------------cbe3cf25a4dd4430";

/** Parts as curl 8 writes them. */
function written(
  ...parts: readonly (readonly [header: string, body: string | Uint8Array])[]
): Blob {
  return new Blob([
    ...parts.flatMap(([header, body]) => [
      `--${BOUNDARY}\r\nContent-Disposition: form-data; ${header}\r\n\r\n`,
      body,
      "\r\n",
    ]),
    `--${BOUNDARY}--\r\n`,
  ]);
}

function form(fields: Readonly<Record<string, unknown>>): FormData {
  const made = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of [value].flat()) {
      if (one instanceof File) made.append(name, one);
      else made.append(name, String(one));
    }
  }
  return made;
}

function pointersIn({ body }: Answer): readonly string[] {
  return (body["errors"] as readonly { pointer: string }[]).map(({ pointer }) => pointer);
}

/** The part of a message that this header line stands in, decoded from base64. */
function attached(raw: string, line: string): Uint8Array {
  const [, part = ""] = raw.split(line);
  const [, base64 = ""] = /\r\n\r\n([A-Za-z0-9+/=\r\n]*)/.exec(part) ?? [];
  return Uint8Array.from(atob(base64.replaceAll(/\s/g, "")), (digit) => digit.charCodeAt(0));
}

describe("a form", () => {
  it("is a mail, with its files octet for octet", async () => {
    const input = mail();
    const octets = Uint8Array.from({ length: 100_000 }, (_, at) => (at * 7) % 256);
    const answer = await send(
      form({
        ...input,
        to: ["Bob <bob@example.org>", "carol@example.org"],
        reply_to: "desk@example.com",
        html: new File(['<img src="cid:logo.png"> Grüße'], "body.html", { type: "text/html" }),
        attachments: [
          new File([octets], "Prüfung.bin", { type: "application/octet-stream" }),
          new File(["a,b\n"], "table.csv"),
        ],
        inline: new File(["PNG"], "logo.png", { type: "image/png" }),
        headers: '{"X-One":"1"}',
        "headers[X-Two]": "2",
        envelope: '{"from":"bounces@example.com"}',
        requireTls: "false",
      }),
    );
    expect(answer).toMatchObject({
      status: 200,
      body: { status: "accepted", accepted: ["bob@example.org", "carol@example.org"] },
    });
    const [one, ...others] = await arrived("starttls", input.subject);
    expect(others).toStrictEqual([]);
    expect(one?.mailFrom).toBe("bounces@example.com");
    const raw = one?.raw ?? "";
    expect(raw).toContain("To: Bob <bob@example.org>, carol@example.org\r\n");
    expect(raw).toContain("Reply-To: desk@example.com\r\n");
    expect(raw).toContain("X-One: 1\r\nX-Two: 2\r\n");
    expect(attached(raw, "Content-ID: <logo.png>")).toStrictEqual(encoder.encode("PNG"));
    expect(raw).toContain("Content-Type: text/csv");
    expect(attached(raw, "filename*=UTF-8''Pr%C3%BCfung.bin")).toStrictEqual(octets);
  });

  it("is read as curl writes it", async () => {
    const input = mail();
    const body = written(
      ['name="from"', "Ann <ann@example.com>"],
      ['name="to"', "bob@example.org"],
      ['name="subject"', input.subject],
      ['name="html"; filename="body.html"\r\nContent-Type: text/html', "<p>Hello\n"],
      ['name="attachment"; filename="a%22b;c.pdf"\r\nContent-Type: application/pdf', "%PDF\n\n"],
      [
        'name="attachment"; filename="notes"\r\nContent-Type: application/octet-stream',
        "1\r\n--2\r\n",
      ],
      ['name="attachment"; filename="empty.txt"\r\nContent-Type: text/plain', ""],
    );
    expect((await sendWritten(body)).status).toBe(200);
    const [one] = await arrived("starttls", input.subject);
    const raw = one?.raw ?? "";
    expect(raw).toContain("\r\n\r\n<p>Hello\r\n");
    expect(attached(raw, 'filename="a\\"b;c.pdf"')).toStrictEqual(encoder.encode("%PDF\n\n"));
    expect(attached(raw, 'filename="notes"')).toStrictEqual(encoder.encode("1\r\n--2\r\n"));
    expect(attached(raw, 'filename="empty.txt"')).toStrictEqual(new Uint8Array(0));
  });

  it("may bring a whole message as a file", async () => {
    const { subject } = mail();
    const raw = `From: ann@example.com\nTo: bob@example.org\nSubject: ${subject}\n\nx\n`;
    const answer = await send(form({ raw: new File([raw], "m.eml", { type: "message/rfc822" }) }));
    expect(answer.status).toBe(200);
    const [one] = await arrived("starttls", subject);
    const [header = "", body] = raw.replaceAll("\n", "\r\n").split("\r\n\r\n");
    // What is missing comes behind the fields that are there.
    expect(one?.raw).toMatch(/\r\nDate: .*\r\nMessage-ID: <.*>\r\n\r\nx\r\n$/);
    expect(one?.raw).toContain(`${header}\r\nDate: `);
    expect(body).toBe("x\r\n");
  });

  it("of 19 MiB is read whole", async () => {
    const input = mail();
    const file = new File([new Uint8Array(19 * 1024 * 1024)], "zeros.bin");
    expect((await send(form({ ...input, attachment: file }))).status).toBe(200);
    const [one] = await arrived("starttls", input.subject);
    expect(one?.raw.length).toBeGreaterThan(19 * 1024 * 1024 * (4 / 3));
  });

  it("over the cap is 413", async () => {
    const file = new File([new Uint8Array(20 * 1024 * 1024)], "zeros.bin");
    expect((await send(form({ ...mail(), attachment: file }), relays([1]))).status).toBe(413);
  });

  it("with Content-Encoding is 415", async () => {
    const headers = {
      ...AUTHORIZED,
      "content-type": `multipart/form-data; boundary=${BOUNDARY}`,
      "content-encoding": "gzip",
    };
    const init = { method: "POST", headers, body: written(['name="from"', "x"]) };
    expect((await call("/emails", init, relays([1]))).status).toBe(415);
  });
});

describe("a form that is none is 400", () => {
  const whole = `--b\r\nContent-Disposition: form-data; name="from"\r\n\r\nx\r\n--b--\r\n`;

  it.each<[string, BodyInit]>([
    ["empty", ""],
    ["of other octets", Uint8Array.of(0, 255, 13, 10)],
    ["JSON", '{"from":"ann@example.com"}'],
    ["of another boundary", whole.replaceAll("--b", "--c")],
    ["cut off behind a part", whole.slice(0, -"--b--\r\n".length)],
    ["cut off in a part", whole.slice(0, -"x\r\n--b--\r\n".length)],
    ["cut off in a header", whole.slice(0, 20)],
    ["with a part that is no field", whole.replace("form-data", "attachment")],
    ["with a part without a name", whole.replace('; name="from"', "")],
    ["with NUL in a name", whole.replace("from", "fr\0om")],
  ])("%s", async (_, body) => {
    const answer = await sendWritten(body, relays([1]), "b");
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      name: "validation_error",
      title: "The body cannot be read",
      message: expect.stringContaining("it is not the multipart/form-data"),
    });
  });

  it.each(["multipart/form-data", "multipart/form-data; charset=utf-8"])(
    "without a boundary: %s",
    async (type) => {
      const headers = { ...AUTHORIZED, "content-type": type };
      const init = { method: "POST", headers, body: whole };
      const answer = await call("/emails", init, relays([1]));
      expect(answer.status).toBe(400);
      expect(answer.body["message"]).toContain("names no boundary");
    },
  );
});

describe("a form that is no mail is 422, with every problem in it", () => {
  it.each<[string, Readonly<Record<string, unknown>>, string, readonly string[]]>([
    ["no from", { from: "" }, "missing_required_field", ["#/from"]],
    ["two in one", { to: "a@example.org,b@example.org" }, "validation_error", ["#/to"]],
    [
      "an unknown field",
      { colour: "red", __proto__x: "1" },
      "validation_error",
      ["#/colour", "#/__proto__x"],
    ],
    ["no JSON and no address", { dsn: "{", cc: "x" }, "validation_error", ["#/cc", "#/dsn"]],
    ["no number", { priority: "high" }, "validation_error", ["#/priority"]],
    [
      "a file of another name",
      { logo: new File(["x"], "logo.png") },
      "validation_error",
      ["#/logo"],
    ],
    [
      "a file name with a path",
      { attachment: new File(["x"], "../x") },
      "invalid_attachment",
      ["#/attachments/0/filename"],
    ],
    [
      "the second of two files",
      { attachment: [new File(["x"], "a"), new File(["x"], "b", { type: "multipart/mixed" })] },
      "invalid_attachment",
      ["#/attachments/1/type"],
    ],
    [
      "two of one content ID",
      { inline: [new File(["x"], "a"), new File(["y"], "a")] },
      "invalid_attachment",
      ["#/attachments/1"],
    ],
    [
      "a file that is no text, and nothing else",
      { text: new File([Uint8Array.of(0xe9)], "a") },
      "validation_error",
      ["#/text"],
    ],
    [
      "raw and more",
      { raw: "From: ann@example.com\r\n\r\nx", text: [] },
      "validation_error",
      ["#/subject"],
    ],
  ])("%s", async (_, more, name, pointers) => {
    const answer = await send(form(mail(more)), relays([1]));
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ name, title: "The mail is not valid" });
    expect(pointersIn(answer).toSorted()).toStrictEqual([...pointers].toSorted());
  });

  it("in another character set", async () => {
    const body = written(
      ['name="from"', "ann@example.com"],
      ['name="text"', Uint8Array.of(0xe9)],
      ['name="headers[X-A]"', Uint8Array.of(0xe9)],
    );
    const answer = await sendWritten(body, relays([1]));
    expect(answer.status).toBe(422);
    expect(pointersIn(answer)).toStrictEqual(["#/text", "#/headers/X-A", "#/to"]);
  });

  it("with a field called __proto__", async () => {
    const body = written(['name="__proto__"', "x"], ['name="headers[__proto__]"', "x"]);
    const answer = await sendWritten(body, relays([1]));
    expect(pointersIn(answer)).toContain("#/__proto__");
    expect(pointersIn(answer)).toContain("#/headers/__proto__");
  });

  it.each([
    ["two hundred fields, of which one hundred are named", 200, 100],
    ["a thousand fields, of which none is", 1000, 1],
  ])("of %s", async (_, length, named) => {
    const fields = Object.fromEntries(Array.from({ length }, (__, at) => [`f${at}`, "x"]));
    const answer = await send(form(fields), relays([1]));
    expect(answer.status).toBe(422);
    expect(pointersIn(answer)).toHaveLength(named);
  });

  it("with a sender that is not allowed: 403", async () => {
    const env = { ...relays([1]), ALLOWED_SENDERS: "example.net" };
    expect((await send(form(mail()), env)).status).toBe(403);
  });
});
