/** The sessions that are kept to a relay, which here is in memory: how many, for how long, for how much. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { ParsedMail } from "../../src/mail/mail.ts";
import { parseMail } from "../../src/mail/parse-mail.ts";
import { parseRelays } from "../../src/mailer.ts";
import type { Connect } from "../../src/net/connection.ts";
import { Pool, type PoolOptions } from "../../src/relay/pool.ts";
import { Route } from "../../src/route.ts";
import type { Outcome } from "../../src/smtp/outcome.ts";
import { memoryRelay, type MemoryOptions, type MemoryRelay } from "../net/memory-relay.ts";

const SETTINGS = { maxSessions: 2, mailsPerSession: 100, idleMs: 8000, sessionMs: 300_000 };

interface Kept extends MemoryRelay {
  readonly pool: Pool;
  /** Sends so many mails at once, or one after the other. */
  readonly atOnce: (count: number) => Promise<readonly Outcome["status"][]>;
  readonly inTurn: (count: number) => Promise<readonly Outcome["status"][]>;
}

function keep(
  settings: Partial<PoolOptions> = {},
  more: Partial<MemoryOptions> = {},
  wrap: (connect: Connect) => Connect = (connect) => connect,
): Kept {
  const relay = memoryRelay({ offers: ["PIPELINING"], ...more });
  const pool = new Pool({ ...SETTINGS, ...settings });
  const relays = parseRelays({ host: "localhost", security: "none", timeouts: { command: 3000 } });
  if (!relays.ok) throw new TypeError("no relay");
  const route = new Route({ relays: relays.value, connect: wrap(relay.connect), sessions: pool });
  const send = async (): Promise<Outcome["status"]> =>
    (await clocked(route.deliver(mail()))).status;
  const inTurn = async (count: number): Promise<Outcome["status"][]> => {
    const statuses: Outcome["status"][] = [];
    for (let sent = 0; sent < count; sent += 1) statuses.push(await send());
    return statuses;
  };
  const atOnce = async (count: number): Promise<Outcome["status"][]> =>
    Promise.all(Array.from({ length: count }, send));
  return { ...relay, pool, atOnce, inTurn };
}

/** Lets pass what takes no time but a timer. */
async function clocked<T>(work: Promise<T>): Promise<T> {
  const settled = { is: false };
  const done = work.finally(() => {
    settled.is = true;
  });
  while (!settled.is) await vi.advanceTimersByTimeAsync(0);
  return done;
}

function mail(): ParsedMail {
  const parsed = parseMail({ from: "ann@example.com", to: "bob@example.org", text: "Hello" });
  if (!parsed.ok) throw new TypeError("no mail");
  return parsed.value;
}

const accepted = (count: number): "accepted"[] => Array<"accepted">(count).fill("accepted");

/** MAIL commands, session by session. */
function mails({ sessions }: MemoryRelay): readonly number[] {
  return sessions.map((lines) => lines.filter((line) => line.startsWith("MAIL")).length);
}

/** Says this once, to the given MAIL of the first session. */
function atMail(nth: number, reply: string): Partial<MemoryOptions> {
  let seen = 0;
  const answer = (line: string, session: number): string | undefined => {
    if (session !== 1 || !line.startsWith("MAIL")) return undefined;
    seen += 1;
    return seen === nth ? reply : undefined;
  };
  return { answer };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("how many sessions", () => {
  it("is one for mails one after the other", async () => {
    const kept = keep();
    expect(await kept.inTurn(3)).toStrictEqual(accepted(3));
    expect(mails(kept)).toStrictEqual([3]);
  });

  it.each([1, 2, 3])("is %s at most for mails at once, which share them", async (maxSessions) => {
    const kept = keep({ maxSessions });
    expect(await kept.atOnce(12)).toStrictEqual(accepted(12));
    expect(mails(kept)).toStrictEqual(Array(maxSessions).fill(12 / maxSessions));
  });

  it("is what the relay grants: the mail goes by a session that is there", async () => {
    const answer = (line: string, session: number): string | undefined =>
      session > 1 && line.startsWith("EHLO") ? "421 4.7.0 Too many connections" : undefined;
    const kept = keep({}, { answer });
    expect(await kept.atOnce(4)).toStrictEqual(accepted(4));
    expect(await kept.atOnce(4)).toStrictEqual(accepted(4));
    // And no further one is tried for a while.
    expect(mails(kept)).toStrictEqual([8, 0]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(await kept.atOnce(2)).toStrictEqual(accepted(2));
    expect(kept.sessions).toHaveLength(2);
  });

  it.each([0, 2000])(
    "is one more where so many wait that it saves time, idle %s ms",
    async (ms) => {
      const kept = keep();
      await kept.inTurn(1);
      await vi.advanceTimersByTimeAsync(ms);
      expect(await kept.atOnce(4)).toStrictEqual(accepted(4));
      expect(mails(kept)).toStrictEqual([5]);
      expect(await kept.atOnce(6)).toStrictEqual(accepted(6));
      expect(mails(kept)).toStrictEqual([10, 1]);
    },
  );

  it("stays one at a cap of one: the others wait for that proof", async () => {
    const kept = keep({ maxSessions: 1 });
    await kept.inTurn(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(await kept.atOnce(6)).toStrictEqual(accepted(6));
    expect(mails(kept)).toStrictEqual([7]);
  });

  it("is none to a relay that opens none, and every mail is told", async () => {
    const kept = keep({}, { answer: (line) => (line.startsWith("EHLO") ? "421 No" : undefined) });
    expect(await kept.atOnce(5)).toStrictEqual(Array(5).fill("deferred"));
    expect(await kept.inTurn(5)).toStrictEqual(Array(5).fill("deferred"));
    expect(kept.sessions).toHaveLength(2);
    expect(kept.pool.isEmpty).toBe(true);
  });

  it("does not matter to a relay that lies about CHUNKING: each mail goes by DATA", async () => {
    const answer = (line: string): string | undefined =>
      line.startsWith("BDAT") ? "502 5.5.1 What?" : undefined;
    const kept = keep({}, { offers: ["PIPELINING", "CHUNKING"], answer });
    expect(await kept.atOnce(4)).toStrictEqual(accepted(4));
    expect(kept.accepted).toHaveLength(4);
  });
});

describe("a session ends", () => {
  it.each(["inTurn", "atOnce"] as const)("after its mails, sent %s", async (how) => {
    const kept = keep({ maxSessions: 1, mailsPerSession: 2 });
    expect(await kept[how](5)).toStrictEqual(accepted(5));
    expect(mails(kept)).toStrictEqual([2, 2, 1]);
    const quits = kept.sessions.map((lines) => lines.filter((line) => line === "QUIT").length);
    expect(quits).toStrictEqual([1, 1, 0]);
  });

  it("never twice over: those that wait for one are served in order", async () => {
    const kept = keep({ maxSessions: 2, mailsPerSession: 1 });
    expect(await kept.atOnce(9)).toStrictEqual(accepted(9));
    expect(mails(kept)).toStrictEqual(Array(9).fill(1));
  });

  it("after it was idle, and the next mail goes by a new one", async () => {
    const kept = keep();
    await kept.inTurn(1);
    await vi.advanceTimersByTimeAsync(7999);
    expect(kept.sessions[0]).not.toContain("QUIT");
    expect(kept.pool.isEmpty).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(kept.sessions[0]?.at(-1)).toBe("QUIT");
    expect(kept.pool.isEmpty).toBe(true);
    expect(await kept.inTurn(1)).toStrictEqual(accepted(1));
    expect(mails(kept)).toStrictEqual([1, 1]);
  });

  it("not while mails come: its idle time begins with the last", async () => {
    const kept = keep();
    for (let sent = 0; sent < 5; sent += 1) {
      await kept.inTurn(1);
      await vi.advanceTimersByTimeAsync(6000);
    }
    expect(mails(kept)).toStrictEqual([5]);
  });

  it("at its age, however busy", async () => {
    const kept = keep({ sessionMs: 10_000 });
    for (let sent = 0; sent < 5; sent += 1) {
      await kept.inTurn(1);
      await vi.advanceTimersByTimeAsync(4000);
    }
    expect(mails(kept)).toStrictEqual([3, 2]);
  });

  it("with the pool, all of them", async () => {
    const kept = keep();
    await kept.atOnce(2);
    await kept.pool.close();
    expect(kept.sessions.map((lines) => lines.at(-1))).toStrictEqual(["QUIT", "QUIT"]);
    expect(kept.pool.isEmpty).toBe(true);
  });
});

describe("a session that is dead", () => {
  it.each([
    ["was closed", "eof"],
    ["says 421", "421 4.4.2 Idle too long"],
  ])("is replaced where it %s before MAIL", async (_, reply) => {
    const kept = keep({}, atMail(2, reply));
    expect(await kept.inTurn(3)).toStrictEqual(accepted(3));
    expect(mails(kept)).toStrictEqual([2, 2]);
    expect(kept.accepted).toHaveLength(3);
  });

  /** The first session says nothing any more, once told so. */
  function falling(): { readonly kept: Kept; readonly fall: () => void } {
    let isDeaf = false;
    let dialled = 0;
    const kept = keep({}, {}, (connect) => async (...address) => {
      const connection = await connect(...address);
      dialled += 1;
      const isFirst = dialled === 1;
      return {
        read: async () => connection.read(),
        write: async (octets) => (isDeaf && isFirst ? undefined : connection.write(octets)),
        startTls: async () => connection.startTls(),
        close: () => connection.close(),
      };
    });
    const fall = (): void => {
      isDeaf = true;
    };
    return { kept, fall };
  }

  it("is replaced where it does not answer MAIL after an idle time", async () => {
    const { kept, fall } = falling();
    await kept.inTurn(1);
    await vi.advanceTimersByTimeAsync(6000);
    fall();
    const sending = kept.inTurn(1);
    await vi.advanceTimersByTimeAsync(3010);
    expect(await sending).toStrictEqual(accepted(1));
    expect(kept.accepted).toHaveLength(2);
    expect(kept.sessions).toHaveLength(2);
  });

  it("holds up one mail: others wait a moment for it, then go by another", async () => {
    const { kept, fall } = falling();
    await kept.inTurn(1);
    await vi.advanceTimersByTimeAsync(6000);
    fall();
    const sending = kept.atOnce(5);
    await vi.advanceTimersByTimeAsync(310);
    await vi.advanceTimersByTimeAsync(0);
    expect(kept.accepted).toHaveLength(5);
    await vi.advanceTimersByTimeAsync(3000);
    expect(await sending).toStrictEqual(accepted(5));
    expect(mails(kept)).toStrictEqual([1, 5]);
  });

  it("is never replaced after content: the mail may have been sent", async () => {
    let contents = 0;
    const answer = (line: string): string | undefined => {
      contents += line === "content" ? 1 : 0;
      return line === "content" && contents === 2 ? "eof" : undefined;
    };
    const kept = keep({}, { answer });
    expect(await kept.inTurn(3)).toStrictEqual(["accepted", "unknown", "accepted"]);
    expect(mails(kept)).toStrictEqual([2, 1]);
  });
});
