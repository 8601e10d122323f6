/**
 * The tests that talk: a real conversation over a real socket with TLS, once per platform. Each trap of
 * the platforms has its test here, under its own name.
 */
import PostalMime from "postal-mime";
import { describe, expect, it } from "vitest";

import type { MailInput } from "../../src/mail/mail.ts";
import { Mailer, type SendOptions } from "../../src/mailer.ts";
import type { Connect } from "../../src/net/connection.ts";
import type { RelayOptions } from "../../src/relay-options.ts";
import type { Outcome } from "../../src/smtp/outcome.ts";
import { arrived, hostile, ports, received } from "./control.ts";
import { HOSTILE_STAGES, type HostileStage } from "./behaviour.ts";

const CREDENTIALS = { username: "postrider", password: "postrider" };
/** base64 of "\0postrider\0postrider": what must never be read by the wrong relay. */
const AUTH_LINE = "AHBvc3RyaWRlcgBwb3N0cmlkZXI=";
const SHORT_MS = 400;

let count = 0;

/** A mail that can be told from every other. */
function mail(more: Partial<MailInput> = {}): MailInput & { readonly subject: string } {
  count += 1;
  return {
    from: "Ann <ann@example.com>",
    to: "bob@example.org",
    text: "Hello\r\n.\r\n.. dots\r\n",
    ...more,
    subject: `live ${count} ${crypto.randomUUID()}`,
  };
}

function failureOf(outcome: Outcome): object {
  if (outcome.status === "accepted") return outcome;
  const { cause, stage, reply } = outcome.failure;
  return { status: outcome.status, cause, stage, code: reply?.code };
}

export function liveSuite(connect: Connect): void {
  const mailerTo = (relay: Partial<RelayOptions>): Mailer =>
    new Mailer({ relay: { host: "localhost", ...CREDENTIALS, ...relay }, connect });
  const submit = async (
    relay: Partial<RelayOptions>,
    input: MailInput = mail(),
    options: SendOptions = {},
  ): Promise<Outcome> => mailerTo(relay).submit(input, options);

  describe("a good relay", () => {
    it("takes a mail over STARTTLS, after AUTH, octet for octet", async () => {
      const input = mail();
      const outcome = await submit({ port: ports().starttls }, input);
      expect(outcome).toMatchObject({ status: "accepted", accepted: ["bob@example.org"] });
      const [one, ...others] = await arrived("starttls", input.subject);
      expect(others).toStrictEqual([]);
      expect(one?.raw).toMatch(/\r\n\r\nHello\r\n\.\r\n\.\. dots\r\n$/);
      expect(one).toMatchObject({ mailFrom: "ann@example.com", rcptTo: ["bob@example.org"] });
      expect(one?.session).toMatchObject({ secure: true, user: "postrider", authMethod: "PLAIN" });
      expect(one?.session["tlsVersion"]).toMatch(/^TLSv1\.[23]$/);
    });

    it("takes a mail over implicit TLS", async () => {
      const input = mail();
      const outcome = await submit({ port: ports().tls, security: "tls" }, input);
      expect(outcome.status).toBe("accepted");
      expect(await arrived("tls", input.subject)).toHaveLength(1);
    });

    it("takes a mail by LOGIN", async () => {
      const input = mail();
      await submit({ port: ports().starttls, authMethods: ["LOGIN"] }, input);
      const [one] = await arrived("starttls", input.subject);
      expect(one?.session["authMethod"]).toBe("LOGIN");
    });

    it("takes it for some recipients and says which it refused", async () => {
      const to = ["unknown@example.org", "bob@example.org", "later@example.org"];
      expect(await submit({ port: ports().starttls }, mail({ to }))).toMatchObject({
        status: "accepted",
        accepted: ["bob@example.org"],
        refused: [
          { recipient: "unknown@example.org", reply: { code: 550 } },
          { recipient: "later@example.org", reply: { code: 451 } },
        ],
      });
    });

    it("gets nothing where all recipients are wanted and one is refused", async () => {
      const input = mail({ to: ["bob@example.org", "unknown@example.org"] });
      const outcome = await submit({ port: ports().starttls }, input, { allRecipients: "all" });
      expect(failureOf(outcome)).toMatchObject({ status: "refused", stage: "rcpt", code: 550 });
      expect(await arrived("starttls", input.subject)).toStrictEqual([]);
    });

    it("gets many mails over one session", async () => {
      const mails = [mail(), mail(), mail({ to: "unknown@example.org" }), mail()];
      const statuses: string[] = [];
      for await (const outcome of mailerTo({ port: ports().starttls }).sendMany(mails)) {
        statuses.push(outcome.status);
      }
      expect(statuses).toStrictEqual(["accepted", "accepted", "refused", "accepted"]);
      const first = await arrived("starttls", mails[0]?.subject ?? "");
      const last = await arrived("starttls", mails[3]?.subject ?? "");
      expect(last[0]?.session["id"]).toBe(first[0]?.session["id"]);
    });

    it("gets a file of 3 MB unharmed", async () => {
      const content = new Uint8Array(3_000_000).map((_, at) => (at * 7919) >> 5);
      const input = mail({ attachments: [{ filename: "large.bin", content }] });

      expect((await submit({ port: ports().starttls }, input)).status).toBe("accepted");
      const [one] = await arrived("starttls", input.subject);
      const octets = Uint8Array.from(one?.raw ?? "", (octet) => octet.charCodeAt(0));
      const [file] = (await PostalMime.parse(octets)).attachments;
      const back = file?.content instanceof ArrayBuffer ? new Uint8Array(file.content) : octets;
      const [sent, got] = await Promise.all([digest(content), digest(back)]);
      expect(got).toBe(sent);
    });

    it("refuses a wrong password, and that is ours to mend", async () => {
      const outcome = await submit({ port: ports().starttls, password: "wrong" });
      expect(failureOf(outcome)).toMatchObject({ status: "refused", cause: "auth", code: 535 });
      expect(JSON.stringify(outcome)).not.toContain("AHBvc3RyaWRlcgB3cm9uZw==");
    });

    it("refuses what is over its SIZE, before MAIL", async () => {
      const outcome = await submit({ port: ports().small }, mail({ text: "x\n".repeat(2000) }));
      expect(outcome).toMatchObject({ status: "refused", failure: { extension: "SIZE" } });
    });

    it("is described by verify, its transcript without credentials", async () => {
      const report = await mailerTo({ port: ports().starttls }).verify();
      expect(report).toMatchObject({ ok: true, authMechanisms: ["PLAIN", "LOGIN"] });
      expect(report.transcript).toContain("C: AUTH PLAIN ***");
      expect(JSON.stringify(report)).not.toContain(AUTH_LINE);
    });
  });

  describe("trap: certificates", () => {
    it.each([
      ["wrong-host", false],
      ["wrong-host", true],
      ["expired", false],
      ["expired", true],
      ["other-ca", false],
      ["other-ca", true],
    ] as const)(
      "refuses %s (implicit: %s) before any credential is sent",
      async (certificate, implicit) => {
        const port = await hostile({ certificate, implicit });
        const outcome = await submit({ port, security: implicit ? "tls" : "starttls" });
        expect(failureOf(outcome)).toMatchObject({
          status: "deferred",
          cause: "tls",
          stage: "tls",
        });
        for (const { clear, secure } of await received(port)) {
          expect(secure).toBe("");
          expect(clear).not.toMatch(/AUTH|MAIL/);
        }
      },
    );

    it("takes the clean twin", async () => {
      const port = await hostile({});
      expect((await submit({ port })).status).toBe("accepted");
      expect((await received(port))[0]?.secure).toContain(AUTH_LINE);
    });
  });

  describe("trap: STARTTLS", () => {
    it("sends no credential where STARTTLS is not offered", async () => {
      const input = mail();
      const outcome = await submit({ port: ports().plain }, input);
      expect(failureOf(outcome)).toMatchObject({ status: "deferred", cause: "tls" });
      expect(await arrived("plain", input.subject)).toStrictEqual([]);
    });

    it("refuses octets in the same breath as the 220", async () => {
      const port = await hostile({ at: "starttls", what: "inject" });
      const outcome = await submit({ port });
      expect(failureOf(outcome)).toMatchObject({ status: "deferred", cause: "tls" });
      expect((await received(port))[0]?.clear).toMatch(/^EHLO [^\r]+\r\nSTARTTLS\r\n$/);
    });
  });

  // A short content and its final dot leave in one write: who closes on the first octet may have all.
  const unknownAt = new Set<HostileStage>(["content", "final-dot"]);
  const sending = HOSTILE_STAGES.filter((stage) => stage !== "quit");

  describe.each(["eof", "reset"] as const)("trap: %s", (what) => {
    it.each(sending)("at %s ends the mail, once and soon", async (at) => {
      const port = await hostile({ at, what });
      const outcome = await submit({ port, timeouts: { greeting: 5000, command: 5000 } });
      expect(outcome.status).toBe(unknownAt.has(at) ? "unknown" : "deferred");
      const { cause } = failureOf(outcome) as { cause: string };
      expect(["connection", "tls"]).toContain(cause);
    });
  });

  describe.each(["silence", "drip"] as const)("trap: %s", (what) => {
    const stages = sending.filter(
      (stage) => stage !== "content" && (what === "silence" || stage !== "tls"),
    );
    it.each(stages)("at %s ends at the timeout", async (at) => {
      const port = await hostile({ at, what });
      const timeouts = {
        tls: SHORT_MS,
        greeting: SHORT_MS,
        command: SHORT_MS,
        dataInit: SHORT_MS,
        dataTermination: SHORT_MS,
      };
      const started = Date.now();
      const outcome = await submit({ port, timeouts });
      expect(Date.now() - started).toBeLessThan(SHORT_MS + 3000);
      expect(failureOf(outcome)).toMatchObject({
        status: unknownAt.has(at) ? "unknown" : "deferred",
        cause: "timeout",
      });
    });
  });

  describe("trap: writes", () => {
    const large = { attachments: [{ filename: "a.bin", content: new Uint8Array(12_000_000) }] };

    it("times out where the relay stops reading, and the mail is safe to retry", async () => {
      const port = await hostile({ at: "content", what: "stop-reading" });
      const outcome = await submit({ port, timeouts: { dataBlock: SHORT_MS } }, mail(large));
      expect(failureOf(outcome)).toMatchObject({ status: "deferred", cause: "timeout" });
    });

    it("stops where the relay answers in the middle of the content", async () => {
      const port = await hostile({ at: "content", what: "refuse" });
      const outcome = await submit({ port }, mail(large));
      expect(failureOf(outcome)).toMatchObject({ status: "refused", stage: "content", code: 552 });
    });
  });

  describe("trap: close and QUIT", () => {
    it.each(["silence", "eof", "reset"] as const)(
      "do not change an outcome: %s at QUIT",
      async (what) => {
        const port = await hostile({ at: "quit", what });
        const mailer = mailerTo({ port, timeouts: { quit: SHORT_MS } });
        expect((await mailer.submit(mail())).status).toBe("accepted");
        const started = Date.now();
        await mailer.close();
        expect(Date.now() - started).toBeLessThan(SHORT_MS + 2000);
        expect((await received(port))[0]?.secure).toMatch(/QUIT\r\n$/);
      },
    );
  });

  describe("trap: sessions", () => {
    it("is opened anew where the relay closed it between two mails", async () => {
      const port = await hostile({ mails: 1 });
      const statuses: string[] = [];
      for await (const outcome of mailerTo({ port }).sendMany([mail(), mail(), mail()])) {
        statuses.push(outcome.status);
      }
      expect(statuses).toStrictEqual(["accepted", "accepted", "accepted"]);
      const sessions = await received(port);
      expect(sessions).toHaveLength(3);
      for (const { secure } of sessions) expect(secure.match(/^\.\r\n/gm)).toHaveLength(1);
    });

    it("does not knock again and again at a closed port", async () => {
      const outcomes: object[] = [];
      const mailer = mailerTo({ port: 1, timeouts: { connect: 5000 } });
      for await (const outcome of mailer.sendMany([mail(), mail()]))
        outcomes.push(failureOf(outcome));
      const refused = { status: "deferred", cause: "connection", stage: "connect" };
      expect(outcomes).toMatchObject([refused, refused]);
    });

    it("goes to the next relay where the first cannot be reached", async () => {
      const input = mail();
      const relay = [
        { host: "localhost", port: 1, ...CREDENTIALS },
        { host: "localhost", port: ports().starttls, ...CREDENTIALS },
      ];
      const outcome = await new Mailer({ relay, connect }).submit(input);
      expect(outcome).toMatchObject({
        status: "accepted",
        relay: `localhost:${ports().starttls}`,
      });
    });

    it("stays with the first relay once it had the content", async () => {
      const port = await hostile({ at: "final-dot", what: "eof" });
      const input = mail();
      const relay = [
        { host: "localhost", port, ...CREDENTIALS },
        { host: "localhost", port: ports().starttls, ...CREDENTIALS },
      ];
      const outcome = await new Mailer({ relay, connect }).submit(input);
      expect(outcome.status).toBe("unknown");
      expect(await arrived("starttls", input.subject)).toStrictEqual([]);
    });

    it("are five at a time at most, and all mails arrive", async () => {
      const mailer = mailerTo({ port: ports().starttls });
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, async () => mailer.submit(mail())),
      );
      expect(outcomes.map(({ status }) => status)).toStrictEqual(Array(12).fill("accepted"));
    });
  });
}

async function digest(octets: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new Uint8Array(octets));
  return new Uint8Array(hash).join(" ");
}
