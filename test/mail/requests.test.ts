/** What a mail may ask of a relay: read strictly, and the same after the queue. */
import { describe, expect, it } from "vitest";

import { parseMail } from "../../src/mail/parse-mail.ts";
import { serialiseMail } from "../../src/mail/serialise-mail.ts";
import { HELLO, mailOf, problemsOf } from "./mails.ts";

describe("requests", () => {
  it.each([
    ["nothing", {}, undefined],
    ["null and false", { dsn: null, requireTls: false, priority: null }, undefined],
    ["an empty dsn", { dsn: {} }, { dsn: {} }],
    [
      "dsn",
      { dsn: { notify: ["success", "DELAY", "SUCCESS"], ret: "hdrs", envid: "a+b=c" } },
      { dsn: { notify: ["SUCCESS", "DELAY"], ret: "HDRS", envid: "a+b=c" } },
    ],
    ["one notify", { dsn: { notify: "NEVER" } }, { dsn: { notify: ["NEVER"] } }],
    ["requireTls", { require_tls: true }, { requireTls: true }],
    ["priority 0", { priority: 0 }, { priority: 0 }],
    ["deliverBy", { deliverBy: { seconds: 60 } }, { deliverBy: { seconds: 60, mode: "N" } }],
    [
      "deliverBy with trace",
      { deliver_by: { seconds: 60, mode: "R", trace: true } },
      { deliverBy: { seconds: 60, mode: "R", trace: true } },
    ],
    ["holdForSeconds", { holdForSeconds: 5 }, { holdForSeconds: 5 }],
  ])("are read: %s", (_, more, requests) => {
    const mail = mailOf({ ...HELLO, ...more });
    expect(mail.requests).toStrictEqual(requests);
    const again = parseMail(JSON.parse(JSON.stringify(serialiseMail(mail))));
    expect(again).toStrictEqual({ ok: true, value: mail });
  });

  it.each([
    ["dsn is a string", { dsn: "NEVER" }, "/dsn"],
    ["an unknown event", { dsn: { notify: ["OPENED"] } }, "/dsn/notify/0"],
    ["NEVER with another", { dsn: { notify: ["NEVER", "DELAY"] } }, "/dsn/notify"],
    ["ret", { dsn: { ret: "BODY" } }, "/dsn/ret"],
    ["a line end in envid", { dsn: { envid: "a\r\nRCPT" } }, "/dsn/envid"],
    ["a space in envid", { dsn: { envid: "a b" } }, "/dsn/envid"],
    ["a long envid", { dsn: { envid: "x".repeat(101) } }, "/dsn/envid"],
    ["more in dsn", { dsn: { orcpt: "x" } }, "/dsn/orcpt"],
    ["requireTls as text", { requireTls: "yes" }, "/requireTls"],
    ["priority 10", { priority: 10 }, "/priority"],
    ["priority 0.5", { priority: 0.5 }, "/priority"],
    ["priority as text", { priority: "1" }, "/priority"],
    ["deliverBy as a number", { deliverBy: 5 }, "/deliverBy"],
    ["deliverBy without seconds", { deliverBy: { mode: "R" } }, "/deliverBy"],
    [
      "deliverBy in the past, in mode R",
      { deliverBy: { seconds: 0, mode: "R" } },
      "/deliverBy/seconds",
    ],
    ["deliverBy in another mode", { deliverBy: { seconds: 5, mode: "X" } }, "/deliverBy/mode"],
    ["holdForSeconds 0", { holdForSeconds: 0 }, "/holdForSeconds"],
  ])("are refused: %s", (_, more, pointer) => {
    const problems = problemsOf({ ...HELLO, ...more });
    expect(problems.map((problem) => problem.split(" ")[0])).toStrictEqual([pointer]);
  });

  it.each([
    ["an address", "bob@example.com", "bob@example.com"],
    ["nobody", "", ""],
  ])("name the submitter: %s", (_, submitter, told) => {
    const mail = mailOf({ ...HELLO, envelope: { submitter } });
    expect(mail.envelope.submitter).toBe(told);
    expect(mailOf(JSON.parse(JSON.stringify(serialiseMail(mail)))).envelope).toStrictEqual(
      mail.envelope,
    );
  });

  it("refuse a submitter that is no address", () => {
    expect(problemsOf({ ...HELLO, envelope: { submitter: "bob> X=y" } })).toHaveLength(1);
  });
});
