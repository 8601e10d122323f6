/** The Worker in wrangler dev, over real HTTP and its real queue, and what its log holds. */
import { randomUUID } from "node:crypto";

import PostalMime from "postal-mime";
import { afterAll, beforeAll, expect, it, vi } from "vitest";

import { startStack, type Stack } from "../local/stack.ts";

const PASSWORD = "relay-password-7391";
const ODD_REPLY = '550 5.1.1 "quoted" \\ {} </script> \u202e odd@example.org';

let stack: Stack;
const lines: string[] = [];

beforeAll(async () => {
  stack = await startStack({
    relay: { password: PASSWORD, refuseRecipients: { "odd@example.org": ODD_REPLY } },
    vars: { LOG_LEVEL: "debug" },
    worker: { onLog: (line) => lines.push(line) },
  });
}, 90_000);

afterAll(async () => {
  await stack?.stop();
});

function mail(more: object = {}): { readonly subject: string } {
  const subject = `subject ${randomUUID()}`;
  return { from: "ann@example.com", to: "bob@example.org", text: "x", ...more, subject } as {
    subject: string;
  };
}

async function post(body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${stack.worker.url}/emails`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${stack.token}`,
      "content-type": "application/json",
      ...headers,
    },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

function mailsWith(subject: string) {
  return stack.relay.mails.filter(({ raw }) => raw.includes(subject));
}

/** What the Worker logged: wrangler prints other lines, with the settings it was given. */
function events(): readonly string[] {
  return lines.filter((line) => line.includes('"event":'));
}

it("takes a mail, one with an attachment, and one for the queue", async () => {
  const plain = mail();
  expect(await post(plain)).toMatchObject({ status: 200, body: { status: "accepted" } });
  expect(mailsWith(plain.subject)).toHaveLength(1);

  const attached = mail({
    attachments: [{ filename: "note.txt", content: Buffer.from("a note").toString("base64") }],
  });
  expect(await post(attached)).toMatchObject({ status: 200, body: { status: "accepted" } });
  const [one] = mailsWith(attached.subject);
  const [file] = (await PostalMime.parse(one?.raw ?? "")).attachments;
  expect(file).toMatchObject({ filename: "note.txt" });

  const input = mail();
  const queued = await post(input, { prefer: "respond-async" });
  expect(queued).toMatchObject({ status: 202, body: { status: "queued" } });
  const { raw } = await stack.relay.waitFor((each) => each.raw.includes(input.subject), 15_000);
  expect(raw.toString()).toContain(`Message-ID: ${String(queued.body["messageId"])}\r\n`);
}, 60_000);

it("quotes whatever a relay says, as JSON", async () => {
  const { status, body } = await post(mail({ to: "odd@example.org" }));
  expect(status).toBe(422);
  expect(body["reply"]).toStrictEqual({
    code: 550,
    enhanced: "5.1.1",
    text: '5.1.1 "quoted" \\ {} </script>  odd@example.org',
  });
});

it("logs neither address, subject, reply, token nor password", async () => {
  await vi.waitFor(() => expect(events().join("\n")).toContain('"event":"mail.refused"'), 10_000);
  expect(events().join("\n")).toContain('"event":"mail.queued"');
  for (const line of events()) {
    expect(line).not.toMatch(/@|example\.|subject |quoted|</);
    expect(line).not.toContain(stack.token);
    expect(line).not.toContain(PASSWORD);
  }
  const noise = lines.filter((line) => !events().includes(line)).join("\n");
  expect(noise).not.toMatch(/subject |@example|Uncaught|Error:/);
});
