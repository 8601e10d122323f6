/** STAGING_RECIPIENT: whatever waits keeps its own recipients, and they are judged, not the one of staging. */
import { beforeEach, describe, expect, it } from "vitest";

import { arrived } from "../net/control.ts";
import { binding, consume, one, queue, queued } from "./consume.ts";
import { journalled, lifeOf, store } from "./journalled.ts";
import { deliver, HEARD, toldOf, waiting } from "./waiting.ts";
import { mail, post, relays, vars } from "./worker-calls.ts";

const DEV = "dev@example.com";
const staging = (more = {}) => journalled({ MAIL_QUEUE: binding, STAGING_RECIPIENT: DEV, ...more });

beforeEach(async () => {
  await store.suppressions.remove(DEV);
});

describe("a mail that waits in the queue in staging", () => {
  it.each([
    [
      "where ALLOWED_RECIPIENTS has no place for it",
      async () => ({ ALLOWED_RECIPIENTS: "example.org" }),
    ],
    [
      "where its address is suppressed",
      async () => {
        await store.suppressions.add([{ address: DEV, reason: "refused", note: "", atMs: 1 }]);
        return {};
      },
    ],
  ])("goes to the one recipient, %s", async (_, more) => {
    const env = staging(await more());
    const sent = mail({ to: ["bob@example.org", "cy@example.org"] });
    const answer = await post("/emails", sent, { env, headers: { prefer: "respond-async" } });
    expect(answer.status).toBe(202);
    const messages = queue.again.map(({ body }) => ({ body }));
    expect(await consume(messages, env)).toStrictEqual(["ack"]);
    expect((await lifeOf(answer.body["id"])).mail?.status).toBe("accepted");
    const [found] = await arrived("starttls", sent.subject);
    expect(found?.rcptTo).toStrictEqual([DEV]);
  });

  it("after a direct attempt that was deferred, too", async () => {
    const env = staging({ ALLOWED_RECIPIENTS: "example.org" });
    const sent = mail();
    const down = { ...env, ...relays([1]) };
    const answer = await post("/emails/batch", [sent], { env: down });
    const [{ id } = { id: "" }] = answer.body["data"] as { id: string }[];
    expect((await lifeOf(id)).mail?.status).toBe("deferred");
    expect(await deliver({ id }, env, { attempts: 2 })).toBe("ack");
    const [found] = await arrived("starttls", sent.subject);
    expect(found?.rcptTo).toStrictEqual([DEV]);
  });

  it("is owed to its own recipients, before staging and after", async () => {
    const body = await waiting({ to: ["bob@example.org", "later@example.org"] });
    await deliver(body, vars(HEARD));
    const down = { ...vars(HEARD), ...relays([1]), STAGING_RECIPIENT: DEV };
    await deliver(body, down, { attempts: 2 });
    const [begun] = await store.journal.begin([{ id: body.id, turn: 0 }], {
      nowMs: Date.now() - 1000,
      leaseMs: 1,
    });
    expect(begun).toMatchObject({ kind: "begun", owed: ["later@example.org"] });
    const env = vars({ ...HEARD, STAGING_RECIPIENT: DEV });
    expect(await deliver(body, env, { attempts: 3 })).toBe("ack");
    const [, staged] = await arrived("starttls", body.mail.subject);
    expect(staged?.rcptTo).toStrictEqual([DEV]);
    expect((await lifeOf(body.id)).mail?.status).toBe("accepted");
    expect(toldOf(body.id).at(-1)).toStrictEqual(["email.sent", [DEV]]);
  });

  it("without a journal goes to the one recipient as well", async () => {
    const body = queued();
    const env = vars({ STAGING_RECIPIENT: DEV, ALLOWED_RECIPIENTS: "example.org" });
    expect(await one(body, env)).toBe("ack");
    const [found] = await arrived("starttls", body.mail.subject);
    expect(found?.rcptTo).toStrictEqual([DEV]);
  });
});
