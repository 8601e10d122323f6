/** Mails that stand in SPOOL: one at a time is read, at its own attempt, and none that is given up. */
import { env as bound } from "cloudflare:test";
import type { R2Bucket } from "@cloudflare/workers-types";
import { expect, it } from "vitest";

import { putSpooled, readSpooled } from "../../src/store/spool.ts";
import { arrived } from "../net/control.ts";
import { consume, queued } from "./consume.ts";
import { lifeOf } from "./journalled.ts";
import { deliver, HEARD, toldOf, waiting } from "./waiting.ts";
import { vars } from "./worker-calls.ts";

const { SPOOL } = bound as unknown as { readonly SPOOL: R2Bucket };
const { JOURNAL: _journal, ...VAIN } = HEARD;

async function spooledMail() {
  const body = queued();
  const spooled = await putSpooled(SPOOL, body.id, JSON.stringify(body));
  await waiting({}, { id: body.id, body: JSON.stringify({ id: body.id, spooled }) });
  return { ...body, spooled };
}

/** The bucket, and whenever it is read how many of the mails before have arrived. */
function watched(subjects: readonly string[]) {
  const seen: number[] = [];
  const bucket = new Proxy(SPOOL, {
    get: (target, name) => {
      if (name !== "get") return Reflect.get(target, name).bind(target) as unknown;
      return async (key: string) => {
        const before = subjects.slice(0, seen.length);
        seen.push(0);
        const at = seen.length - 1;
        const there = await Promise.all(before.map(async (one) => arrived("starttls", one)));
        seen[at] = there.filter((found) => found.length > 0).length;
        return target.get(key);
      };
    },
  });
  return { seen, bucket };
}

it.each([
  ["with a journal", HEARD],
  ["without a journal", VAIN],
])("none is read before the one before is sent, %s", async (name, more) => {
  const mails = [await spooledMail(), await spooledMail(), await spooledMail()];
  const { seen, bucket } = watched(mails.map(({ mail }) => mail.subject));
  const messages = mails.map(({ id, spooled }) => ({
    body: name === "with a journal" ? { id, turn: 0 } : { id, spooled },
  }));
  const verdicts = await consume(messages, vars({ ...more, SPOOL: bucket }));
  expect(verdicts).toStrictEqual(["ack", "ack", "ack"]);
  expect(seen).toStrictEqual([0, 1, 2]);
  for (const { spooled } of mails) expect(await readSpooled(SPOOL, spooled)).toBeUndefined();
});

it.each([
  ["is not bound", undefined],
  ["does not answer", { get: async () => Promise.reject(new Error("R2")) }],
])("one that is given up ends where SPOOL %s", async (_, bucket) => {
  const body = await spooledMail();
  const env = { ...vars(HEARD), ...(bucket === undefined ? {} : { SPOOL: bucket as never }) };
  const dead = { attempts: 13, queueName: "postrider-dead" };
  expect(await deliver(body, env, dead)).toBe("ack");
  expect((await lifeOf(body.id)).mail?.status).toBe("failed");
  expect(toldOf(body.id)).toStrictEqual([["email.failed", ["bob@example.org"]]]);
});
