/** `resend.emails.send` and `resend.batch.send`, and what arrives. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { mail, startLab, type Lab } from "./lab.ts";

/** One black pixel. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=",
  "base64",
);
const OCTETS = Buffer.from(Array.from({ length: 1000 }, (_, at) => at % 256));
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
}, 90_000);

afterAll(async () => {
  await lab?.stack.stop();
});

describe("emails.send", () => {
  it("sends a mail with everything", async () => {
    const input = mail({
      from: "Ann Example <ann@example.com>",
      to: ["Bob <bob@example.org>", "carol@example.org"],
      cc: "cc@example.net",
      bcc: ["hidden@example.net"],
      replyTo: ["reply@example.com", "Other <other@example.com>"],
      html: '<p>Grüße <img src="cid:logo"></p>',
      text: "Grüße",
      headers: { "X-Entity-Ref-ID": "order-7391" },
      tags: [{ name: "kind", value: "welcome" }],
      attachments: [
        { filename: "octets.bin", content: OCTETS },
        { filename: "note.txt", content: Buffer.from("a note").toString("base64") },
        { filename: "logo.png", content: PNG, contentType: "image/png", contentId: "logo" },
      ],
    });
    const { data, error, headers } = await lab.as("app").emails.send(input);
    expect(error).toBeNull();
    expect(data?.id).toMatch(UUID);
    expect(headers?.["content-type"]).toMatch(/^application\/json/);
    const { envelope, email, raw } = await lab.arrival(input.subject);
    expect(envelope.mailFrom).toBe("ann@example.com");
    expect(envelope.rcptTo).toStrictEqual([
      "bob@example.org",
      "carol@example.org",
      "cc@example.net",
      "hidden@example.net",
    ]);
    expect(raw).not.toContain("hidden@example.net");
    expect(raw).not.toContain("welcome");
    expect(email.from).toMatchObject({ name: "Ann Example", address: "ann@example.com" });
    expect(email.to).toMatchObject([
      { name: "Bob", address: "bob@example.org" },
      { address: "carol@example.org" },
    ]);
    expect(email.cc).toMatchObject([{ address: "cc@example.net" }]);
    expect(email.replyTo).toMatchObject([
      { address: "reply@example.com" },
      { name: "Other", address: "other@example.com" },
    ]);
    expect(email.text?.trim()).toBe("Grüße");
    expect(email.html).toContain('src="cid:logo"');
    expect(email.headers).toContainEqual(
      expect.objectContaining({ key: "x-entity-ref-id", value: "order-7391" }),
    );
    const files = email.attachments.map(({ filename, mimeType, contentId, content }) => ({
      filename,
      mimeType,
      contentId,
      content: Buffer.from(content as ArrayBuffer).toString("base64"),
    }));
    expect(files).toHaveLength(3);
    expect(files).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ filename: "octets.bin", content: OCTETS.toString("base64") }),
        expect.objectContaining({ filename: "note.txt", mimeType: "text/plain" }),
        {
          filename: "logo.png",
          mimeType: "image/png",
          contentId: "<logo>",
          content: PNG.toString("base64"),
        },
      ]),
    );
  });

  it("takes a mail with html alone, and absent fields as some callers write them", async () => {
    const { text: _, ...input } = mail({
      html: "<p>Hello</p>",
      cc: [],
      bcc: "",
      replyTo: "",
      attachments: [],
      tags: [],
      headers: {},
    });
    const { error } = await lab.as("app").emails.send(input);
    expect(error).toBeNull();
    expect((await lab.arrival(input.subject)).email.html).toContain("<p>Hello</p>");
  });

  it("takes octets as older versions and other SDKs write them", async () => {
    const input = mail({
      attachments: [
        { filename: "a.bin", content: { type: "Buffer", data: [1, 2, 255] } as unknown as string },
        { filename: "b.bin", content: [1, 2, 255] as unknown as string },
      ],
    });
    expect((await lab.as("app").emails.send(input)).error).toBeNull();
    const { email } = await lab.arrival(input.subject);
    for (const { content } of email.attachments) {
      expect([...new Uint8Array(content as ArrayBuffer)]).toStrictEqual([1, 2, 255]);
    }
    expect(email.attachments).toHaveLength(2);
  });

  it("lets a request carry headers, and answers 202 to one that will not wait", async () => {
    const input = mail();
    const { data, headers } = await lab
      .as("app")
      .emails.send(input, { headers: { prefer: "respond-async" } });
    expect(headers?.["location"]).toBe(`/emails/${data?.id}`);
    expect(headers?.["preference-applied"]).toBe("respond-async");
  });
});

describe("batch.send", () => {
  it("sends all, over one session", async () => {
    const inputs = [mail(), mail(), mail()];
    const { data, error } = await lab.as("app").batch.send(inputs);
    expect(error).toBeNull();
    expect(Object.keys(data ?? {})).toStrictEqual(["data"]);
    expect(new Set(data?.data.map(({ id }) => id)).size).toBe(3);
    for (const { subject } of inputs) expect(await lab.arrived(subject)).toHaveLength(1);
    const sessions = lab.stack.relay.mails.slice(-3).map(({ session }) => session.id);
    expect(new Set(sessions).size).toBe(1);
  });

  it("strict: sends none where one is not valid, and tells which", async () => {
    const inputs = [mail(), mail({ to: "not an address" })];
    const { data, error } = await lab.as("app").batch.send(inputs);
    expect(data).toBeNull();
    expect(error).toMatchObject({
      statusCode: 422,
      name: "validation_error",
      errors: [{ pointer: "#/1/to" }],
    });
    for (const { subject } of inputs) expect(await lab.arrived(subject)).toStrictEqual([]);
  });

  it("permissive: sends what is valid, in order and without gaps", async () => {
    const inputs = [mail({ to: "not an address" }), mail(), mail({ from: "" }), mail()];
    const { data, error } = await lab
      .as("app")
      .batch.send(inputs, { batchValidation: "permissive" });
    expect(error).toBeNull();
    expect(data?.data).toHaveLength(2);
    expect(data?.errors.map(({ index }) => index)).toStrictEqual([0, 2]);
    for (const { message } of data?.errors ?? []) expect(message).toMatch(/`(?:to|from)` field/);
    const counts = await Promise.all(inputs.map(async ({ subject }) => lab.arrived(subject)));
    expect(counts.map(({ length }) => length)).toStrictEqual([0, 1, 0, 1]);
    const [first] = data?.data ?? [];
    const shown = await lab.as("app").emails.get(first?.id ?? "");
    expect(shown.data?.subject).toBe(inputs[1]?.subject);
  });

  it("permissive: has an empty list of errors where there are none", async () => {
    const { data } = await lab.as("app").batch.send([mail()], { batchValidation: "permissive" });
    expect(data?.errors).toStrictEqual([]);
  });

  it("sends attachments, which the real API does not", async () => {
    const input = mail({ attachments: [{ filename: "a.bin", content: OCTETS }] });
    expect((await lab.as("app").batch.send([input])).error).toBeNull();
    const [file] = (await lab.arrival(input.subject)).email.attachments;
    expect(Buffer.from(file?.content as ArrayBuffer).equals(OCTETS)).toBe(true);
  });

  it.each([0, 101])("refuses %i mails", async (count) => {
    const inputs = Array.from({ length: count }, () => mail());
    const { data, error } = await lab.as("app").batch.send(inputs);
    expect(data).toBeNull();
    expect(error).toMatchObject({ statusCode: 422 });
  });
});
