/** Mails that may have been sent: whatever happens next, nobody is told that they were not. */
import { env as bound } from "cloudflare:test";
import type { R2Bucket } from "@cloudflare/workers-types";
import { describe, expect, it } from "vitest";

import { putSpooled } from "../../src/store/spool.ts";
import { verdictOf } from "../../src/verdict.ts";
import { arrived, hostile, received } from "../net/control.ts";
import { queued } from "./consume.ts";
import { lifeOf } from "./journalled.ts";
import { store } from "./store/samples.ts";
import { deliver, HEARD, toldOf, waiting } from "./waiting.ts";
import { relays, vars } from "./worker-calls.ts";

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

describe("a mail whose attempt ended without a reply to all of it", () => {
  /** After its first attempt, under UNKNOWN=retry. */
  async function unsure(more = {}) {
    const port = await hostile({ at: "final-dot", what: "eof" });
    const body = await waiting(more);
    await deliver(body, { ...relays([port]), ...HEARD });
    expect(await received(port)).toHaveLength(1);
    return body;
  }

  it("has not failed where no later attempt reaches a relay", async () => {
    const body = await unsure();
    await deliver(body, { ...relays([1]), ...HEARD }, { attempts: 2 });
    await deliver(body, heard(), { attempts: 13, queueName: "postrider-dead" });
    const { mail, steps } = await lifeOf(body.id);
    expect(mail?.status).toBe("unknown");
    expect(steps).toStrictEqual(["queued", "deferred", "deferred", "unknown"]);
    const data = (await store.journal.events(body.id)).at(-1)?.data;
    expect(data).toMatchObject({ possibleDuplicate: true });
    expect(toldOf(body.id).map(([type]) => type)).toStrictEqual([
      "email.delivery_delayed",
      "email.failed",
    ]);
  });

  it("is not refused where a later attempt is", async () => {
    const body = await unsure({ to: "unknown@example.org" });
    await deliver(body, heard({ SUPPRESS_REFUSED: "off" }), { attempts: 2 });
    expect((await lifeOf(body.id)).mail?.status).toBe("unknown");
  });

  it("is accepted where a later attempt is", async () => {
    const body = await unsure();
    expect(await deliver(body, heard(), { attempts: 2 })).toBe("ack");
    expect((await lifeOf(body.id)).mail?.status).toBe("accepted");
  });
});

describe("a verdict on a mail that an earlier attempt may have sent", () => {
  const reply = { code: 550, enhanced: "5.7.1", lines: ["5.7.1 no"] };
  const rest = { relay: "relay:587", messageId: "<a@example.com>" };
  const attempt = { number: 2, tookMs: 1, canRetry: true, wasAccepted: false, mayBeSent: true };
  const recipients = ["bob@example.org"];

  it("is unknown, with its reason, where the relay refuses it now", () => {
    const failure = { cause: "reply", stage: "rcpt", message: "relay refused", reply } as const;
    const verdict = verdictOf(
      { status: "refused", failure: { ...failure, transcript: [] }, ...rest },
      { ...attempt, recipients, unknown: "retry" },
    );
    expect(verdict).toMatchObject({
      status: "unknown",
      entry: { type: "unknown", data: { reason: "relay refused", possibleDuplicate: true } },
      tidings: [{ type: "email.failed", reason: expect.stringContaining("may have sent it") }],
    });
  });

  it.each([
    ["retry", "accepted"],
    ["fail", "unknown"],
  ] as const)("where the rest is accepted: UNKNOWN=%s", (unknown, status) => {
    const verdict = verdictOf(
      { status: "accepted", accepted: recipients, refused: [], reply, ...rest },
      { ...attempt, recipients, unknown, wasAccepted: true },
    );
    expect(verdict.status).toBe(status);
    expect(verdict.tidings).toMatchObject([{ type: "email.sent", recipients }]);
  });

  it("keeps in mind who is neither accepted nor owed", () => {
    const verdict = verdictOf(
      {
        status: "accepted",
        accepted: ["ann@example.org"],
        refused: [{ recipient: "bob@example.org", reply: { code: 451, lines: ["later"] } }],
        unknown: ["cid@example.org"],
        reply,
        ...rest,
      },
      { ...attempt, mayBeSent: false, recipients, unknown: "fail" },
    );
    expect(verdict).toMatchObject({ status: "deferred", owed: recipients, mayBeSent: true });
  });
});
