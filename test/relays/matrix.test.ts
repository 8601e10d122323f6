/**
 * The matrix: every kind of mail, to real servers, over STARTTLS and implicit TLS, with PIPELINING and
 * CHUNKING on and off. What the server stored must be, octet for octet, what was composed and what went
 * over the wire, and must be read alike by readers that are not ours.
 */
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from "vitest";

import { Mailer } from "../../src/mailer.ts";
import type { RelayOptions } from "../../src/relay-options.ts";
import { AUTH_METHODS } from "../../src/smtp/sasl/mechanisms.ts";
import { all, composed, expectSame, neutral, octets } from "./compare.ts";
import { CONTENTS, LARGE, mailOf } from "./contents.ts";
import { readingOf, recipients, SMALL } from "./contents.ts";
import { postfix } from "./postfix.ts";
import { hasPython, readByPostalMime, readByPython } from "./readers.ts";
import { ACCOUNTS, BUSY_RECIPIENT, DOMAIN, type RunningServer } from "./server.ts";
import { UNDELIVERABLE_RECIPIENT, UNKNOWN_RECIPIENT } from "./server.ts";
import { Wire } from "./wire.ts";

const SERVERS = [postfix];
const PAIRS = [
  { pipelining: true, chunking: true },
  { pipelining: true, chunking: false },
  { pipelining: false, chunking: true },
  { pipelining: false, chunking: false },
];
const SIZE_LIMIT = 5_000_000;
const RECIPIENT_LIMIT = 160;

const cells = SERVERS.flatMap((server) =>
  PAIRS.map((pair) => ({ ...pair, server, name: server.name })),
);

describe.each(cells)("$name, PIPELINING $pipelining, CHUNKING $chunking", (cell) => {
  const { server, pipelining, chunking } = cell;
  let running: RunningServer;
  beforeAll(async () => {
    const limits = { sizeLimit: SIZE_LIMIT, recipientLimit: RECIPIENT_LIMIT };
    running = await server.start({ pipelining, chunking, ...limits });
  });
  afterAll(async () => running?.stop());

  describe.each(["starttls", "tls"] as const)("over %s", (security) => {
    /** A mailer and all that it says. */
    const dial = (more: Partial<RelayOptions> = {}): { wire: Wire; mailer: Mailer } => {
      const before = running.log().length;
      onTestFailed(() => console.error(running.log().slice(before)));
      const port = security === "tls" ? running.tlsPort : running.submissionPort;
      const wire = new Wire();
      const relay = { host: "localhost", port, security, ...ACCOUNTS[0], ...more };
      return { wire, mailer: new Mailer({ relay, connect: wire.connect }) };
    };

    describe.each(CONTENTS)("$name", (content) => {
      it("is stored octet for octet", async () => {
        const [recipient = ""] = recipients(1);
        const { mailer, wire } = dial();
        const mail = mailOf(content, [recipient]);
        expect(await mailer.submit(mail)).toMatchObject({
          status: "accepted",
          accepted: [recipient],
          refused: [],
          messageId: mail.messageId,
        });
        const [stored, ...others] = await running.stored(recipient);
        expect(others).toStrictEqual([]);
        const [written] = wire.contents;
        expectSame(stored, written);
        expectSame(neutral(stored), neutral(composed(mail)));
        expect(await readByPostalMime(octets(stored))).toStrictEqual(readingOf(mail));
      });
    });

    it.skipIf(!hasPython)("is read alike by Python's email, one after the other", async () => {
      const to = recipients(CONTENTS.length);
      const mails = CONTENTS.map((content, at) => mailOf(content, to.slice(at, at + 1)));
      const outcomes = await all(dial().mailer.sendMany(mails));
      expect(outcomes.map(({ status }) => status)).toStrictEqual(mails.map(() => "accepted"));
      const stored = await Promise.all(to.map((recipient) => running.stored(recipient)));
      expect(readByPython(stored.flat())).toStrictEqual(mails.map(readingOf));
    });

    it("takes sixty mails that follow each other, each once", async () => {
      const to = recipients(60);
      const mails = to.map((recipient) => mailOf(SMALL, [recipient]));
      const outcomes = await all(dial().mailer.sendMany(mails));
      expect(outcomes.map(({ status }) => status)).toStrictEqual(mails.map(() => "accepted"));
      for (const [at, recipient] of to.entries()) {
        const stored = await running.stored(recipient);
        expect(stored).toHaveLength(1);
        expect(octets(stored[0]).toString("latin1")).toContain(mails[at]?.messageId);
      }
    });

    it("takes a mail in the group of its AUTH, once AUTH has worked", async () => {
      const to = recipients(3);
      const { mailer, wire } = dial({ authMethods: ["PLAIN"] });
      for (const recipient of to) {
        const outcome = await mailer.submit(mailOf(SMALL, [recipient]));
        expect(outcome).toMatchObject({ status: "accepted", accepted: [recipient] });
        expect(await running.stored(recipient)).toHaveLength(1);
      }
      // None of the sessions was in vain.
      expect(wire.commands.filter((command) => command.startsWith("AUTH "))).toHaveLength(3);
    });

    it("goes as the server offers it", async () => {
      const { mailer, wire } = dial();
      await mailer.send(mailOf(SMALL, recipients(3)));
      expect(wire.isPipelined).toBe(pipelining);
      expect(wire.commands.some((command) => command.startsWith("BDAT "))).toBe(chunking);
      expect(wire.commands.includes("DATA")).toBe(!chunking);
    });

    it("is described by verify", async () => {
      const { mailer, wire } = dial();
      const report = await mailer.verify();
      expect(report).toMatchObject({ ok: true, security, maxSizeOctets: SIZE_LIMIT });
      expect("PIPELINING" in report.extensions).toBe(pipelining);
      expect("CHUNKING" in report.extensions).toBe(chunking);
      expect(report.authMechanisms.toSorted()).toStrictEqual(server.authMechanisms.toSorted());
      expect(wire.commands.join()).not.toMatch(/MAIL|RCPT/);
    });

    it.each([1, 150, RECIPIENT_LIMIT + 40])(
      "reaches each of %i recipients, once",
      async (count) => {
        const to = recipients(count);
        const { mailer, wire } = dial();
        const mail = { ...mailOf(SMALL, to.slice(0, 1)), bcc: to.slice(1) };
        expect(await mailer.submit(mail)).toMatchObject({ status: "accepted", accepted: to });
        expect(wire.written.includes("Bcc")).toBe(false);
        for (const recipient of to) {
          const stored = await running.stored(recipient);
          expect(stored).toHaveLength(1);
          expectSame(stored[0], wire.contents[0]);
        }
      },
    );

    it("reaches the good among bad and busy recipients, and names those", async () => {
      const [one = "", two = ""] = recipients(2);
      const to = [UNKNOWN_RECIPIENT, one, BUSY_RECIPIENT, two];
      expect(await dial().mailer.submit(mailOf(SMALL, to))).toMatchObject({
        status: "accepted",
        accepted: [one, two],
        refused: [
          { recipient: UNKNOWN_RECIPIENT, reply: { code: 550 } },
          { recipient: BUSY_RECIPIENT, reply: { code: 450 } },
        ],
      });
      expect(await running.stored(one)).toHaveLength(1);
      expect(await running.stored(two)).toHaveLength(1);
    });

    it.each([
      ["is refused", UNKNOWN_RECIPIENT, "refused", 550],
      ["is deferred", BUSY_RECIPIENT, "deferred", 450],
    ])("%s where its only recipient is", async (_, recipient, status, code) => {
      const { mailer, wire } = dial();
      const failure = { cause: "reply", stage: "rcpt", reply: { code } };
      const mails = [mailOf(SMALL, [recipient]), mailOf(SMALL, recipients(1))];
      const outcomes = await all(mailer.sendMany(mails));
      expect(outcomes).toMatchObject([{ status, failure }, { status: "accepted" }]);
      expect(wire.sessions).toBe(1);
      expect(await running.stored(recipient)).toStrictEqual([]);
    });

    it("reaches nobody where all recipients are wanted and one is bad", async () => {
      const [good = ""] = recipients(1);
      const mail = mailOf(SMALL, [good, UNKNOWN_RECIPIENT]);
      const outcome = await dial().mailer.submit(mail, { allRecipients: "all" });
      expect(outcome).toMatchObject({ status: "refused", failure: { stage: "rcpt" } });
      expect(await running.stored(good)).toStrictEqual([]);
    });

    it("is refused before MAIL where it is over SIZE, by name", async () => {
      const [recipient = ""] = recipients(1);
      const { mailer, wire } = dial();
      const outcome = await mailer.submit(mailOf(LARGE, [recipient]));
      expect(outcome).toMatchObject({ status: "refused", failure: { extension: "SIZE" } });
      expect(wire.written).not.toMatch(/MAIL FROM/i);
      expect(await running.stored(recipient)).toStrictEqual([]);
    });

    it("is refused by the server where we do not look at SIZE", async () => {
      const [recipient = ""] = recipients(1);
      const { mailer } = dial({ disableExtensions: ["SIZE"] });
      const outcome = await mailer.submit(mailOf(LARGE, [recipient]));
      const failure = { cause: "reply", stage: "content", reply: { code: 552 } };
      expect(outcome).toMatchObject({ status: "refused", failure });
      expect(await running.stored(recipient)).toStrictEqual([]);
    });

    it("is not sent with a wrong password", async () => {
      const [recipient = ""] = recipients(1);
      const { mailer, wire } = dial({ password: "wr0ng" });
      const outcome = await mailer.submit(mailOf(SMALL, [recipient]));
      const failure = { cause: "auth", stage: "auth", reply: { code: 535 } };
      expect(outcome).toMatchObject({ status: "refused", failure });
      const told = JSON.stringify(outcome);
      for (const secret of ["wr0ng", btoa("wr0ng"), btoa("\0postrider\0wr0ng")]) {
        expect(told).not.toContain(secret);
      }
      expect(wire.written).not.toMatch(/MAIL FROM/i);
      expect(await running.stored(recipient)).toStrictEqual([]);
    });

    const methods = AUTH_METHODS.filter((name) => server.authMechanisms.includes(name));
    describe.each(methods)("AUTH %s", (method) => {
      it.each(ACCOUNTS)("lets $username in", async (account) => {
        const [recipient = ""] = recipients(1);
        const { mailer, wire } = dial({ ...account, authMethods: [method] });
        expect(await mailer.submit(mailOf(SMALL, [recipient]))).toMatchObject({
          status: "accepted",
        });
        expect(wire.written).toMatch(new RegExp(`^AUTH ${method}( |\r$)`, "m"));
        expect(await running.stored(recipient)).toHaveLength(1);
      });

      it("refuses a wrong password", async () => {
        const { mailer, wire } = dial({ password: "wr0ng", authMethods: [method] });
        const outcome = await mailer.submit(mailOf(SMALL, recipients(1)));
        expect(outcome).toMatchObject({ status: "refused", failure: { cause: "auth" } });
        expect(wire.written).not.toMatch(/MAIL FROM/i);
      });
    });

    it("reaches a local part that needs SMTPUTF8", async () => {
      const recipient = recipients(1)[0]?.replace("r", "jürg-東京-") ?? "";
      const { mailer, wire } = dial();
      await mailer.send(mailOf(SMALL, [recipient]));
      const [stored] = await running.stored(recipient);
      expectSame(stored, wire.contents[0]);
      expect(await readByPostalMime(octets(stored))).toMatchObject({
        to: [{ address: recipient }],
      });
      expect(wire.commands.find((command) => command.startsWith("MAIL"))).toMatch(/ SMTPUTF8\b/);
    });

    it("is refused before MAIL where SMTPUTF8 is needed and not offered, by name", async () => {
      const { mailer, wire } = dial({ disableExtensions: ["SMTPUTF8"] });
      const outcome = await mailer.submit(mailOf(SMALL, [`jürg@${DOMAIN}`]));
      expect(outcome).toMatchObject({ status: "refused", failure: { extension: "SMTPUTF8" } });
      expect(wire.written).not.toMatch(/MAIL FROM/i);
    });

    it.each([
      ["REQUIRETLS", { requireTls: true }],
      ["MT-PRIORITY", { priority: 3 }],
      ["DELIVERBY", { deliverBy: { seconds: 3600 } }],
      ["FUTURERELEASE", { holdForSeconds: 1 }],
    ])("needs %s, and is refused before MAIL where that is not offered", async (keyword, asked) => {
      const { extensions } = await dial().mailer.verify();
      const { mailer, wire } = dial({ disableExtensions: [keyword] });
      const mail = { ...mailOf(SMALL, recipients(1)), ...asked };
      expect(await mailer.submit(mail)).toMatchObject({
        status: "refused",
        failure: { extension: keyword },
      });
      expect(wire.written).not.toMatch(/MAIL FROM/i);
      const status = keyword in extensions ? "accepted" : "refused";
      expect(await dial().mailer.submit(mail)).toMatchObject({ status });
    });

    it("goes twenty times over one session", async () => {
      const to = recipients(20);
      const { mailer, wire } = dial();
      const mails = to.map((recipient, at) => mailOf({ ...SMALL, name: `${at}` }, [recipient]));
      const outcomes = await all(mailer.sendMany(mails));
      expect(outcomes.map(({ status }) => status)).toStrictEqual(Array(20).fill("accepted"));
      expect(wire.sessions).toBe(1);
      for (const [at, recipient] of to.entries()) {
        const stored = await running.stored(recipient);
        expect(stored).toHaveLength(1);
        expectSame(stored[0], wire.contents[at]);
      }
    });

    it("brings back the notification that it asks for", async () => {
      const [sender = "", recipient = ""] = recipients(2);
      const dsn = { notify: ["SUCCESS"], ret: "HDRS", envid: "QQ=314159" } as const;
      await dial().mailer.send({ ...mailOf(SMALL, [recipient]), from: sender, dsn });
      expect(await running.stored(recipient)).toHaveLength(1);
      const [notification] = await running.stored(sender);
      const text = octets(notification).toString("latin1");
      expect(text).toMatch(/^Action: delivered\r$/m);
      expect(text).toMatch(/^Original-Envelope-Id: QQ=314159\r$/m);
      expect(text).toContain(`Original-Recipient: rfc822;${recipient}\r\n`);
      expect(text).toContain("Subject: Matrix: small\r\n");
    });

    it.each([
      // RFC 3461 §4.3: FULL brings the whole message back, HDRS its header.
      { notify: ["FAILURE"], ret: "FULL", failures: 1, isWhole: true },
      { notify: ["FAILURE"], ret: "HDRS", failures: 1, isWhole: false },
      { notify: ["NEVER"], ret: "FULL", failures: 0, isWhole: false },
    ] as const)("brings back as much of a failure as it asks for: $notify $ret", async (row) => {
      const { failures, isWhole, ...dsn } = row;
      const [sender = ""] = recipients(1);
      await dial().mailer.send({ ...mailOf(SMALL, [UNDELIVERABLE_RECIPIENT]), from: sender, dsn });
      const notifications = await running.stored(sender);
      expect(notifications).toHaveLength(failures);
      const text = notifications.join("");
      expect(text.includes("Action: failed\r\n")).toBe(failures > 0);
      expect(text.includes("Hello.")).toBe(isWhole);
    });

    it("brings no notification back where none is asked for", async () => {
      const [sender = "", recipient = ""] = recipients(2);
      await dial().mailer.send({ ...mailOf(SMALL, [recipient]), from: sender });
      expect(await running.stored(recipient)).toHaveLength(1);
      expect(await running.stored(sender)).toStrictEqual([]);
    });
  });
});
