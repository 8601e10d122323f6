/** A journal that does not answer: nothing is sent that could not be written down, nothing sent is forgotten. */
import type { D1Database } from "@cloudflare/workers-types";
import { describe, expect, it, vi } from "vitest";

import { tick } from "../../src/cron.ts";
import { arrived } from "../net/control.ts";
import { binding, consume, queue } from "./consume.ts";
import { lifeOf } from "./journalled.ts";
import { db, store } from "./store/samples.ts";
import { deliver, HEARD, waiting } from "./waiting.ts";
import { mail, relays, vars } from "./worker-calls.ts";

/** The database, where calls of this number and after it reject; 0 is the first. */
function broken(from: number, until = Number.POSITIVE_INFINITY): D1Database {
  let calls = 0;
  return new Proxy(db, {
    get: (target, name) => {
      if (name !== "batch") return Reflect.get(target, name).bind(target) as unknown;
      calls += 1;
      if (calls <= from || calls > until) return target.batch.bind(target);
      return async () => Promise.reject(new Error("D1_ERROR: no answer"));
    },
  });
}

const heard = (JOURNAL: D1Database) => vars({ ...HEARD, JOURNAL });

describe("a journal that is broken", () => {
  it("before the attempt begins: the message comes again, and nothing is sent", async () => {
    const body = await waiting();
    expect(await deliver(body, heard(broken(0)))).toBeGreaterThanOrEqual(30);
    expect(await arrived("starttls", body.mail.subject)).toStrictEqual([]);
    expect((await lifeOf(body.id)).mail?.status).toBe("queued");
  });

  it("before a bare mail is admitted: the same", async () => {
    const body = mail();
    const [verdict] = await consume([{ body }], heard(broken(0)));
    expect(verdict).toBeGreaterThanOrEqual(30);
    expect(await arrived("starttls", body.subject)).toStrictEqual([]);
  });

  it("at the suppression list: nothing is sent either", async () => {
    const body = await waiting();
    expect(await deliver(body, heard(broken(1, 2)))).toBeGreaterThanOrEqual(30);
    expect(await arrived("starttls", body.mail.subject)).toStrictEqual([]);
    expect((await lifeOf(body.id)).steps).toStrictEqual(["queued", "deferred"]);
  });

  it("twice when it is to be told the end: the third time counts", async () => {
    const body = await waiting();
    expect(await deliver(body, heard(broken(2, 4)))).toBe("ack");
    expect((await lifeOf(body.id)).mail?.status).toBe("accepted");
  });

  it("for good when it is to be told the end: what is sent is acked, and said in the log", async () => {
    const body = await waiting();
    const fault = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const env = { ...heard(broken(2)), LOG_LEVEL: "error" };
    expect(await deliver(body, env)).toBe("ack");
    expect(fault.mock.calls.map(([line]) => String(line))).toContainEqual(
      expect.stringContaining('"event":"journal.fault","at":"settle"'),
    );
    fault.mockRestore();
    expect(await arrived("starttls", body.mail.subject)).toHaveLength(1);
    // Whoever looks after it finds it in doubt: with UNKNOWN=retry a second copy goes out, and is marked.
    const { mail: found } = await lifeOf(body.id);
    expect(found?.status).toBe("sending");
  });

  it("for good when it is to be told of a deferral: the message comes again", async () => {
    const body = await waiting();
    const env = { ...relays([1]), ...HEARD, JOURNAL: broken(2) };
    expect(await deliver(body, env)).toBeGreaterThanOrEqual(30);
    const turn = { id: body.id, turn: 0 };
    const [again] = await store.journal.begin([turn], { nowMs: Date.now(), leaseMs: 1 });
    expect(again?.kind).toBe("busy");
  });
});

it.each(Array.from({ length: 8 }, (_, call) => call))(
  "whatever call to the journal is the last that is answered (%i), the mail is sent, and a second copy marked",
  async (call) => {
    const [body, uuid, timestamp] = [mail(), crypto.randomUUID(), new Date()];
    const message = { body, id: uuid.replaceAll("-", ""), timestamp };
    const [first] = await consume([message], { ...heard(broken(call)), MAIL_QUEUE: binding });
    // The journal is back, and so is the message, unless it is done with.
    const env = { ...heard(db), MAIL_QUEUE: binding };
    if (first !== "ack") await consume([{ ...message, attempts: 2 }], env);
    // Later than any lease; whatever is not settled by then comes from the journal.
    await tick(env, Date.now() + 7_200_000);
    for (const { body: again } of queue.again.filter((one) => isOf(one.body, uuid))) {
      await consume([{ body: again }], env);
    }
    const { mail: found, steps } = await lifeOf(uuid);
    expect(found?.status).toBe("accepted");
    const copies = await arrived("starttls", body.subject);
    expect(copies.length).toBeGreaterThanOrEqual(1);
    expect(copies.length).toBeLessThanOrEqual(steps.includes("interrupted") ? 2 : 1);
  },
);

function isOf(body: unknown, uuid: string): boolean {
  return (body as { readonly id?: unknown }).id === uuid;
}
