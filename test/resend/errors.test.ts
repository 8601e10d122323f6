/** Every error that can be provoked, by the name under which the official SDK knows it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { ErrorResponse } from "resend";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { mail, startLab, type Lab } from "./lab.ts";

const LIMIT = { requests: 40, seconds: 60 };

let lab: Lab;
let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "postrider-limit-"));
  lab = await startLab({
    worker: { arguments: [`--config=${limitedConfig()}`] },
    vars: {
      RATE_LIMIT: `${LIMIT.requests}/${LIMIT.seconds}`,
      ALLOWED_SENDERS: "example.com example.net",
    },
  });
}, 90_000);

afterAll(async () => {
  await lab?.stack.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The configuration of the repository, with the binding that it leaves out. */
function limitedConfig(): string {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const text = readFileSync(join(root, "wrangler.toml"), "utf8");
  const limiter = `
[[ratelimits]]
name = "RATE_LIMITER"
namespace_id = "7391"
simple = { limit = ${LIMIT.requests}, period = ${LIMIT.seconds} }
`;
  const file = join(folder, "wrangler.toml");
  writeFileSync(file, text.replaceAll(/"(?:\.\/)?src\//g, `"${join(root, "src")}/`) + limiter);
  return file;
}

async function errorOf(
  answer: Promise<{ readonly data: unknown; readonly error: ErrorResponse | null }>,
): Promise<ErrorResponse> {
  const { data, error } = await answer;
  expect(data).toBeNull();
  if (error === null) throw new Error("there should be an error");
  expect(error.message).toMatch(/\S/);
  return error;
}

describe("keys", () => {
  it("that are wrong are 403 invalid_api_key", async () => {
    const { emails } = lab.as({ key: "re_wrong_0123456789abcdef" });
    expect(await errorOf(emails.send(mail()))).toMatchObject({
      statusCode: 403,
      name: "invalid_api_key",
    });
  });

  it("that are missing are 401 missing_api_key", async () => {
    const answer = lab.as("app").emails.send(mail(), { headers: { authorization: "" } });
    expect(await errorOf(answer)).toMatchObject({ statusCode: 401, name: "missing_api_key" });
  });

  it("that may only read are 401 restricted_api_key", async () => {
    const { emails } = lab.as("reader");
    expect(await errorOf(emails.send(mail()))).toMatchObject({
      statusCode: 401,
      name: "restricted_api_key",
    });
    expect((await emails.list()).error).toBeNull();
  });

  it("that may send as others only, and senders that nobody may be, are 403", async () => {
    const input = mail({ from: "ann@example.net" });
    expect((await lab.as("app").emails.send(input)).error).toBeNull();
    for (const answer of [
      lab.as("shop").emails.send(input),
      lab.as("app").emails.send({ ...input, from: "ann@example.org" }),
    ]) {
      expect(await errorOf(answer)).toMatchObject({ statusCode: 403, name: "validation_error" });
    }
  });
});

describe("mails", () => {
  it.each<[string, object, string, string]>([
    ["no recipient", { to: undefined }, "missing_required_field", "Missing `to` field."],
    ["no sender", { from: undefined }, "missing_required_field", "Missing `from` field."],
    [
      "no content",
      { text: undefined },
      "missing_required_field",
      "Missing `html` or `text` field.",
    ],
    ["a sender that is none", { from: "ann" }, "validation_error", "Invalid `from` field."],
    ["a recipient that is none", { to: "bob@" }, "validation_error", "Invalid `to` field."],
    [
      "too many",
      { to: Array.from({ length: 1001 }, (_, n) => `a${n}@example.org`) },
      "validation_error",
      "`to`",
    ],
    [
      "a tag that is none",
      { tags: [{ name: "a b", value: "c" }] },
      "validation_error",
      "ASCII letters, numbers, underscores, or dashes",
    ],
    ["a header that is ours", { headers: { Bcc: "x@example.org" } }, "validation_error", "Bcc"],
    [
      "a line break in a header",
      { headers: { "X-A": "b\r\nBcc: x@example.org" } },
      "validation_error",
      "X-A",
    ],
    [
      "an attachment without content",
      { attachments: [{ filename: "a" }] },
      "invalid_attachment",
      "content",
    ],
    [
      "an attachment by URL",
      { attachments: [{ path: "https://example.com/a" }] },
      "invalid_attachment",
      "path",
    ],
    [
      "one that is no base64",
      { attachments: [{ content: "%%%" }] },
      "invalid_attachment",
      "base64",
    ],
    ["a time that is none", { scheduledAt: "soon" }, "validation_error", "scheduled_at"],
    ["a time that is over", { scheduledAt: "2020-01-01T00:00:00Z" }, "validation_error", "past"],
    ["a time too far ahead", { scheduledAt: "in 31 days" }, "validation_error", "30 days"],
    ["a topic", { topicId: "x" }, "validation_error", "topic_id"],
    ["a template", { template: { id: "x" } }, "validation_error", "template"],
  ])("with %s are 422", async (_, more, name, message) => {
    const input = mail(more);
    const error = await errorOf(lab.as("shop").emails.send(input));
    expect(error).toMatchObject({ statusCode: 422, name });
    expect(error.message).toContain(message);
    expect(await lab.arrived(input.subject)).toStrictEqual([]);
  });

  it("that the relay refuses are 422, and those that it defers 503", async () => {
    const { emails } = lab.as("app");
    expect(await errorOf(emails.send(mail({ to: "gone@example.org" })))).toMatchObject({
      statusCode: 422,
      name: "validation_error",
      reply: { code: 550, enhanced: "5.1.1" },
    });
    const { error, headers } = await emails.send(mail({ to: "later@example.org" }));
    expect(error).toMatchObject({ statusCode: 503, name: "application_error" });
    expect(headers?.["retry-after"]).toMatch(/^[1-9]\d*$/);
  });

  it("with a key that is too long are 400 invalid_idempotency_key", async () => {
    const idempotencyKey = "x".repeat(257);
    expect(await errorOf(lab.as("app").emails.send(mail(), { idempotencyKey }))).toMatchObject({
      statusCode: 400,
      name: "invalid_idempotency_key",
    });
  });
});

describe("ids and paths", () => {
  it("that are no UUID are 422 invalid_parameter", async () => {
    const { emails } = lab.as("app");
    for (const answer of [
      emails.get("1"),
      emails.cancel("1"),
      emails.update({ id: "1", scheduledAt: "in 1 hour" }),
    ]) {
      expect(await errorOf(answer)).toMatchObject({ statusCode: 422, name: "invalid_parameter" });
    }
  });

  it("that nobody knows, and those of others, are 404 not_found", async () => {
    const { data } = await lab.as("app").emails.send(mail({ scheduledAt: "in 1 hour" }));
    for (const id of [crypto.randomUUID(), data?.id ?? ""]) {
      const { emails } = lab.as("shop");
      for (const answer of [
        emails.get(id),
        emails.cancel(id),
        emails.update({ id, scheduledAt: "in 1 hour" }),
      ]) {
        expect(await errorOf(answer)).toMatchObject({ statusCode: 404, name: "not_found" });
      }
    }
  });

  it("that are not served are 404 not_found", async () => {
    const app = lab.as("app");
    for (const answer of [
      app.emails.metrics(),
      app.emails.share(crypto.randomUUID()),
      app.emails.attachments.list({ emailId: crypto.randomUUID() }),
      app.emails.receiving.list(),
      app.domains.list(),
    ]) {
      expect(await errorOf(answer)).toMatchObject({ statusCode: 404, name: "not_found" });
    }
  });

  it("with a method that is not allowed are 405 method_not_allowed", async () => {
    expect(await errorOf(lab.as("app").put("/emails", {}))).toMatchObject({
      statusCode: 405,
      name: "method_not_allowed",
    });
  });

  it("a list with both cursors is 422", async () => {
    const id = crypto.randomUUID();
    const both = { after: id, before: id } as unknown as { readonly after: string };
    expect(await errorOf(lab.as("app").emails.list(both))).toMatchObject({ statusCode: 422 });
  });
});

it("too many requests are 429 rate_limit_exceeded", async () => {
  const { emails } = lab.as("hasty");
  const first = await emails.list();
  expect(first.headers).toMatchObject({ "ratelimit-limit": String(LIMIT.requests) });
  let last = first;
  for (let count = 0; count < 2 * LIMIT.requests && last.error === null; count++) {
    last = await emails.list();
  }
  expect(last.error).toMatchObject({ statusCode: 429, name: "rate_limit_exceeded" });
  expect(last.headers).toMatchObject({
    "retry-after": String(LIMIT.seconds),
    "ratelimit-limit": String(LIMIT.requests),
    "ratelimit-remaining": "0",
    "ratelimit-reset": String(LIMIT.seconds),
  });
});
