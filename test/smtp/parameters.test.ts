/** What a mail asks for beyond delivery: the words for it, and what a relay cannot meet. */
import { describe, expect, it } from "vitest";

import { parseCapabilities } from "../../src/smtp/capabilities.ts";
import { lackOf, mailWords, rcptWords, xtext, type Requests } from "../../src/smtp/parameters.ts";

const SECURED = { isSecured: true };
const EVERYTHING: Requests = {
  dsn: { notify: ["SUCCESS", "FAILURE"], ret: "HDRS", envid: "order 7" },
  requireTls: true,
  priority: 3,
  deliverBy: { seconds: 60, mode: "N", trace: true },
  holdForSeconds: 30,
  submitter: "ann+news@example.com",
};

const offering = (...lines: readonly string[]) =>
  parseCapabilities({ code: 250, lines: ["relay.example.net", ...lines] });

/** The name and the message of what is thrown. */
function fault(act: () => unknown): readonly [string, string] | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof Error ? [error.name, error.message] : undefined;
  }
}

describe("a relay", () => {
  const wishes: readonly (readonly [string, Requests])[] = [
    ["DSN", { dsn: {} }],
    ["REQUIRETLS", { requireTls: true }],
    ["MT-PRIORITY", { priority: 0 }],
    ["DELIVERBY", { deliverBy: { seconds: 60, mode: "R" } }],
    ["FUTURERELEASE", { holdForSeconds: 60 }],
    ["AUTH", { submitter: "" }],
  ];

  it.each(wishes)("must offer %s where a mail asks for it", (extension, requests) => {
    expect(lackOf(requests, offering(), SECURED)).toStrictEqual({
      extension,
      message: `the mail asks for ${extension}, which the relay does not offer`,
    });
    expect(lackOf(requests, offering(extension), SECURED)).toBeUndefined();
  });

  it.each([
    ["nothing", {}],
    ["no TLS", { requireTls: false }],
  ])("need offer nothing to a mail that asks for %s", (_, requests) => {
    expect(lackOf(requests, offering(), SECURED)).toBeUndefined();
  });

  it("is told the first that it lacks", () => {
    const lack = lackOf(EVERYTHING, offering("DSN", "REQUIRETLS", "DELIVERBY"), SECURED);
    expect(lack?.extension).toBe("MT-PRIORITY");
  });

  it("may offer REQUIRETLS in vain without TLS", () => {
    const plain = { isSecured: false };
    const message = "REQUIRETLS cannot be asked for without TLS";
    const lack = { extension: "REQUIRETLS", message };
    expect(lackOf({ requireTls: true }, offering("REQUIRETLS"), plain)).toStrictEqual(lack);
    expect(lackOf({ priority: 1 }, offering("MT-PRIORITY"), plain)).toBeUndefined();
  });

  const by = (seconds: number, mode: "R" | "N"): Requests => ({ deliverBy: { seconds, mode } });
  const tooSoon = "the mail is to be delivered within 119 s, the relay needs 120";
  const past = "the mail is to be delivered within -1 s, the relay needs 0";
  const tooLong = "the mail is to be held for 121 s, the relay holds 120 at most";
  const limits: readonly (readonly [string, string, Requests, string | undefined])[] = [
    ["the shortest time it needs", "DELIVERBY 120", by(120, "R"), undefined],
    ["less than that", "DELIVERBY 120", by(119, "R"), tooSoon],
    ["less than that, which it may only notify of", "DELIVERBY 120", by(119, "N"), undefined],
    ["a second, where it names no time", "DELIVERBY", by(1, "R"), undefined],
    ["a second, where it names nonsense", "DELIVERBY x", by(1, "R"), undefined],
    ["a second, where it names a time and more", "DELIVERBY 120s", by(1, "R"), undefined],
    ["a second, where it names a sign", "DELIVERBY +120", by(1, "R"), undefined],
    ["a second, where it names ten digits", "DELIVERBY 1000000000", by(1, "R"), undefined],
    ["no time that is past", "DELIVERBY", by(-1, "R"), past],
    ["the longest time it holds", "FUTURERELEASE 120 2030", { holdForSeconds: 120 }, undefined],
    ["more than that", "FUTURERELEASE 120 2030", { holdForSeconds: 121 }, tooLong],
    ["long, where it names no time", "FUTURERELEASE", { holdForSeconds: 999_999_999 }, undefined],
    ["long, where it names nonsense", "FUTURERELEASE x60", { holdForSeconds: 61 }, undefined],
    ["long, where it names more nonsense", "FUTURERELEASE 60x", { holdForSeconds: 61 }, undefined],
  ];

  it.each(limits)("is asked for %s", (_, offered, requests, message) => {
    const lack = message === undefined ? undefined : { extension: offered.split(" ")[0], message };
    expect(lackOf(requests, offering(offered), SECURED)).toStrictEqual(lack);
  });
});

describe("MAIL", () => {
  const rows: readonly (readonly [string, Requests, readonly string[]])[] = [
    ["nothing", {}, []],
    ["notifications as they come", { dsn: {} }, []],
    ["no TLS", { requireTls: false }, []],
    ["delivery or return", { deliverBy: { seconds: 60, mode: "R" } }, ["BY=60;R"]],
    ["nobody as submitter", { submitter: "" }, ["AUTH=<>"]],
    [
      "everything",
      EVERYTHING,
      [
        "RET=HDRS",
        "ENVID=order+207",
        "REQUIRETLS",
        "MT-PRIORITY=3",
        "BY=60;NT",
        "HOLDFOR=30",
        "AUTH=ann+2Bnews@example.com",
      ],
    ],
    ["the lowest priority", { priority: -9 }, ["MT-PRIORITY=-9"]],
    ["the highest priority", { priority: 9 }, ["MT-PRIORITY=9"]],
    ["the shortest hold", { holdForSeconds: 1 }, ["HOLDFOR=1"]],
    ["the longest hold", { holdForSeconds: 999_999_999 }, ["HOLDFOR=999999999"]],
    ["a time long past", { deliverBy: { seconds: -999_999_999, mode: "N" } }, ["BY=-999999999;N"]],
    ["the latest time", { deliverBy: { seconds: 999_999_999, mode: "N" } }, ["BY=999999999;N"]],
    ["the shortest ENVID", { dsn: { envid: "x" } }, ["ENVID=x"]],
    ["the longest ENVID", { dsn: { envid: "x".repeat(100) } }, [`ENVID=${"x".repeat(100)}`]],
  ];

  it.each(rows)("is followed by words for %s", (_, requests, words) => {
    expect(mailWords(requests)).toStrictEqual(words);
  });

  const priority = (shown: string) => `not a whole number from -9 to 9: ${shown}`;
  const seconds = "not a whole number from -999999999 to 999999999: ";
  const hold = "not a whole number from 1 to 999999999: ";
  const bad: readonly (readonly [string, Requests, string])[] = [
    ["priority under -9", { priority: -10 }, priority("-10")],
    ["priority over 9", { priority: 10 }, priority("10")],
    ["priority with a fraction", { priority: 0.5 }, priority("0.5")],
    ["priority that is none", { priority: Number.NaN }, priority("NaN")],
    ["hold of nothing", { holdForSeconds: 0 }, `${hold}0`],
    ["hold of ten digits", { holdForSeconds: 1_000_000_000 }, `${hold}1000000000`],
    ["time", { deliverBy: { seconds: 1_000_000_000, mode: "R" } }, `${seconds}1000000000`],
    ["time past", { deliverBy: { seconds: -1_000_000_000, mode: "R" } }, `${seconds}-1000000000`],
    ["ENVID of nothing", { dsn: { envid: "" } }, "ENVID takes up to 100 characters"],
    ["ENVID of 101", { dsn: { envid: "x".repeat(101) } }, "ENVID takes up to 100 characters"],
    ["submitter", { submitter: "ann" }, 'not a mailbox that can stand in a command: "ann"'],
  ];

  it.each(bad)("is not written with a bad %s", (_, requests, message) => {
    expect(fault(() => mailWords(requests))).toStrictEqual(["InvalidCommand", message]);
  });
});

describe("RCPT", () => {
  const bob = "bob@example.org";
  const rows: readonly (readonly [string, Requests, string, readonly string[]])[] = [
    ["nothing", {}, bob, []],
    ["what is asked of MAIL alone", { requireTls: true }, bob, []],
    ["whom it was for", { dsn: {} }, "b+x@example.org", ["ORCPT=rfc822;b+2Bx@example.org"]],
    ["NEVER", { dsn: { notify: ["NEVER"] } }, bob, ["NOTIFY=NEVER", `ORCPT=rfc822;${bob}`]],
    [
      "all events",
      { dsn: { notify: ["SUCCESS", "FAILURE", "DELAY"] } },
      bob,
      ["NOTIFY=SUCCESS,FAILURE,DELAY", `ORCPT=rfc822;${bob}`],
    ],
    ["UTF-8 without ORCPT", { dsn: { notify: ["DELAY"] } }, "bjørn@example.org", ["NOTIFY=DELAY"]],
  ];

  it.each(rows)("is followed by words for %s", (_, requests, path, words) => {
    expect(rcptWords(requests, path)).toStrictEqual(words);
  });

  it.each([
    ["nothing", []],
    ["NEVER and more", ["NEVER", "SUCCESS"]],
    ["an unknown event", ["EXPANDED"]],
    ["an unknown event among others", ["SUCCESS", "DELAY\r\nRSET"]],
  ])("is not written with a NOTIFY of %s", (_, notify) => {
    // A caller in JavaScript may give any string.
    const requests = JSON.parse(JSON.stringify({ dsn: { notify } })) as Requests;
    expect(fault(() => rcptWords(requests, bob))).toStrictEqual([
      "InvalidCommand",
      "NOTIFY is NEVER alone, or of SUCCESS, FAILURE and DELAY",
    ]);
  });
});

describe("xtext", () => {
  it.each([
    ["printable ASCII as it is", "!ann~", "!ann~"],
    ["a plus sign", "a+b", "a+2Bb"],
    ["an equals sign", "a=b", "a+3Db"],
    ["a space", "a b", "a+20b"],
    ["controls, two digits each", "\n\u007f", "+0A+7F"],
    ["UTF-8 by its octets", "é", "+C3+A9"],
  ])("writes %s", (_, text, written) => {
    expect(xtext(text)).toBe(written);
  });
});
