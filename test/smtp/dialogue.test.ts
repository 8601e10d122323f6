/**
 * The dialogue against every interruption at every point of every path, and against a relay that says
 * whatever comes to its mind: it settles each mail exactly once, and gives nothing away.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { STAGES, type Stage } from "../../src/smtp/timeouts.ts";
import { Driver, summary, type Setting } from "./transcript.ts";

const PATHS: readonly (readonly [string, Setting])[] = [
  ["STARTTLS and AUTH", { mails: 2 }],
  ["implicit TLS", { security: "tls" }],
  ["neither", { security: "none", credentials: null, mails: 2 }],
  ["several recipients", { to: ["a@example.org", "b@example.org"], credentials: null }],
];

/** What a relay that does all it can answers to the last line written. */
function answerTo(line: string, offers: string): string {
  const verb = line.slice(0, 4);
  if (verb === "EHLO") return `250-relay.example.net\r\n250-${offers}\r\n250 STARTTLS\r\n`;
  if (verb === "STAR") return "220 Ready\r\n";
  if (verb === "AUTH") return "235 OK\r\n";
  if (verb === "DATA") return "354 Go\r\n";
  return "250 OK\r\n";
}

/**
 * Runs the good conversation for so many turns of the relay: the stage whose reply is owed then, and
 * whether TLS has only just come up.
 */
function runFor(
  driver: Driver,
  turns: number,
  offers: string,
): { readonly stage: Stage | undefined; readonly isFreshTls: boolean } {
  let isFreshTls = false;
  let lines: string[] = [];
  let owed: string[] = driver.swapAsked ? [] : ["greeting"];
  let inContent = false;
  for (let turn = 0; turn < turns; turn += 1) {
    isFreshTls = driver.swapAsked;
    if (driver.swapAsked) {
      driver.event("tls");
      if (owed.length === 0 && driver.written === "") owed = ["greeting"];
    } else {
      const next = owed.shift();
      if (next === undefined) break;
      driver.receive(next === "greeting" ? "220 relay.example.net\r\n" : answerTo(next, offers));
      if (next.startsWith("DATA")) inContent = true;
    }
    lines = driver.written.split("\r\n").slice(0, -1);
    driver.written = "";
    if (inContent) {
      lines = lines.slice(lines.indexOf("."));
      inContent = false;
    }
    owed.push(...lines);
  }
  const verbs: Readonly<Record<string, Stage>> = {
    gree: "greeting",
    EHLO: "ehlo",
    STAR: "starttls",
    AUTH: "auth",
    MAIL: "mail",
    RCPT: "rcpt",
    DATA: "data",
    ".": "content",
  };
  return { stage: driver.swapAsked ? "tls" : verbs[owed[0]?.slice(0, 4) ?? ""], isFreshTls };
}

describe.each(PATHS)("%s", (_, setting) => {
  const mails = setting.mails ?? 1;

  const cuts = ["eof", "timeout", "garbage", "421"] as const;
  const offered = ["AUTH PLAIN", "AUTH PLAIN\r\n250-PIPELINING"] as const;
  const cases = cuts.flatMap((cut) => offered.map((offers) => [cut, offers] as const));

  it.each(cases)("is cut anywhere by %s, offering %j", (cut, offers) => {
    const seen = new Set<Stage>();
    for (let turns = 0; turns < 40; turns += 1) {
      const driver = new Driver(setting);
      const { stage, isFreshTls } = runFor(driver, turns, offers);
      if (driver.outcomes.length === mails || stage === undefined) break;
      seen.add(stage);
      const before = driver.outcomes.length;
      driver.written = "";
      if (cut === "eof" || cut === "timeout") driver.event(cut);
      else if (driver.swapAsked)
        driver.perform(driver.dialogue.interrupt("tls", "bad certificate"));
      else driver.receive(cut === "421" ? "421 4.3.2 Closing\r\n" : "\u0000garbage\r\n");
      expect(driver.outcomes, `after ${turns} turns`).toHaveLength(mails);
      expect(driver.closed).toBe(true);
      expect(driver.written).toBe("");
      const [outcome] = driver.outcomes.slice(before);
      const inDoubt = stage === "content" && cut !== "421";
      expect(outcome?.status, `${cut} at ${stage}`).toBe(inDoubt ? "unknown" : "deferred");
      // The end of the stream before the first octet over TLS is a handshake that failed.
      expect(driver.dialogue.failure?.stage).toBe(cut === "eof" && isFreshTls ? "tls" : stage);
    }
    const expected = STAGES.filter((stage) => isOn(setting, stage));
    expect(STAGES.filter((stage) => seen.has(stage))).toStrictEqual(expected);
  });
});

/** The stages that a path has, where a reply can be owed. */
function isOn(setting: Setting, stage: Stage): boolean {
  const { security = "starttls", credentials } = setting;
  if (stage === "starttls") return security === "starttls";
  if (stage === "tls") return security !== "none";
  if (stage === "auth") return credentials !== null;
  return !["compose", "connect", "quit"].includes(stage);
}

describe("a relay that says whatever comes to its mind", () => {
  const line = fc.oneof(
    fc.constantFrom(
      "220 relay",
      "250 OK",
      "250-relay\r\n250-STARTTLS\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN",
      "250-relay\r\n250-SIZE 10\r\n250 AUTH LOGIN",
      "354 Go",
      "334 ",
      "334 VXNlcm5hbWU6",
      "235 OK",
      "421 Closing",
      "450 Later",
      "550 5.1.1 No",
      "250-unfinished",
      "999 what",
      "",
    ),
    fc.string({ maxLength: 8 }),
  );
  const event = fc.oneof(
    { weight: 8, arbitrary: line.map((text) => ({ type: "line" as const, text })) },
    { weight: 3, arbitrary: fc.constant({ type: "tls" as const, text: "" }) },
    { weight: 1, arbitrary: fc.constantFrom({ type: "quit" as const, text: "" }) },
  );
  const setting = fc.record({
    security: fc.constantFrom("starttls" as const, "tls" as const, "none" as const),
    mails: fc.integer({ min: 0, max: 3 }),
    to: fc.constantFrom(["a@example.org"], ["a@example.org", "b@example.org"]),
    policy: fc.constantFrom("any" as const, "all" as const),
  });

  it("gets no credential and no mail without TLS, and every mail one outcome", () => {
    fc.assert(
      fc.property(setting, fc.array(event, { maxLength: 40 }), (chosen, events) => {
        const driver = new Driver({
          ...chosen,
          credentials:
            chosen.security === "none"
              ? null
              : { username: "ann@example.com", password: "s3cret!!" },
        });
        let secured = chosen.security === "none";
        for (const { type, text } of events) {
          if (type === "line") driver.receive(`${text}\r\n`);
          else if (type === "quit") driver.event("quit");
          else if (driver.swapAsked) {
            driver.event("tls");
            secured = true;
          }
          if (!secured) expect(driver.written).not.toMatch(/AUTH|MAIL|RCPT|Subject/);
        }
        const wasSent = driver.written.match(/^Hello\r\n\.\r\n/gm)?.length ?? 0;
        driver.perform(driver.dialogue.interrupt("eof"));
        expect(driver.outcomes).toHaveLength(chosen.mails);
        const summaries = driver.outcomes.map((outcome) => summary(outcome) as { status: string });
        const mayHaveArrived = summaries.filter(({ status }) => /accepted|unknown/.test(status));
        expect(mayHaveArrived.length).toBeLessThanOrEqual(wasSent);
        expect(driver.closed).toBe(true);
        expect(JSON.stringify([driver.outcomes, driver.dialogue.transcript])).not.toMatch(
          /s3cret|czNjcmV0|AGFubkBle/,
        );
        expect(driver.dialogue.receive(new Uint8Array([50, 13, 10]))).toStrictEqual([]);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("a dialogue that is over", () => {
  it("settles what is submitted to it, unbegun", () => {
    const driver = new Driver({ mails: 0 });
    driver.event("eof");
    const effects = driver.dialogue.submit({
      reversePath: "",
      forwardPaths: ["bob@example.org"],
      smtpUtf8: false,
      recipientPolicy: "any",
    });
    expect(effects).toMatchObject([
      { type: "settle", begun: false, outcome: { status: "deferred" } },
    ]);
  });

  it("is not started or secured again", () => {
    const driver = new Driver({ mails: 0 });
    expect(() => driver.dialogue.start()).toThrow(TypeError);
    expect(() => driver.dialogue.secured()).toThrow(TypeError);
  });
});

describe("content that cannot be read to its end", () => {
  it("ends the dialogue without a final dot", () => {
    const driver = new Driver({ mails: 0, security: "none", credentials: null });
    driver.receive("220 x\r\n");
    driver.receive("250 x\r\n");
    driver.dialogue.submit({
      reversePath: "",
      forwardPaths: ["bob@example.org"],
      smtpUtf8: false,
      recipientPolicy: "any",
    });
    for (const reply of ["250 OK\r\n", "250 OK\r\n"]) {
      driver.perform(driver.dialogue.receive(new TextEncoder().encode(reply)));
    }
    expect(driver.dialogue.receive(new TextEncoder().encode("354 Go\r\n"))).toMatchObject([
      { type: "content" },
    ]);
    expect(driver.dialogue.contentFailed("the file ended early")).toMatchObject([
      {
        type: "settle",
        outcome: { status: "deferred", failure: { cause: "connection", stage: "content" } },
      },
      { type: "close" },
    ]);
  });
});
