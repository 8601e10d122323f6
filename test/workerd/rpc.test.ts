/** `env.EMAIL.send()` of another Worker, over a real service binding and a real relay. */
import { EmailMessage } from "cloudflare:email";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import type { Mailer } from "../../src/rpc.ts";
import { openStore } from "../../src/store/d1/store.ts";
import { arrived, hostile, ports } from "../net/control.ts";
import { mailer, posting, thrown } from "./rpc-calls.ts";
import { relays, vars, WRONG_PASSWORD } from "./worker-calls.ts";

// What was written for the binding of the platform compiles with this one in its place.
({}) as Service<typeof Mailer> satisfies SendEmail;
({}) as Mailer satisfies SendEmail;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const OCTETS = Uint8Array.from({ length: 3000 }, (_, index) => index % 251);

describe("a mail that the relay takes", () => {
  it("gives back the Message-ID, and what HTTP would have told", async () => {
    const input = posting({ to: ["bob@example.org", "unknown@example.org"] });
    const receipt = await mailer().send(input);
    expect(receipt).toStrictEqual({
      messageId: expect.stringMatching(/^<[^<>]+@example\.com>$/),
      id: expect.stringMatching(UUID),
      status: "accepted",
      accepted: ["bob@example.org"],
      refused: [
        {
          recipient: "unknown@example.org",
          reply: { code: 550, enhanced: "5.1.1", text: "5.1.1 No such user" },
        },
      ],
      relay: `localhost:${ports().starttls}`,
      reply: { code: 250, text: expect.stringMatching(/Kept as mail \d+$/) },
    });
    expect(await arrived("starttls", input.subject)).toHaveLength(1);
  });

  it("may be written as for the binding of the platform", async () => {
    const { subject } = posting();
    const email: SendEmail = mailer();
    const builder: EmailMessageBuilder = {
      from: { email: "ann@example.com", name: "Ann" },
      to: [{ email: "bob@example.org", name: "Bob" }, "eve@example.org"],
      cc: { email: "dan@example.org", name: "Dan" },
      replyTo: { email: "desk@example.com", name: "Desk" },
      subject,
      text: "Hello",
      html: "<p>Hello</p>",
      headers: { "X-Topic": "one" },
      attachments: [
        {
          filename: "a.txt",
          type: "text/plain",
          disposition: "attachment",
          content: btoa("octets"),
        },
        {
          filename: "b.bin",
          type: "application/octet-stream",
          disposition: "attachment",
          content: OCTETS,
        },
        {
          filename: "c.png",
          type: "image/png",
          disposition: "inline",
          contentId: "c",
          content: OCTETS.slice().buffer,
        },
      ],
    };
    expect(await email.send(builder)).toMatchObject({ messageId: expect.stringMatching(/^<.+>$/) });
    const [one] = await arrived("starttls", subject);
    expect(one?.rcptTo).toStrictEqual(["bob@example.org", "eve@example.org", "dan@example.org"]);
    const whole = base64Lines(OCTETS);
    expect(one?.raw.split(whole)).toHaveLength(3);
    expect(one?.raw).toContain(btoa("octets"));
  });

  it("may have streams as attachments", async () => {
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const writing = (async () => {
      for (let at = 0; at < OCTETS.length; at += 700)
        await writer.write(OCTETS.slice(at, at + 700));
      await writer.close();
    })();
    const input = posting({ attachments: [{ filename: "a.bin", content: readable }] });
    await mailer().send(input);
    await writing;
    const [one] = await arrived("starttls", input.subject);
    expect(one?.raw).toContain(base64Lines(OCTETS));
  });

  it.each([
    ["text", (raw: string) => raw],
    ["octets", (raw: string) => new TextEncoder().encode(raw)],
    ["a stream", (raw: string) => new Response(raw).body ?? ""],
  ])("may be a whole message, as %s", async (_, form) => {
    const { subject } = posting();
    const raw = `From: ann@example.com\r\nTo: all@example.net\r\nSubject: ${subject}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <${crypto.randomUUID()}@example.com>\r\n\r\nHello\r\n`;
    const input = { from: "bounces@example.com", to: "bob@example.org", raw: form(raw) };
    await mailer().send(input);
    const [one] = await arrived("starttls", subject);
    expect(one).toMatchObject({ mailFrom: "bounces@example.com", rcptTo: ["bob@example.org"] });
  });

  it("cannot be an EmailMessage: that does not leave its Worker", async () => {
    const message = new EmailMessage("ann@example.com", "bob@example.org", "Subject: a\r\n\r\nb");
    expect((await thrown(mailer().send(message))).message).toBeTruthy();
  });
});

describe("a mail that is not sent: the codes of the binding", () => {
  it.each([
    ["E_FIELD_MISSING", { from: undefined }, "/from"],
    ["E_FIELD_MISSING", { to: [] }, "/to"],
    ["E_VALIDATION_ERROR", { to: "nobody" }, "/to"],
    ["E_VALIDATION_ERROR", { colour: "red" }, "/colour"],
    ["E_TOO_MANY_RECIPIENTS", { to: many(1001, (at) => `a${at}@example.org`) }, "/to"],
    ["E_TOO_MANY_ATTACHMENTS", { attachments: many(101, () => ({ content: "" })) }, "/attachments"],
    ["E_HEADER_NOT_ALLOWED", { headers: { Received: "x" } }, "/headers/Received"],
    ["E_HEADER_USE_API_FIELD", { headers: { From: "x" } }, "/headers/From"],
    ["E_HEADER_NAME_INVALID", { headers: { "X Y": "x" } }, "/headers/X Y"],
    ["E_HEADER_VALUE_INVALID", { headers: { "X-A": "x\r\ny" } }, "/headers/X-A"],
    ["E_HEADER_VALUE_TOO_LONG", { headers: { "X-A": "x ".repeat(5000) } }, "/headers/X-A"],
    [
      "E_HEADERS_TOO_MANY",
      { headers: Object.fromEntries(many(101, (at) => [`X-${at}`, "x"])) },
      "/headers",
    ],
    [
      "E_HEADERS_TOO_LARGE",
      { to: many(900, (at) => ({ name: "n".repeat(200), email: `a${at}@example.org` })) },
      "",
    ],
  ] as const)("%s at $2", async (code, more, pointer) => {
    const error = await thrown(mailer().send(posting(more)));
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code, retryable: false });
    expect(error.problems?.[0]).toMatchObject({ pointer });
    expect(error.message).toContain(error.problems?.[0]?.detail);
  });

  it("E_CONTENT_TOO_LARGE for a stream without end", async () => {
    const chunk = new Uint8Array(1024 * 1024);
    const endless = new ReadableStream({
      type: "bytes",
      pull: (controller) => controller.enqueue(chunk.slice()),
    });
    const error = await thrown(
      mailer().send(posting({ attachments: [{ filename: "a", content: endless }] })),
    );
    expect(error).toMatchObject({ code: "E_CONTENT_TOO_LARGE", retryable: false });
    expect(error.problems?.[0]?.pointer).toBe("/attachments/0/content");
  });

  it("E_VALIDATION_ERROR for a stream that breaks off", async () => {
    let count = 0;
    const broken = new ReadableStream({
      type: "bytes",
      pull: (controller) => {
        count += 1;
        if (count > 2) controller.error(new Error("the file is gone"));
        else controller.enqueue(new Uint8Array(10));
      },
    });
    const error = await thrown(
      mailer().send(posting({ attachments: [{ filename: "a", content: broken }] })),
    );
    expect(error).toMatchObject({ code: "E_VALIDATION_ERROR" });
  });

  it.each([
    ["E_SENDER_NOT_VERIFIED", { ALLOWED_SENDERS: "example.net" }],
    ["E_RECIPIENT_NOT_ALLOWED", { ALLOWED_RECIPIENTS: "example.net" }],
  ])("%s by %j", async (code, more) => {
    const error = await thrown(mailer(vars(more)).send(posting()));
    expect(error).toMatchObject({ code, retryable: false });
  });

  it("E_INTERNAL_SERVER_ERROR where the deployment is not configured", async () => {
    const error = await thrown(mailer(vars({}, ["SMTP_HOST"])).send(posting()));
    expect(error).toMatchObject({ code: "E_INTERNAL_SERVER_ERROR", retryable: false });
    expect(error.configuration).toMatchObject([{ name: "SMTP_HOST" }]);
  });

  it("E_INTERNAL_SERVER_ERROR where the relay refuses the credentials, which are not told", async () => {
    const error = await thrown(
      mailer(vars({ SMTP_PASSWORD: WRONG_PASSWORD }), ["MAIL_QUEUE", "RELAY_SESSIONS"]).send(
        posting(),
      ),
    );
    expect(error).toMatchObject({
      code: "E_INTERNAL_SERVER_ERROR",
      outcome: "refused",
      stage: "auth",
    });
    expect(JSON.stringify(error)).not.toContain(WRONG_PASSWORD);
  });

  it("E_DELIVERY_FAILED where the relay refuses all recipients", async () => {
    const error = await thrown(
      mailer(vars(), ["JOURNAL"]).send(posting({ to: "unknown@example.org" })),
    );
    expect(error).toMatchObject({
      code: "E_DELIVERY_FAILED",
      outcome: "refused",
      retryable: false,
      id: expect.stringMatching(UUID),
      reply: { code: 550, enhanced: "5.1.1" },
      refused: [{ recipient: "unknown@example.org", reply: { code: 550 } }],
    });
  });

  it("E_CONTENT_TOO_LARGE where the relay takes less", async () => {
    const small = relays([ports().small]);
    const error = await thrown(mailer(small).send(posting({ text: "x\r\n".repeat(2000) })));
    expect(error).toMatchObject({ code: "E_CONTENT_TOO_LARGE", outcome: "refused" });
  });

  it("E_DELIVERY_FAILED where it may have been sent, and says so", async () => {
    const port = await hostile({ at: "content", what: "eof" });
    const error = await thrown(mailer(relays([port]), ["MAIL_QUEUE"]).send(posting()));
    expect(error).toMatchObject({
      code: "E_DELIVERY_FAILED",
      outcome: "unknown",
      retryable: false,
    });
    expect(error.message).toContain("may have been sent");
  });
});

describe("an address on the suppression list", () => {
  const to = "gone@example.org";
  const store = openStore((env as unknown as { JOURNAL: D1Database }).JOURNAL);

  it("is left out, and E_RECIPIENT_SUPPRESSED where there is no other", async () => {
    await store.suppressions.add([{ address: to, reason: "manual", note: "", atMs: Date.now() }]);
    const receipt = await mailer().send(posting({ to: [to, "bob@example.org"] }));
    expect(receipt).toMatchObject({ accepted: ["bob@example.org"], suppressed: [to] });
    const error = await thrown(mailer().send(posting({ to })));
    expect(error).toMatchObject({ code: "E_RECIPIENT_SUPPRESSED", suppressed: [to] });
  });
});

describe("what a relay defers", () => {
  it("waits in the queue for its next attempt", async () => {
    const receipt = await mailer().send(posting({ to: "later@example.org" }));
    expect(receipt).toStrictEqual({
      messageId: expect.any(String),
      id: expect.stringMatching(UUID),
      status: "queued",
    });
  });
});

describe("sendBatch", () => {
  it("settles each mail by itself", async () => {
    const [one, two] = [posting(), posting()];
    const results = await mailer().sendBatch([one, posting({ to: "nobody" }), two]);
    expect(results).toMatchObject([
      { status: "fulfilled", value: { status: "accepted" } },
      { status: "rejected", reason: { code: "E_VALIDATION_ERROR" } },
      { status: "fulfilled", value: { status: "accepted" } },
    ]);
    for (const { subject } of [one, two])
      expect(await arrived("starttls", subject)).toHaveLength(1);
  });

  it("takes no more than 100", async () => {
    const error = await thrown(mailer().sendBatch(many(101, () => posting())));
    expect(error).toMatchObject({ code: "E_VALIDATION_ERROR" });
  });
});

describe("a mail for later", () => {
  it("waits in the journal until its time", async () => {
    const scheduledAt = new Date(Date.now() + 3 * 86_400_000);
    const receipt = await mailer().send({ ...posting(), scheduledAt });
    expect(receipt).toMatchObject({ status: "scheduled" });
  });

  it("needs the bindings that it names", async () => {
    const error = await thrown(
      mailer(vars(), ["MAIL_QUEUE"]).send({ ...posting(), scheduledAt: "in 5 minutes" }),
    );
    expect(error).toMatchObject({ code: "E_INTERNAL_SERVER_ERROR", retryable: false });
    expect(error.message).toContain("MAIL_QUEUE");
  });
});

describe("verify", () => {
  it("tells what the relay offers", async () => {
    const { ok, relays: reports } = await mailer().verify();
    expect(ok).toBe(true);
    expect(reports).toMatchObject([{ ok: true, relay: `localhost:${ports().starttls}` }]);
  });
});

function many<T>(length: number, make: (at: number) => T): T[] {
  return Array.from({ length }, (_, at) => make(at));
}

function base64Lines(octets: Uint8Array): string {
  const digits = btoa(String.fromCharCode(...octets));
  return (digits.match(/.{1,76}/g) ?? []).join("\r\n");
}
