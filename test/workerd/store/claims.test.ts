/** Idempotency keys: of any number at once one comes first. */
import { describe, expect, it } from "vitest";

import type { ClaimRequest } from "../../../src/store/claims.ts";
import { MINUTE, NOW, store } from "./samples.ts";

const { claims } = store;

function request(more: Partial<ClaimRequest> = {}): ClaimRequest {
  return {
    scope: `app ${crypto.randomUUID()}`,
    fingerprint: "digest",
    ids: [crypto.randomUUID()],
    nowMs: NOW,
    leaseMs: MINUTE,
    expiresAtMs: NOW + 100 * MINUTE,
    ...more,
  };
}

/** The same request as it comes again: with new ids. */
function again(first: ClaimRequest, more: Partial<ClaimRequest> = {}): ClaimRequest {
  return { ...request(), scope: first.scope, ...more };
}

const ANSWER = { status: 200, body: { id: "é 😀", list: [1, null, "\u0000"] } };

describe("claims", () => {
  it("are given to one of twenty at once", async () => {
    const { scope } = request();
    const all = await Promise.all(
      Array.from({ length: 20 }, async () => claims.claim(request({ scope }))),
    );
    expect(all.filter(({ kind }) => kind === "claimed")).toHaveLength(1);
    expect(all.filter(({ kind }) => kind === "busy")).toHaveLength(19);
  });

  it("give the same answer to all that come after", async () => {
    const first = request();
    expect(await claims.claim(first)).toStrictEqual({ kind: "claimed" });
    await claims.answer(first, ANSWER);
    for (const nowMs of [NOW, NOW + 2 * MINUTE]) {
      expect(await claims.claim(again(first, { nowMs }))).toStrictEqual({
        kind: "answered",
        answer: ANSWER,
      });
    }
  });

  it("keep a body that is null, and the first of two answers", async () => {
    const first = request();
    await claims.claim(first);
    await claims.answer(first, { status: 204, body: null });
    await claims.answer(first, ANSWER);
    expect(await claims.claim(again(first))).toStrictEqual({
      kind: "answered",
      answer: { status: 204, body: null },
    });
  });

  it.each([
    ["at once", NOW],
    ["after the lease", NOW + MINUTE],
  ])("tell that something else was asked, %s", async (_, nowMs) => {
    const first = request();
    await claims.claim(first);
    expect(await claims.claim(again(first, { fingerprint: "other", nowMs }))).toStrictEqual({
      kind: "other",
    });
  });

  it("tell that something else was asked and answered", async () => {
    const first = request();
    await claims.claim(first);
    await claims.answer(first, ANSWER);
    expect(await claims.claim(again(first, { fingerprint: "other" }))).toStrictEqual({
      kind: "other",
    });
  });

  it("are taken over by one where the lease is over, with the ids of the first", async () => {
    const first = request({ ids: ["a", "b"] });
    await claims.claim(first);
    const late = NOW + MINUTE;
    expect(await claims.claim(again(first, { nowMs: late - 1 }))).toStrictEqual({ kind: "busy" });
    const all = await Promise.all(
      Array.from({ length: 10 }, async () => claims.claim(again(first, { nowMs: late }))),
    );
    expect(all.filter(({ kind }) => kind === "abandoned")).toStrictEqual([
      { kind: "abandoned", ids: ["a", "b"] },
    ]);
    expect(all.filter(({ kind }) => kind === "busy")).toHaveLength(9);
    expect(await claims.claim(again(first, { nowMs: late + MINUTE }))).toStrictEqual({
      kind: "abandoned",
      ids: ["a", "b"],
    });
  });

  it("heed only the one who has them", async () => {
    const first = request();
    await claims.claim(first);
    const second = again(first, { nowMs: NOW + MINUTE });
    await claims.claim(second);
    await claims.release(first);
    await claims.answer(first, { status: 500, body: {} });
    expect(await claims.claim(again(first, { nowMs: NOW + MINUTE }))).toStrictEqual({
      kind: "busy",
    });
    await claims.answer(second, ANSWER);
    expect(await claims.claim(again(first))).toMatchObject({ kind: "answered", answer: ANSWER });
  });

  it("are free again when released, and not once answered", async () => {
    const first = request();
    await claims.claim(first);
    await claims.release(first);
    const second = again(first);
    expect(await claims.claim(second)).toStrictEqual({ kind: "claimed" });
    await claims.answer(second, ANSWER);
    await claims.release(second);
    expect(await claims.claim(again(first))).toMatchObject({ kind: "answered" });
  });

  it("count as absent once expired", async () => {
    const first = request({ expiresAtMs: NOW + MINUTE });
    await claims.claim(first);
    await claims.answer(first, ANSWER);
    expect(await claims.claim(again(first, { nowMs: NOW + MINUTE - 1 }))).toMatchObject({
      kind: "answered",
    });
    const other = again(first, { nowMs: NOW + MINUTE, fingerprint: "other" });
    expect(await claims.claim(other)).toStrictEqual({ kind: "claimed" });
  });

  it("are forgotten once expired, in steps", async () => {
    await claims.forget(Number.MAX_SAFE_INTEGER);
    const kept = request();
    await claims.claim(kept);
    const gone = Array.from({ length: 20 }, () => request({ expiresAtMs: NOW + MINUTE }));
    for (const each of gone) await claims.claim(each);
    expect(await claims.forget(NOW + MINUTE - 1)).toBe(0);
    expect(await claims.forget(NOW + MINUTE)).toBe(20);
    expect(await claims.claim(again(kept))).toStrictEqual({ kind: "busy" });
  });

  it("hold scopes of 512 characters, whatever they are", async () => {
    const scope = "'\"%_😀;--".repeat(60).slice(0, 512);
    expect(await claims.claim(request({ scope }))).toStrictEqual({ kind: "claimed" });
    expect(await claims.claim(request({ scope }))).toStrictEqual({ kind: "busy" });
    expect(await claims.claim(request({ scope: `${scope} ` }))).toStrictEqual({ kind: "claimed" });
  });
});
