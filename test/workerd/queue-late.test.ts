/** Attempts that end after the mail has gone to another turn: what they find out is logged, and no more. */
import { env as bound } from "cloudflare:test";
import type { R2Bucket } from "@cloudflare/workers-types";
import { expect, it, vi } from "vitest";

import { putSpooled, readSpooled } from "../../src/store/spool.ts";
import { arrived } from "../net/control.ts";
import { queued } from "./consume.ts";
import { lifeOf } from "./journalled.ts";
import { db, store } from "./store/samples.ts";
import { deliver, HEARD, toldOf, waiting } from "./waiting.ts";
import { vars } from "./worker-calls.ts";

const { SPOOL } = bound as unknown as { readonly SPOOL: R2Bucket };

it("a late attempt neither tells of a mail nor removes what its next turn sends", async () => {
  const body = queued();
  const spooled = await putSpooled(SPOOL, body.id, JSON.stringify(body));
  await waiting({}, { id: body.id, body: JSON.stringify({ id: body.id, spooled }) });
  // Between the beginning and the end of the first attempt the clock gives it up.
  let hasTaken = false;
  const slow = new Proxy(SPOOL, {
    get: (target, name) => {
      if (name !== "get") return Reflect.get(target, name).bind(target) as unknown;
      return async (key: string) => {
        const object = await target.get(key);
        if (!hasTaken)
          await db.prepare("UPDATE mails SET check_at = 1 WHERE id = ?1").bind(body.id).run();
        const nowMs = Date.now();
        const time = { nowMs, untilMs: nowMs, checkAtMs: nowMs + 3_600_000, limit: 100 };
        if (!hasTaken) await store.journal.takeDue(time);
        hasTaken = true;
        return object;
      };
    },
  });
  const info = vi.spyOn(console, "info").mockImplementation(() => undefined);
  expect(await deliver(body, vars({ ...HEARD, SPOOL: slow, LOG_LEVEL: "info" }))).toBe("ack");
  const lines = info.mock.calls.map(([line]) => String(line));
  info.mockRestore();
  expect(lines).toContainEqual(expect.stringMatching(/"mail\.accepted".+"journal":"over"/));
  expect(toldOf(body.id)).toStrictEqual([]);
  expect(await readSpooled(SPOOL, spooled)).toBeTypeOf("string");

  expect(await deliver(body, vars({ ...HEARD, SPOOL }), { turn: 1 })).toBe("ack");
  const { mail, steps } = await lifeOf(body.id);
  expect(mail?.status).toBe("accepted");
  expect(steps).toStrictEqual(["queued", "interrupted", "accepted"]);
  expect(toldOf(body.id)).toStrictEqual([["email.sent", ["bob@example.org"]]]);
  expect(await readSpooled(SPOOL, spooled)).toBeUndefined();
  expect(await arrived("starttls", body.mail.subject)).toHaveLength(2);
});
