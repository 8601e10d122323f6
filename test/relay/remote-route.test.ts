/** The way by the objects: which of them is called, and what a call that breaks makes of the mail. */
import { describe, expect, it } from "vitest";

import type { MailInput, ParsedMail } from "../../src/mail/mail.ts";
import { parseMail } from "../../src/mail/parse-mail.ts";
import { parseRelays } from "../../src/mailer.ts";
import type { DeliveryJob } from "../../src/relay/job.ts";
import { RemoteRoute } from "../../src/relay/remote-route.ts";
import type { Failure, Outcome } from "../../src/smtp/outcome.ts";

const MAIL = { from: "ann@example.com", to: "bob@example.org", text: "Hello" };

const relays = parseRelays([
  { host: "one.example.com", username: "ann", password: "secret-1" },
  { host: "two.example.com", username: "ann", password: "secret-2" },
]);

interface Call {
  readonly name: string;
  readonly job: DeliveryJob;
}

/** The outcome of a mail, and the calls that were made, where the objects answer so in turn. */
async function deliver(
  answers: readonly (() => Promise<Outcome>)[],
  { mail = MAIL, shards = 1 }: { mail?: MailInput; shards?: number } = {},
): Promise<{ readonly outcome: Outcome; readonly calls: readonly Call[] }> {
  if (!relays.ok) throw new TypeError("no relays");
  const calls: Call[] = [];
  const binding = {
    getByName: (name: string) => ({
      deliver: (job: DeliveryJob): Promise<Outcome> => {
        calls.push({ name, job });
        const answer = answers[calls.length - 1];
        if (answer === undefined) throw new TypeError("one call too many");
        return answer();
      },
    }),
  };
  const route = new RemoteRoute({ relays: relays.value, shards, binding });
  return { outcome: await route.deliver(parsed(mail)), calls };
}

function parsed(mail: MailInput): ParsedMail {
  const result = parseMail(mail);
  if (!result.ok) throw new TypeError("no mail");
  return result.value;
}

function failure(more: Partial<Failure>): Failure {
  return { cause: "connection", stage: "connect", message: "", transcript: [], ...more };
}

function failing(status: "deferred" | "refused" | "unknown", more: Partial<Failure>) {
  const outcome: Outcome = { status, failure: failure(more), messageId: "<a@b>", relay: "x:587" };
  return async (): Promise<Outcome> => Promise.resolve(outcome);
}

const taken = async (): Promise<Outcome> =>
  Promise.resolve({
    status: "accepted",
    accepted: ["bob@example.org"],
    refused: [],
    reply: { code: 250, lines: ["OK"] },
    messageId: "<a@b>",
    relay: "x:587",
  });

const names = (calls: readonly Call[]): readonly string[] => calls.map(({ name }) => name);

describe("a call that breaks", () => {
  it("without an answer leaves the mail unknown, and no other is made", async () => {
    const reset = Object.assign(new Error("Durable Object reset"), { retryable: true });
    const { outcome, calls } = await deliver([async () => Promise.reject(reset)]);
    expect(outcome).toMatchObject({
      status: "unknown",
      relay: "one.example.com:587",
      messageId: expect.stringMatching(/^<.+@example\.com>$/),
      failure: { stage: "content", message: expect.stringContaining("Durable Object reset") },
    });
    expect(calls).toHaveLength(1);
  });

  it("before it is made defers the mail, and the next relay has it", async () => {
    const broken = (): never => {
      throw new Error("no such object");
    };
    const { outcome, calls } = await deliver([broken, taken]);
    expect(outcome.status).toBe("accepted");
    expect(names(calls)).toStrictEqual(["one.example.com:587#0", "two.example.com:587#0"]);
    const both = await deliver([broken, broken]);
    expect(both.outcome).toMatchObject({ status: "deferred", failure: { stage: "connect" } });
  });
});

describe("the next relay", () => {
  it.each([
    ["deferred before content", failing("deferred", { stage: "mail" })],
    ["turned away before MAIL", failing("refused", { cause: "reply", stage: "greeting" })],
  ])("is asked where the mail was %s", async (_, answer) => {
    const { outcome, calls } = await deliver([answer, taken]);
    expect(outcome.status).toBe("accepted");
    expect(calls.map(({ job }) => [job.relay, job.label])).toStrictEqual([
      [0, "one.example.com:587"],
      [1, "two.example.com:587"],
    ]);
    expect(calls[1]?.job.mail).toStrictEqual(calls[0]?.job.mail);
  });

  it.each([
    ["accepted", taken],
    ["refused", failing("refused", { cause: "reply", stage: "rcpt" })],
    ["unknown", failing("unknown", { stage: "content" })],
    ["deferred after content", failing("deferred", { cause: "reply", stage: "content" })],
    ["not composed", failing("deferred", { stage: "compose" })],
    ["sent to an object with other relays", failing("refused", { cause: "config" })],
  ])("is not asked where the mail was %s", async (_, answer) => {
    const { outcome, calls } = await deliver([answer]);
    expect(outcome).toStrictEqual(await answer());
    expect(calls).toHaveLength(1);
  });
});

describe("a call", () => {
  it("has the mail with its Message-ID, Date and envelope, and no credential", async () => {
    const { calls } = await deliver([taken]);
    const [{ job } = { job: undefined }] = calls;
    expect(job?.mail).toMatchObject({
      messageId: expect.any(String),
      date: expect.any(String),
      envelope: { from: "ann@example.com", to: ["bob@example.org"] },
    });
    expect(JSON.stringify(calls)).not.toMatch(/secret|username|password/);
  });

  it("has octets as they are", async () => {
    const content = Uint8Array.from([0, 255, 13, 128]);
    const attachments = [
      { content, filename: "a.bin" },
      { r2Key: "b", filename: "b.bin" },
    ];
    const { calls } = await deliver([taken], { mail: { ...MAIL, attachments } });
    expect(calls[0]?.job.mail).toMatchObject({ attachments: [{ content }, { r2Key: "b" }] });

    const text = "From: ann@example.com\r\nTo: bob@example.org\r\n\r\nCaf\xe9\r\n";
    const raw = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const whole = await deliver([taken], { mail: { raw } });
    const sent = whole.calls[0]?.job.mail;
    if (!(sent?.raw instanceof Uint8Array)) throw new TypeError("no octets");
    expect(new TextDecoder("latin1").decode(sent.raw)).toContain("\r\n\r\nCaf\xe9\r\n");
    // What it is read as at the other end is the same mail.
    const there = parsed(sent);
    expect(there.raw?.content).toStrictEqual(sent.raw);
    expect(there.envelope).toStrictEqual(parsed({ raw }).envelope);
  });

  it("goes to one shard for a Message-ID, and to each for some", async () => {
    const seen = new Set<string>();
    for (let sent = 0; sent < 60; sent += 1) {
      const mail = { ...MAIL, messageId: `<${sent}@example.com>` };
      const [first, second] = [
        await deliver([taken], { mail, shards: 4 }),
        await deliver([taken], { mail, shards: 4 }),
      ];
      expect(names(first.calls)).toStrictEqual(names(second.calls));
      seen.add(names(first.calls)[0] ?? "");
    }
    expect([...seen].toSorted()).toStrictEqual(
      [0, 1, 2, 3].map((shard) => `one.example.com:587#${shard}`),
    );
  });
});
