/** The limits that stand in one place, each at its edge. */
import { describe, expect, it } from "vitest";

import { readAddresses } from "../../src/mail/addresses.ts";
import type { Field } from "../../src/mail/fields.ts";
import { LIMITS } from "../../src/mail/limits.ts";
import { readListUnsubscribe } from "../../src/mail/list-unsubscribe.ts";
import { readRequests } from "../../src/mail/requests.ts";
import type { Problem } from "../../src/smtp/outcome.ts";

const fieldsOf = (input: object): ReadonlyMap<string, Field> =>
  new Map(
    Object.entries(input).map(([name, value]) => [name, { name, pointer: `/${name}`, value }]),
  );

function problemsOf(read: (problems: Problem[]) => unknown): readonly string[] {
  const problems: Problem[] = [];
  read(problems);
  return problems.map(({ pointer }) => pointer);
}

describe("the limit", () => {
  const people = (count: number) => Array.from({ length: count }, (_, at) => `u${at}@example.com`);

  it.each([
    [
      "of recipients in one field",
      { to: people(LIMITS.recipients) },
      { to: people(LIMITS.recipients + 1) },
      "/to",
    ],
    [
      "of recipients in all",
      { to: people(LIMITS.recipients), cc: "u0@example.com" },
      { to: people(LIMITS.recipients), cc: "v@example.com" },
      "/to",
    ],
  ])("%s is kept", (_, within, beyond, pointer) => {
    const read = (input: object) =>
      problemsOf((problems) =>
        readAddresses(fieldsOf({ from: "a@example.com", ...input }), problems),
      );
    expect(read(within)).toStrictEqual([]);
    expect(read(beyond)).toStrictEqual([pointer]);
  });

  it("of seconds is kept", () => {
    const read = (seconds: number) =>
      problemsOf((problems) =>
        readRequests(fieldsOf({ holdForSeconds: seconds, deliverBy: { seconds } }), problems),
      );
    expect(LIMITS.requestSeconds).toBe(366 * 86_400);
    expect(read(LIMITS.requestSeconds)).toStrictEqual([]);
    expect(read(LIMITS.requestSeconds + 1)).toStrictEqual([
      "/deliverBy/seconds",
      "/holdForSeconds",
    ]);
  });

  it("of a URI is kept, and fits a line", () => {
    const read = (length: number) => {
      const url = "https://example.com/".padEnd(length, "a");
      return problemsOf((problems) =>
        readListUnsubscribe(fieldsOf({ x: { url } }).get("x"), problems),
      );
    };
    expect(read(LIMITS.unsubscribeUriLength)).toStrictEqual([]);
    expect(read(LIMITS.unsubscribeUriLength + 1)).toHaveLength(1);
    expect("List-Unsubscribe: <>,".length + LIMITS.unsubscribeUriLength).toBeLessThan(998);
  });
});
