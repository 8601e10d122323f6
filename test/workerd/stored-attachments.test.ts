/** Attachments that stand in a bucket, from the request or the queue to the relay. */
import { env } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { bucketStore } from "../../src/store/bucket.ts";
import type { Env } from "../../src/env.ts";
import { arrived } from "../net/control.ts";
import { consume, queue, binding } from "./consume.ts";
import { mail, post, vars } from "./worker-calls.ts";

const SPOOL = (env as Env).SPOOL;
if (SPOOL === undefined) throw new TypeError("the tests bind SPOOL");
const LARGE = new Uint8Array(3_000_000).map((_, at) => (at * 7919) >> 5);

function withFile(r2Key: string) {
  return mail({ attachments: [{ r2Key, filename: "a.bin" }] });
}

/** The octets of the attachment, as they arrived. */
function attached(raw: string | undefined): Uint8Array {
  const [, base64 = ""] =
    /filename="a.bin"\r\n\r\n([A-Za-z0-9+/=\r\n]*)\r\n--/.exec(raw ?? "") ?? [];
  return Uint8Array.from(atob(base64.replaceAll("\r\n", "")), (digit) => digit.charCodeAt(0));
}

describe("an attachment by key", () => {
  it("arrives as it stands in the bucket", async () => {
    await SPOOL.put("large.bin", LARGE);
    const input = withFile("large.bin");
    expect((await post("/emails", input, { env: vars({ SPOOL }) })).status).toBe(200);
    const [one] = await arrived("starttls", input.subject);
    const octets = attached(one?.raw);
    expect(octets.length).toBe(LARGE.length);
    expect(octets.every((octet, at) => octet === LARGE[at])).toBe(true);
  });

  it("is refused where it is not there, and where no bucket is bound", async () => {
    const missing = await post("/emails", withFile("missing"), { env: vars({ SPOOL }) });
    expect(missing).toMatchObject({
      status: 422,
      body: { name: "invalid_attachment", errors: [{ pointer: "#/attachments/0/r2Key" }] },
    });
    const unbound = await post("/emails", withFile("large.bin"));
    expect(unbound.status).toBe(422);
    expect(unbound.body["message"]).toContain("SPOOL");
  });

  it("is looked up before the mail is queued, and stays a key in the queue", async () => {
    const headers = { prefer: "respond-async" };
    const bindings = vars({ SPOOL, MAIL_QUEUE: binding });
    const missing = await post("/emails", withFile("missing"), { env: bindings, headers });
    expect(missing.status).toBe(422);
    expect(queue.again).toHaveLength(0);

    await SPOOL.put("large.bin", LARGE);
    const input = withFile("large.bin");
    expect((await post("/emails", input, { env: bindings, headers })).status).toBe(202);
    const [{ body } = { body: undefined }] = queue.again;
    expect(JSON.stringify(body).length).toBeLessThan(1000);
    expect(await consume([{ body }], bindings)).toStrictEqual(["ack"]);
    const [one] = await arrived("starttls", input.subject);
    expect(attached(one?.raw).length).toBe(LARGE.length);
  });

  it("that cannot be looked up is 503 before the mail is queued, too", async () => {
    const failing = { head: async () => Promise.reject(new Error("internal error (10001)")) };
    const bindings = vars({
      SPOOL: failing as unknown as NonNullable<Env["SPOOL"]>,
      MAIL_QUEUE: binding,
    });
    for (const headers of [{}, { prefer: "respond-async" }]) {
      const { status, body } = await post("/emails", withFile("a"), { env: bindings, headers });
      expect(status).toBe(503);
      expect(body).toMatchObject({ retryable: true });
    }
    expect(queue.again).toHaveLength(0);
  });

  it("is never another version than the one that was found", async () => {
    await SPOOL.put("changing.bin", LARGE);
    const found = await bucketStore(SPOOL).find("changing.bin");
    await SPOOL.put("changing.bin", new Uint8Array(LARGE.length));
    const reading = async (): Promise<void> => {
      for await (const _ of found?.open() ?? []) throw new TypeError("it was read");
    };
    await expect(reading()).rejects.toThrow("has changed");
    await SPOOL.delete("changing.bin");
    await expect(reading()).rejects.toThrow("is gone");
  });
});
