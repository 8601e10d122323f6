/** The suppression list, and what a database without tables looks like. */
import { env } from "cloudflare:test";
import type { D1Database } from "@cloudflare/workers-types";
import { beforeEach, describe, expect, it } from "vitest";

import { storeFault } from "../../../src/store/d1/fault.ts";
import { openStore } from "../../../src/store/d1/store.ts";
import type { Suppression } from "../../../src/store/suppressions.ts";
import { db, empty, newMail, NOW, store } from "./samples.ts";

const { suppressions } = store;

beforeEach(empty);

function entry(address: string, more: Partial<Suppression> = {}): Suppression {
  return { address, reason: "refused", note: "550 5.1.1 no such user", atMs: NOW, ...more };
}

describe("suppressions", () => {
  it("are those of 300 addresses that are on the list", async () => {
    const all = Array.from({ length: 300 }, (_, at) => `user${at}@example.com`);
    const listed = all.filter((_, at) => at % 7 === 0);
    await suppressions.add([...listed, "else@example.org"].map((address) => entry(address)));
    expect(await suppressions.among(all)).toStrictEqual(new Set(listed));
    expect(await suppressions.among([])).toStrictEqual(new Set());
    expect(await suppressions.among(["nobody@example.net"])).toStrictEqual(new Set());
  });

  it("are as many as two parameters hold", async () => {
    const long = (at: number) => `${String(at).padStart(64, "x")}@${"a.".repeat(90)}example.com`;
    const all = Array.from({ length: 3000 }, (_, at) => long(at));
    await suppressions.add(all.map((address) => entry(address)));
    expect((await suppressions.among(all)).size).toBe(3000);
  });

  it("stay as they are where they are there already", async () => {
    const first = entry("čen'\"@example.com", { note: "😀" });
    await suppressions.add([first]);
    await suppressions.add([
      entry(first.address, { reason: "manual", note: "other", atMs: NOW + 1 }),
    ]);
    await suppressions.add([]);
    expect(await suppressions.list({ limit: 10 })).toStrictEqual([first]);
    expect(await suppressions.find(first.address)).toStrictEqual(first);
    expect(await suppressions.find("else@example.com")).toBeUndefined();
  });

  it("tell upper case from lower case, as a mailbox may", async () => {
    await suppressions.add([entry("Ann@example.com")]);
    expect(await suppressions.among(["ann@example.com"])).toStrictEqual(new Set());
  });

  it("are listed by address, page by page", async () => {
    const all = ["b@example.com", "a@example.com", "c@example.com"].map((address) =>
      entry(address),
    );
    await suppressions.add(all);
    const addresses = async (query: { readonly limit: number; readonly after?: string }) =>
      (await suppressions.list(query)).map(({ address }) => address);
    expect(await addresses({ limit: 2 })).toStrictEqual(["a@example.com", "b@example.com"]);
    expect(await addresses({ limit: 2, after: "b@example.com" })).toStrictEqual(["c@example.com"]);
    expect(await addresses({ limit: 2, after: "bb@example.com" })).toStrictEqual(["c@example.com"]);
  });

  it("are gone once removed", async () => {
    await suppressions.add([entry("a@example.com")]);
    expect(await suppressions.remove("a@example.com")).toBe(true);
    expect(await suppressions.remove("a@example.com")).toBe(false);
    expect(await suppressions.among(["a@example.com"])).toStrictEqual(new Set());
  });
});

describe("a database without tables", () => {
  const {
    journal,
    claims,
    suppressions: list,
  } = openStore((env as unknown as { readonly NOT_MIGRATED: D1Database }).NOT_MIGRATED);

  it.each<[string, () => Promise<unknown>]>([
    ["admit", async () => journal.admit([newMail()])],
    ["begin", async () => journal.begin([{ id: "x", turn: 0 }], { nowMs: NOW, leaseMs: 1 })],
    ["mail", async () => journal.mail("x")],
    ["list", async () => journal.list({ limit: 1 })],
    ["among", async () => list.among(["a@example.com"])],
    ["release", async () => claims.release({ scope: "x", ids: [] })],
  ])("is told apart by %s", async (_, call) => {
    const fault = await call().then(() => "none", storeFault);
    expect(fault).toBe("not migrated");
  });

  it("is no other than one with the tables of an older version", async () => {
    const error = await db
      .prepare("INSERT INTO mails (new_column) VALUES (1)")
      .run()
      .catch((reason: unknown) => reason);
    expect(storeFault(error)).toBe("not migrated");
  });

  it.each([
    new Error("D1_ERROR: Network connection lost."),
    new Error("D1_ERROR: database is locked: SQLITE_BUSY", { cause: new Error("SQLITE_BUSY") }),
    "text",
    undefined,
  ])("is told apart from one that does not answer: %s", (error) => {
    expect(storeFault(error)).toBe("unavailable");
  });

  it("is seen behind another error", () => {
    const cause = new Error("no such table: mails: SQLITE_ERROR");
    expect(storeFault(new Error("D1_ERROR", { cause }))).toBe("not migrated");
  });
});
