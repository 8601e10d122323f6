/** Sessions, routes and mailers against a relay in memory: what the order of writes and reads decides. */
import { describe, expect, it, vi } from "vitest";

import { contentOf } from "../../src/mail/content.ts";
import type { FieldsInput } from "../../src/mail/mail.ts";
import { Mailer } from "../../src/mailer.ts";
import type { Connect } from "../../src/net/connection.ts";
import { Session } from "../../src/net/converse.ts";
import type { RelayOptions } from "../../src/relay-options.ts";
import type { Content } from "../../src/smtp/content.ts";
import type { Transaction } from "../../src/smtp/transaction.ts";
import { memoryRelay, type MemoryRelay } from "./memory-relay.ts";

const BLOCK = 64 * 1024;
const GROUP = ["PIPELINING", "CHUNKING"];

function transactionOf(sizeOctets: number): Transaction {
  return {
    reversePath: "ann@example.com",
    forwardPaths: ["bob@example.org"],
    smtpUtf8: false,
    sizeOctets,
    recipientPolicy: "any",
  };
}

function whole(octets: Uint8Array): Content {
  return contentOf([{ type: "octets", octets }]);
}

function sessionTo({ connect }: MemoryRelay): Session {
  return new Session({
    security: "none",
    ehloName: "client.example.com",
    address: { host: "localhost", port: 25 },
    connect,
  });
}

function mailerTo(relay: MemoryRelay, more: Partial<RelayOptions> = {}): Mailer {
  const options = { host: "localhost", security: "none" as const, ...more };
  return new Mailer({ relay: options, connect: relay.connect });
}

const mail = (to: readonly string[] = ["bob@example.org"]): FieldsInput => ({
  from: "ann@example.com",
  to,
  text: "Hello",
});

describe("content by BDAT", () => {
  const sizes = [
    1,
    BLOCK - 1,
    BLOCK,
    BLOCK + 1,
    2 * BLOCK - 1,
    2 * BLOCK,
    2 * BLOCK + 1,
    3 * BLOCK,
  ];
  const nearly = Array.from({ length: 12 }, (_, at) => BLOCK - at * 10);

  it.each([...sizes, ...nearly])("of %s octets is accepted once, whole", async (size) => {
    const relay = memoryRelay({ offers: GROUP });
    const content = new Uint8Array(size).fill(0x61);
    const { outcome } = await sessionTo(relay).submit(transactionOf(size), whole(content));
    expect(outcome.status).toBe("accepted");
    expect(relay.accepted.map((one) => one.content.length)).toStrictEqual([size]);
  });

  it.each([BLOCK, 2 * BLOCK, BLOCK - 40])(
    "of %s octets, lost at its end, is in doubt",
    async (size) => {
      const relay = memoryRelay({
        offers: GROUP,
        answer: (line) => (line === "content" ? "eof" : undefined),
      });
      const { outcome } = await sessionTo(relay).submit(
        transactionOf(size),
        whole(new Uint8Array(size)),
      );
      expect(outcome.status).toBe("unknown");
    },
  );

  it.each([-1, 1])("that is not as long as announced ends the session: %s", async (more) => {
    const relay = memoryRelay({ offers: GROUP });
    const content = new Uint8Array(100);
    const { outcome } = await sessionTo(relay).submit(transactionOf(100 + more), whole(content));
    expect(outcome).toMatchObject({ status: "deferred", failure: { cause: "connection" } });
    expect(relay.accepted).toStrictEqual([]);
  });

  it("goes by DATA, in a new session, to a relay that does not know it after all", async () => {
    const relay = memoryRelay({
      offers: GROUP,
      answer: (line) => (line.startsWith("BDAT") ? "502 5.5.1 What?" : undefined),
    });
    const mailer = mailerTo(relay);
    const outcomes = [];
    for await (const outcome of mailer.sendMany([mail(), mail()])) outcomes.push(outcome.status);
    expect(outcomes).toStrictEqual(["accepted", "accepted"]);
    expect(relay.accepted).toHaveLength(2);
    expect(relay.sessions).toHaveLength(2);
    expect(relay.sessions[1]?.filter((line) => line === "DATA")).toHaveLength(2);
  });
});

describe("CHUNKING that is a lie", () => {
  it.each([1000, 300_000])("costs a mail of %s octets nothing but time", async (size) => {
    let isLost = false;
    const relay = memoryRelay({
      offers: GROUP,
      // What does not know BDAT reads its octets as lines.
      answer: (line, session) => {
        if (session > 1 || line === "content") return undefined;
        isLost ||= line.startsWith("BDAT");
        return isLost ? "502 5.5.1 What?" : undefined;
      },
    });
    const text = "Hello, a line of text\r\n".repeat(size / 20);
    const outcome = await mailerTo(relay).submit({ ...mail(), text });
    expect(outcome.status).toBe("accepted");
    expect(relay.accepted).toHaveLength(1);
    expect(relay.sessions).toHaveLength(2);
  });

  it("is found out on a session that has served, too", async () => {
    const relay = memoryRelay({
      offers: GROUP,
      answer: (line) => {
        if (line.startsWith("MAIL FROM:<eve@")) return "550 Not this one";
        return line.startsWith("BDAT") ? "502 5.5.1 What?" : undefined;
      },
    });
    const statuses = [];
    const mails = [{ ...mail(), from: "eve@example.com" }, mail()];
    for await (const { status } of mailerTo(relay).sendMany(mails)) statuses.push(status);
    expect(statuses).toStrictEqual(["refused", "accepted"]);
  });
});

describe("a session that died between two mails", () => {
  it("is left behind where it says so while nothing is asked", async () => {
    const relay = memoryRelay({ offers: [] });
    const connect: Connect = async (address, options) => {
      const inner = await relay.connect(address, options);
      const isFirst = relay.sessions.length === 1;
      let isIdle = false;
      return {
        read: async () => {
          if (isIdle && isFirst) return new TextEncoder().encode("451 4.4.2 Timeout\r\n");
          const chunk = await inner.read();
          isIdle = new TextDecoder().decode(chunk).includes("Queued");
          return chunk;
        },
        write: async (octets) => inner.write(octets),
        startTls: async () => inner.startTls(),
        close: () => inner.close(),
      };
    };
    const statuses: string[] = [];
    const mailer = mailerTo({ ...relay, connect });
    const mails = async function* mails(): AsyncGenerator<FieldsInput> {
      yield mail();
      await vi.waitFor(() => expect(statuses).toHaveLength(1));
      yield mail();
    };
    for await (const { status } of mailer.sendMany(mails())) statuses.push(status);
    expect(statuses).toStrictEqual(["accepted", "accepted"]);
    expect(relay.accepted).toHaveLength(2);
    expect(relay.sessions).toHaveLength(2);
  });

  it("is looked at once for mails that are submitted together after a while", async () => {
    const relay = memoryRelay({ offers: GROUP });
    const session = sessionTo(relay);
    expect((await session.submit(transactionOf(1), whole(new Uint8Array(1)))).begun).toBe(true);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2_000 });
    try {
      const two = [1, 1].map(async (size) =>
        session.submit(transactionOf(size), whole(new Uint8Array(size))),
      );
      const settled = await Promise.all(two);
      expect(settled.map(({ outcome }) => outcome.status)).toStrictEqual(["accepted", "accepted"]);
    } finally {
      vi.useRealTimers();
    }
    expect(relay.accepted).toHaveLength(3);
  });

  it("is seen before anything is written on it", async () => {
    const relay = memoryRelay({
      offers: [],
      answer: (line, session) =>
        session === 1 && line === "content" ? "250 Queued\r\n451 4.4.2 Timeout" : undefined,
    });
    const outcomes = [];
    const mailer = mailerTo(relay);
    for await (const { status } of mailer.sendMany([mail(), mail()])) outcomes.push(status);
    expect(outcomes).toStrictEqual(["accepted", "accepted"]);
    expect(
      relay.sessions.map((lines) => lines.filter((line) => line.startsWith("MAIL"))),
    ).toHaveLength(2);
  });

  it("is told from one that took the mail: nothing goes out unasked on it", async () => {
    const relay = memoryRelay({
      offers: GROUP,
      answer: (line, session) => {
        const isSecondMail = session === 1 && relay.accepted.length === 1;
        return isSecondMail && line.startsWith("MAIL") ? "eof" : undefined;
      },
    });
    const statuses = [];
    for await (const { status } of mailerTo(relay).sendMany([mail(), mail()]))
      statuses.push(status);
    expect(statuses).toStrictEqual(["accepted", "accepted"]);
    expect(relay.accepted).toHaveLength(2);
  });
});

describe("limits", () => {
  it("of a session send the others by a new one (RFC 9422 §4.1)", async () => {
    const relay = memoryRelay({ offers: ["LIMITS MAILMAX=2 RCPTMAX=1"] });
    const to = [
      "a@example.org",
      "b@example.org",
      "c@example.org",
      "d@example.org",
      "e@example.org",
    ];
    const outcome = await mailerTo(relay).submit(mail(to));
    expect(outcome).toMatchObject({ status: "accepted", accepted: to, refused: [] });
    expect(relay.sessions).toHaveLength(3);
    expect(relay.accepted.flatMap((one) => one.to)).toHaveLength(5);
  });

  it("that leave some untried say so where no session can be had", async () => {
    const relay = memoryRelay({
      offers: ["LIMITS MAILMAX=1 RCPTMAX=1"],
      answer: (line, session) => (session > 1 && line.startsWith("EHLO") ? "eof" : undefined),
    });
    const outcome = await mailerTo(relay).submit(mail(["a@example.org", "b@example.org"]));
    expect(outcome).toMatchObject({
      status: "accepted",
      accepted: ["a@example.org"],
      refused: [{ recipient: "b@example.org", reply: { code: 451 }, untried: true }],
    });
  });
});

describe("recipients of several transactions", () => {
  const five = ["a", "b", "c", "d", "e"].map((name) => `${name}@example.org`);

  it.each([
    ["550 5.1.1 Unknown", []],
    ["450 4.2.1 Busy", ["PIPELINING"]],
    ["550 5.1.1 Unknown", ["PIPELINING", "CHUNKING"]],
  ])("are all tried, though the first be refused: %s, offering %j", async (no, offers) => {
    const relay = memoryRelay({
      offers: [...offers, "LIMITS RCPTMAX=1"],
      answer: (line) => (/^RCPT TO:<[abd]@/.test(line) ? no : undefined),
    });
    const outcome = await mailerTo(relay).submit(mail(five));
    expect(outcome).toMatchObject({ status: "accepted", accepted: [five[2], five[4]] });
    const refused = outcome.status === "accepted" ? outcome.refused : [];
    expect(refused.map(({ recipient, reply }) => [recipient, reply.code])).toStrictEqual(
      [five[0], five[1], five[3]].map((path) => [path, Number(no.slice(0, 3))]),
    );
    expect(relay.accepted).toHaveLength(2);
  });

  it("are not given up with the first, where the relay refuses it and hangs up", async () => {
    const relay = memoryRelay({
      offers: ["PIPELINING", "LIMITS RCPTMAX=1"],
      answer: (line) => {
        if (line.startsWith("RCPT")) return "550 5.1.1 Unknown";
        return line === "DATA" ? "eof" : undefined;
      },
    });
    const outcome = await mailerTo(relay).submit(mail(five.slice(0, 2)));
    expect(outcome).toMatchObject({
      status: "deferred",
      failure: { cause: "connection", refused: [{ recipient: five[0], reply: { code: 550 } }] },
    });
  });

  it.each([
    [["550 1", "550 2"], "refused", 550],
    [["550 1", "450 2"], "deferred", 450],
    [["450 1", "550 2"], "deferred", 450],
  ])("that are all refused, %j, are %s together", async (replies, status, code) => {
    const relay = memoryRelay({
      offers: ["LIMITS RCPTMAX=1"],
      answer: (line) =>
        line.startsWith("RCPT") ? replies[line.includes("<a@") ? 0 : 1] : undefined,
    });
    const outcome = await mailerTo(relay).submit(mail(five.slice(0, 2)));
    expect(outcome).toMatchObject({ status, failure: { stage: "rcpt", reply: { code } } });
    const refused = outcome.status === "accepted" ? [] : outcome.failure.refused;
    expect(refused?.map(({ recipient }) => recipient)).toStrictEqual(five.slice(0, 2));
  });

  it.each([
    ["is lost at its end", "content", "eof", { unknown: ["b@example.org"], refused: [] }],
    ["is refused", "content", "554 No", { refused: [{ reply: { code: 554 } }] }],
    ["has its recipient refused", "RCPT", "550 No", { refused: [{ reply: { code: 550 } }] }],
  ])("in a second session that %s are told as that", async (_, at, reply, expected) => {
    const relay = memoryRelay({
      offers: ["LIMITS MAILMAX=1 RCPTMAX=1"],
      answer: (line, session) => (session === 2 && line.startsWith(at) ? reply : undefined),
    });
    const outcome = await mailerTo(relay).submit(mail(five.slice(0, 2)));
    expect(outcome).toMatchObject({ status: "accepted", accepted: ["a@example.org"], ...expected });
    expect(JSON.stringify(outcome)).not.toContain("Not tried");
  });
});

describe("several relays", () => {
  const two = (first: MemoryRelay, second: MemoryRelay): Mailer =>
    new Mailer({
      relay: [
        { host: "localhost", port: 1, security: "none" },
        { host: "localhost", port: 2, security: "none" },
      ],
      connect: async (address, options) =>
        (address.port === 1 ? first : second).connect(address, options),
    });

  it.each([
    ["lists our address", "E?HE?LO", "554 5.7.1 Listed", true],
    ["defers the sender", "MAIL", "451 Later", true],
    ["defers the recipient", "RCPT", "450 Later", true],
    ["defers DATA", "DATA", "451 Later", true],
    ["refuses the recipient", "RCPT", "550 Unknown", false],
    ["defers the content", "content", "451 Later", false],
    ["closes after the content", "content", "eof", false],
  ])("go on to the next where the first %s: %s", async (_, at, reply, goesOn) => {
    const first = memoryRelay({
      offers: [],
      answer: (line) => (new RegExp(`^${at}`).test(line) ? reply : undefined),
    });
    const second = memoryRelay({ offers: [] });
    const outcome = await two(first, second).submit(mail());
    expect(outcome.status === "accepted").toBe(goesOn);
    expect(outcome.relay).toBe(goesOn ? "localhost:2" : "localhost:1");
    expect(second.sessions).toHaveLength(goesOn ? 1 : 0);
  });
});

describe("a token that cannot be fetched", () => {
  it("defers the mail: another time it may be had", async () => {
    const relay = memoryRelay({ offers: ["AUTH XOAUTH2"] });
    const accessToken = async (): Promise<string> => Promise.reject(new Error("503"));
    const mailer = mailerTo(relay, { username: "ann", accessToken, allowInsecureAuth: true });
    const outcome = await mailer.submit(mail());
    expect(outcome).toMatchObject({ status: "deferred", failure: { stage: "auth" } });
    expect(relay.sessions[0]).toStrictEqual(["EHLO [127.0.0.1]", "QUIT"]);
  });
});

describe("mails that share a session", () => {
  /** The relay, whose replies come one at a time. */
  function dripping({ connect }: MemoryRelay): Connect {
    return async (address, options) => {
      const inner = await connect(address, options);
      let held = "";
      return {
        read: async () => {
          if (!held.includes("\r\n")) held += Buffer.from((await inner.read()) ?? []).toString();
          if (held === "") return undefined;
          const end = held.indexOf("\r\n") + 2;
          const line = held.slice(0, end);
          held = held.slice(end);
          return new TextEncoder().encode(line);
        },
        write: async (octets) => inner.write(octets),
        startTls: async () => inner.startTls(),
        close: () => inner.close(),
      };
    };
  }

  it.each([
    ["248 recipients before two", [1, 1, 1, 248, 1, 1]],
    ["500 recipients before one", [1, 1, 1, 500, 1]],
    ["20 recipients each", Array<number>(40).fill(20)],
    ["47 recipients each", Array<number>(40).fill(47)],
    ["100 recipients each", Array<number>(40).fill(100)],
  ])("all end, however the replies come: %s", async (_, counts) => {
    const relay = memoryRelay({ offers: GROUP });
    for (const connect of [relay.connect, dripping(relay)]) {
      const statuses: string[] = [];
      const mails = counts.map((count, at) =>
        mail(Array.from({ length: count }, (_recipient, index) => `r${at}.${index}@example.org`)),
      );
      for await (const { status } of mailerTo({ ...relay, connect }).sendMany(mails)) {
        statuses.push(status);
      }
      expect(statuses).toStrictEqual(counts.map(() => "accepted"));
    }
    expect(relay.accepted).toHaveLength(counts.length * 2);
  });

  it("are not sent again for one that the relay refuses as if it knew no BDAT", async () => {
    let contents = 0;
    const relay = memoryRelay({
      offers: GROUP,
      answer: (line) => {
        if (line !== "content") return undefined;
        contents += 1;
        return contents === 5 ? "500 5.7.1 Not this one" : undefined;
      },
    });
    const statuses: string[] = [];
    const mails = Array.from({ length: 30 }, () => mail());
    for await (const { status } of mailerTo(relay).sendMany(mails)) statuses.push(status);
    expect(statuses.filter((status) => status === "accepted")).toHaveLength(29);
    expect(statuses[4]).toBe("refused");
    expect(relay.accepted).toHaveLength(29);
  });

  it("are not followed by the octets of one that cannot be read to its end", async () => {
    const relay = memoryRelay({ offers: GROUP });
    const session = sessionTo(relay);
    const good = async () => session.submit(transactionOf(50), whole(new Uint8Array(50)));
    const failing: Content = {
      size: 50,
      blocks: function* blocks() {
        yield new Uint8Array(50);
        throw new Error("cut off");
      },
    };
    const settled = await Promise.all([
      good(),
      good(),
      good(),
      session.submit(transactionOf(50), failing),
    ]);
    const statuses = settled.map(({ outcome }) => outcome.status);
    expect(statuses).toStrictEqual(["accepted", "accepted", "accepted", "deferred"]);
    expect(relay.accepted).toHaveLength(3);
  });
});

describe("AUTH and a mail in one group", () => {
  const user = { username: "ann", password: "secret", allowInsecureAuth: true };
  const offers = [...GROUP, "AUTH PLAIN"];

  it("come once AUTH has worked, and not before", async () => {
    const relay = memoryRelay({
      offers,
      answer: (line) => (line.startsWith("AUTH") ? "235 Welcome" : undefined),
    });
    const mailer = mailerTo(relay, user);
    for (const _ of [1, 2]) expect((await mailer.submit(mail())).status).toBe("accepted");
    await mailer.close();
    expect(relay.accepted).toHaveLength(2);
    // EHLO, AUTH, the mail, QUIT; the second time one less.
    expect(relay.writes).toStrictEqual([4, 3]);
  });

  it.each([
    ["refused", "535 5.7.8 No"],
    ["deferred", "454 4.7.0 Later"],
    ["challenged", "334 "],
  ])("go apart in another session where AUTH is %s", async (_, verdict) => {
    const relay = memoryRelay({
      offers,
      answer: (line, session) => {
        if (line.startsWith("AUTH")) return session === 2 ? verdict : "235 Welcome";
        if (session === 2 && /^(?:MAIL|RCPT)/.test(line)) return "530 5.7.0 Authenticate";
        return undefined;
      },
    });
    const mailer = mailerTo(relay, user);
    for (const _mail of [1, 2, 3]) expect((await mailer.submit(mail())).status).toBe("accepted");
    await mailer.close();
    expect(relay.accepted).toHaveLength(3);
    expect(relay.sessions).toHaveLength(4);
    // It is not tried again.
    expect(relay.writes.slice(2)).toStrictEqual([4, 4]);
  });

  it("are not sent twice where the relay takes the mail without AUTH", async () => {
    const relay = memoryRelay({
      offers,
      answer: (line, session) =>
        line.startsWith("AUTH") ? (session === 2 ? "454 4.7.0 Later" : "235 Hi") : undefined,
    });
    const mailer = mailerTo(relay, user);
    for (const _ of [1, 2]) expect((await mailer.submit(mail())).status).toBe("accepted");
    expect(relay.accepted).toHaveLength(2);
    expect(relay.sessions).toHaveLength(2);
  });

  it("go apart after a relay that refused AUTH and hung up", async () => {
    const relay = memoryRelay({
      offers,
      answer: (line, session) => {
        if (line.startsWith("AUTH")) return session === 2 ? "535 5.7.8 No" : "235 Welcome";
        return session === 2 && line.startsWith("MAIL") ? "eof" : undefined;
      },
    });
    const mailer = mailerTo(relay, user);
    const statuses: string[] = [];
    for (const _ of [1, 2, 3]) statuses.push((await mailer.submit(mail())).status);
    // Of the second nobody can tell; it is not sent again.
    expect(statuses).toStrictEqual(["accepted", "unknown", "accepted"]);
    expect(relay.writes[2]).toBe(4);
  });

  it("refuse the mail where the credentials are refused in the next session, too", async () => {
    const relay = memoryRelay({
      offers,
      answer: (line, session) => {
        if (line.startsWith("AUTH")) return session > 1 ? "535 5.7.8 No" : "235 Welcome";
        return session > 1 && line.startsWith("MAIL") ? "530 5.7.0 Authenticate" : undefined;
      },
    });
    const mailer = mailerTo(relay, user);
    expect((await mailer.submit(mail())).status).toBe("accepted");
    expect(await mailer.submit(mail())).toMatchObject({
      status: "refused",
      failure: { cause: "auth", stage: "auth", reply: { code: 535 } },
    });
    expect(relay.sessions).toHaveLength(3);
  });
});

describe("closing", () => {
  it("does not wait for a sendMany that nobody reads to its end", async () => {
    const relay = memoryRelay({ offers: [] });
    const mailer = mailerTo(relay);
    let more: ((mail: FieldsInput) => void) | undefined;
    const later = new Promise<FieldsInput>((resolve) => {
      more = resolve;
    });
    const mails = async function* mails(): AsyncGenerator<FieldsInput> {
      yield mail();
      yield await later;
    };
    const outcomes = mailer.sendMany(mails())[Symbol.asyncIterator]();
    // The Outcome of the first is there before there is a second mail.
    expect((await outcomes.next()).value).toMatchObject({ status: "accepted" });
    await mailer.close();
    expect(relay.sessions[0]?.at(-1)).toBe("QUIT");
    more?.(mail());
    await expect(outcomes.next()).rejects.toThrow("closed");
  });

  it("lets nothing be sent afterwards", async () => {
    const mailer = mailerTo(memoryRelay({ offers: [] }));
    await mailer.close();
    await expect(mailer.submit(mail())).rejects.toThrow(TypeError);
  });

  it("settles what waits for a connection, and gives the dialling up", async () => {
    let isGivenUp = false;
    const session = new Session({
      security: "none",
      ehloName: "client.example.com",
      address: { host: "localhost", port: 25 },
      connect: async (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            isGivenUp = true;
            reject(signal.reason as Error);
          });
        }),
    });
    const settled = session.submit(transactionOf(1), whole(new Uint8Array(1)));
    await session.quit();
    expect((await settled).outcome).toMatchObject({ status: "deferred" });
    expect(isGivenUp).toBe(true);
  });
});

describe("options", () => {
  it.each(["ALL", "", 1])("refuse %j for allRecipients", async (value) => {
    const allRecipients = JSON.parse(JSON.stringify(value)) as "all";
    const { connect } = memoryRelay({ offers: [] });
    expect(() => new Mailer({ relay: "smtp://localhost", allRecipients, connect })).toThrow("any");
    const mailer = mailerTo(memoryRelay({ offers: [] }));
    await expect(mailer.submit(mail(), { allRecipients })).rejects.toThrow(TypeError);
  });
});
