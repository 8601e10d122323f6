/** Mails that may have been sent: whatever happens next, nobody is told that they were not. */
import { env as bound } from "cloudflare:test";
import type { R2Bucket } from "@cloudflare/workers-types";
import { expect, it } from "vitest";

import { putSpooled } from "../../src/store/spool.ts";
import { arrived } from "../net/control.ts";
import { queued } from "./consume.ts";
import { lifeOf } from "./journalled.ts";
import { store } from "./store/samples.ts";
import { deliver, HEARD, toldOf, waiting } from "./waiting.ts";
import { vars } from "./worker-calls.ts";

const { SPOOL } = bound as unknown as { readonly SPOOL: R2Bucket };
const heard = (more = {}) => vars({ ...HEARD, SPOOL, ...more });

/** A bucket that does not answer. */
const SILENT = { get: async () => Promise.reject(new Error("R2")) } as unknown as R2Bucket;

it.each([
  ["fail", 0, "unknown", "email.failed"],
  ["retry", 1, "accepted", "email.sent"],
])(
  "doubt outlives a SPOOL that does not answer: UNKNOWN=%s",
  async (UNKNOWN, times, status, type) => {
    const body = queued();
    const spooled = await putSpooled(SPOOL, body.id, JSON.stringify(body));
    await waiting({}, { id: body.id, body: JSON.stringify({ id: body.id, spooled }) });
    const turn = { id: body.id, turn: 0 };
    // Made, and perhaps sent, and never settled.
    await store.journal.begin([turn], { nowMs: Date.now() - 10_000, leaseMs: 5000 });
    await deliver(body, heard({ SPOOL: SILENT, UNKNOWN }), { attempts: 2 });
    await deliver(body, heard({ UNKNOWN }), { attempts: 3 });
    const life = await lifeOf(body.id);
    expect(life.mail?.status).toBe(status);
    expect(life.steps.filter((step) => step === "interrupted")).toHaveLength(1);
    expect(toldOf(body.id)).toStrictEqual([[type, ["bob@example.org"]]]);
    expect(await arrived("starttls", body.mail.subject)).toHaveLength(times);
  },
);
