/** The queue consumer: whatever is in a batch, each message ends in exactly one of ack and retry. */
import { describe, expect, it } from "vitest";

import type { QueuedMail } from "../../src/queued-mail.ts";
import { arrived, hostile, ports, received } from "../net/control.ts";
import { consume, messageIdOf, one, queue, queued } from "./consume.ts";
import { mail, relays, vars, WRONG_PASSWORD } from "./worker-calls.ts";

describe("a batch", () => {
  it("of five shares one session", async () => {
    const mails = Array.from({ length: 5 }, () => queued());
    const verdicts = await consume(
      mails.map((body) => ({ body })),
      vars(),
    );
    expect(verdicts).toStrictEqual(Array(5).fill("ack"));
    const found = await Promise.all(mails.map(async (m) => arrived("starttls", m.mail.subject)));
    expect(found.map(({ length }) => length)).toStrictEqual(Array(5).fill(1));
    expect(new Set(found.map(([first]) => first?.session["id"])).size).toBe(1);
  });

  it("goes on after each kind of failure, in the same session", async () => {
    const [first, last] = [queued(), queued()];
    const verdicts = await consume(
      [
        first,
        queued({ to: "unknown@example.org" }),
        queued({ to: "later@example.org" }),
        queued({ to: "x" }),
        last,
      ].map((body) => ({ body })),
      vars(),
    );
    expect(verdicts).toStrictEqual(["ack", "ack", expect.any(Number), "ack", "ack"]);
    const [[one1], [one2]] = [
      await arrived("starttls", first.mail.subject),
      await arrived("starttls", last.mail.subject),
    ];
    expect(one2?.session["id"]).toBe(one1?.session["id"]);
  });

  it.each([
    ["closes at once", { at: "greeting", what: "eof" }],
    ["falls silent", { at: "greeting", what: "silence" }],
    ["has a bad certificate", { certificate: "expired" }],
    ["refuses the password", { at: "auth", what: "refuse" }],
  ] as const)("does not dial for each message a relay that %s", async (_, behaviour) => {
    const port = await hostile(behaviour);
    const verdicts = await consume(
      Array.from({ length: 5 }, () => ({ body: queued() })),
      relays([port]),
    );
    expect(verdicts).toStrictEqual(Array(5).fill(expect.any(Number)));
    expect(await received(port)).toHaveLength(1);
  });

  it("of nothing is nothing", async () => {
    expect(await consume([], vars())).toStrictEqual([]);
  });
});

describe("one message", () => {
  it("accepted is acked", async () => {
    expect(await one(queued(), vars())).toBe("ack");
  });

  it.each([
    ["refused by the relay", { to: "unknown@example.org" }, {}],
    ["not allowed here", {}, { ALLOWED_SENDERS: "example.net" }],
    ["for a recipient not allowed here", {}, { ALLOWED_RECIPIENTS: "example.net" }],
  ])("%s is acked: a retry would not help", async (_, more, env) => {
    const body = queued(more);
    expect(await one(body, vars(env))).toBe("ack");
    expect(queue.again).toStrictEqual([]);
    expect(await arrived("starttls", body.mail.subject)).toStrictEqual([]);
  });

  it("over SIZE is acked", async () => {
    const env = vars({ SMTP_PORT: String(ports().small) });
    expect(await one(queued({ text: "x\n".repeat(2000) }), env)).toBe("ack");
  });

  it.each([
    ["deferred by the relay", async () => vars(), { to: "later@example.org" }],
    ["for a relay without STARTTLS", async () => relays([ports().plain]), {}],
    ["for a relay that cannot be reached", async () => relays([1]), {}],
    ["with a wrong password", async () => vars({ SMTP_PASSWORD: WRONG_PASSWORD }), {}],
  ])("%s is retried", async (_, env, more) => {
    expect(await one(queued(more), await env())).toBeGreaterThanOrEqual(30);
  });

  it.each([
    [undefined, "retry"],
    ["retry", "retry"],
    ["fail", "ack"],
  ])("that may have been sent: UNKNOWN=%s is %s", async (policy, verdict) => {
    const port = await hostile({ at: "final-dot", what: "eof" });
    const body = { id: "x", mail: { ...mail(), messageId: "<fixed@example.com>" } };
    const env = relays([port], policy === undefined ? {} : { UNKNOWN: policy });
    const verdicts = [await one(body, env), await one(body, env, 2)];
    for (const each of verdicts) expect(each === "ack" ? "ack" : "retry").toBe(verdict);
    const attempts = await received(port);
    expect(attempts.map(({ secure }) => messageIdOf(secure))).toStrictEqual(
      Array(2).fill("<fixed@example.com>"),
    );
  });
});

describe("the delay", () => {
  it("doubles with each attempt, up to six hours and a quarter by chance", async () => {
    for (let attempts = 1; attempts <= 101; attempts += attempts < 14 ? 1 : 40) {
      const delay = await one(queued(), { ...relays([1]), SMTP_HOST: "x" }, attempts);
      const least = Math.min(30 * 2 ** (attempts - 1), 6 * 3600);
      expect(delay).toBeGreaterThanOrEqual(least);
      expect(delay).toBeLessThanOrEqual(least * 1.25 + 1);
      expect(Number.isInteger(delay)).toBe(true);
    }
  });

  it("adds up to between half a day and two over the retries of wrangler.toml", async () => {
    let seconds = 0;
    for (let attempts = 1; attempts <= 12; attempts += 1) {
      seconds += Number(await one(queued(), relays([1]), attempts));
    }
    expect(seconds).toBeGreaterThan(12 * 3600);
    expect(seconds).toBeLessThan(48 * 3600);
  });
});

describe("partly refused", () => {
  const to = ["bob@example.org", "unknown@example.org", "later@example.org"];

  it("goes on for those who may be taken later, as the same mail", async () => {
    const body = queued({ to });
    expect(await one(body, vars())).toBe("ack");
    const [first] = await arrived("starttls", body.mail.subject);
    expect(first?.rcptTo).toStrictEqual(["bob@example.org"]);
    expect(queue.again).toHaveLength(1);
    const [next] = queue.again as { body: QueuedMail; delaySeconds: number }[];
    expect(next?.delaySeconds).toBeGreaterThanOrEqual(30);
    expect(next?.body).toMatchObject({
      id: body.id,
      mail: {
        messageId: messageIdOf(first?.raw),
        to: to.map((email) => ({ email })),
        envelope: { from: "ann@example.com", to: ["later@example.org"] },
      },
    });

    // Still busy at the next attempt: now it is a plain retry, and nobody gets a second copy.
    queue.again = [];
    expect(await one(next?.body, vars())).toBeGreaterThanOrEqual(30);
    expect(queue.again).toStrictEqual([]);
    expect(await arrived("starttls", body.mail.subject)).toHaveLength(1);
  });

  it("is done where nobody may be taken later", async () => {
    expect(await one(queued({ to: to.slice(0, 2) }), vars())).toBe("ack");
    expect(queue.again).toStrictEqual([]);
  });

  it("tries the queue three times, then comes again whole", async () => {
    queue.failures = 2;
    expect(await one(queued({ to }), vars())).toBe("ack");
    expect(queue.again).toHaveLength(1);
    queue.failures = 3;
    expect(await one(queued({ to }), vars())).toBeGreaterThanOrEqual(30);
  });
});

it("gives a bare mail a Message-ID and Date that are the same at each attempt", async () => {
  const body = mail();
  const id = crypto.randomUUID();
  for (const attempts of [1, 2]) await consume([{ body, id, attempts }], vars());
  const [first, second] = await arrived("starttls", body.subject);
  expect(messageIdOf(first?.raw)).toBe(`<${id.replaceAll("-", "")}@example.com>`);
  expect(second?.raw).toBe(first?.raw);
});
