/** The inbox shows hostile mails, so each test here is an attempt to make it do something. */
import { existsSync } from "node:fs";
import { get as httpGet } from "node:http";

import { chromium } from "playwright-core";
import { afterEach, expect, it } from "vitest";

import { startInbox } from "./inbox.ts";
import type { Inbox } from "./inbox.ts";
import type { ReceivedMail } from "./relay.ts";

const running: Inbox[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((inbox) => inbox.close()));
});

const CHROMIUM = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";

const BROWSER_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const inBrowser = it.skipIf(!existsSync(CHROMIUM));

const ATTACK = `<script>document.title="owned"</script><img src=x onerror="document.title='owned'">`;

const HOSTILE = [
  `From: "${ATTACK.replaceAll('"', "")}" <eve@example.com>`,
  `Subject: ${ATTACK}`,
  `X-Note: ${ATTACK}`,
  "MIME-Version: 1.0",
  'Content-Type: multipart/mixed; boundary="b"',
  "",
  "--b",
  "Content-Type: text/html; charset=utf-8",
  "",
  `<p id="body">hello</p></iframe>"${ATTACK}<img src="https://tracker.example.net/x.gif">`,
  "--b",
  "Content-Type: text/html",
  `Content-Disposition: attachment; filename="../x\\"<script>.html"`,
  "",
  ATTACK,
  "--b--",
  "",
].join("\r\n");

it.each([
  "/",
  "/mails/1",
  ...["text", "headers", "transcript", "raw"].map((t) => `/mails/1?tab=${t}`),
])("shows a hostile mail as text on %s", async (path) => {
  const { status, body, headers } = await get(await start([HOSTILE]), path);
  expect(status).toBe(200);
  expect(body).not.toContain(ATTACK);
  expect(body).not.toContain("<img");
  expect(body.match(/<script(?! nonce)/g)).toBeNull();
  expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'; /);
  expect(headers.get("x-content-type-options")).toBe("nosniff");
});

it("puts html into a frame that may do nothing", async () => {
  const { body, headers } = await get(await start([HOSTILE]), "/mails/1");
  expect(body).toMatch(/<iframe sandbox="" srcdoc="[^"<>]*hello[^"<>]*"/);
  expect(headers.get("content-security-policy")).not.toContain("script-src");
});

inBrowser("runs nothing of a hostile mail in a browser, and loads nothing for it", async () => {
  const inbox = await start([HOSTILE]);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: BROWSER_ARGUMENTS });
  try {
    const page = await browser.newPage();
    // What the policy stops shows as a request that failed for that reason, and no other.
    const asked = new Map<string, string | undefined>();
    page.on("request", (request) => asked.set(request.url(), undefined));
    page.on("requestfailed", (request) => asked.set(request.url(), request.failure()?.errorText));
    await page.goto(`${inbox.url}/mails/1`, { waitUntil: "networkidle" });
    await expect(page.frameLocator("iframe").locator("#body").textContent()).resolves.toBe("hello");
    expect(await page.title()).toContain("<script>");
    const foreign = [...asked].filter(
      ([url, failure]) =>
        !url.startsWith(inbox.url) && url !== "about:srcdoc" && !/csp/i.test(failure ?? ""),
    );
    expect(foreign).toEqual([]);
  } finally {
    await browser.close();
  }
});

it("serves an attachment to save, never to show", async () => {
  const { headers, body } = await get(await start([HOSTILE]), "/mails/1/attachments/1");
  expect(body).toContain(ATTACK);
  expect(headers.get("content-disposition")).toMatch(
    /^attachment; filename="[^"\\/]*"; filename\*=UTF-8''[\w.%-]+$/,
  );
  expect(headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
});

it("serves the raw bytes unchanged", async () => {
  const raw = Buffer.concat([Buffer.from("Subject: raw\r\n\r\n"), Buffer.from([0, 255, 13, 10])]);
  const inbox = await start([raw]);
  for (const path of ["/mails/1/raw", "/mails/1/raw.eml", "/api/mails/1/raw"]) {
    const answer = await fetch(inbox.url + path);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(raw);
  }
  const plain = await fetch(`${inbox.url}/mails/1/raw`);
  expect(plain.headers.get("content-type")).toBe("text/plain; charset=utf-8");
});

it("shows inline images from the mail itself", async () => {
  const inbox = await start([
    [
      'Content-Type: multipart/related; boundary="b"',
      "",
      "--b",
      "Content-Type: text/html",
      "",
      '<img src="cid:logo@example.com"><img src="cid:other">',
      "--b",
      "Content-Type: image/png",
      "Content-ID: <logo@example.com>",
      "Content-Transfer-Encoding: base64",
      "",
      "iVBORw==",
      "--b--",
      "",
    ].join("\r\n"),
  ]);
  const { body } = await get(inbox, "/mails/1");
  expect(body).toContain("data:image/png;base64,iVBORw==");
  expect(body).toContain("cid:other");
});

it("lists mails as JSON, oldest first", async () => {
  const inbox = await start(["Subject: one\r\n\r\n1\r\n", "Subject: two\r\n\r\n2\r\n"]);
  const mails: unknown = await (await fetch(`${inbox.url}/api/mails`)).json();
  expect(mails).toMatchObject([
    { id: "1", subject: "one", envelope: { mailFrom: "ann@example.com" } },
    { id: "2", subject: "two", session: { tlsVersion: "TLSv1.3" } },
  ]);
});

it.each(["/mails/9", "/mails/1/attachments/7", "/mails/1/nothing", "/api/other/1", "/nothing"])(
  "answers 404 on %s",
  async (path) => {
    expect((await get(await start(["Subject: one\r\n\r\n1\r\n"]), path)).status).toBe(404);
  },
);

it("refuses a name that is not this machine's, and anything but reading", async () => {
  const inbox = await start([]);
  const status = await new Promise((resolve, reject) => {
    httpGet(`${inbox.url}/api/mails`, { headers: { host: "rebound.example.com" } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).on("error", reject);
  });
  expect(status).toBe(403);
  expect((await fetch(inbox.url, { method: "POST" })).status).toBe(405);
});

inBrowser("shows new mails without a reload and keeps the place", async () => {
  const mails = Array.from({ length: 60 }, (_, n) => received(`Subject: mail ${n + 1}\r\n\r\n`, n));
  const inbox = await startInbox({ mails, transcript: () => [] });
  running.push(inbox);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: BROWSER_ARGUMENTS });
  try {
    const page = await browser.newPage();
    await page.goto(inbox.url);
    const place = page.getByText("mail 20", { exact: true });
    await place.scrollIntoViewIfNeeded();
    const before = await place.boundingBox();
    mails.push(received("Subject: the new one\r\n\r\n", 60));
    await page.getByText("the new one").waitFor({ state: "attached" });
    const moved = ((await place.boundingBox())?.y ?? Number.NaN) - (before?.y ?? Number.NaN);
    // A row is some 70 pixels high; scrolling rounds to whole ones.
    expect(Math.abs(moved)).toBeLessThan(2);
    expect(await page.title()).toContain("61");
  } finally {
    await browser.close();
  }
});

async function start(raws: readonly (string | Buffer)[]): Promise<Inbox> {
  const mails = raws.map((raw, n) => received(raw, n));
  const inbox = await startInbox({ mails, transcript: () => [`S: 220 ${ATTACK}`] });
  running.push(inbox);
  return inbox;
}

function received(raw: string | Buffer, n: number): ReceivedMail {
  return {
    id: String(n + 1),
    raw: Buffer.from(raw),
    receivedAt: new Date(1_800_000_000_000 + n),
    envelope: { mailFrom: "ann@example.com", rcptTo: ["bob@example.org"] },
    session: {
      id: "s",
      secure: true,
      tlsVersion: "TLSv1.3",
      cipher: ATTACK,
      authMethod: "PLAIN",
      user: ATTACK,
      ehloName: ATTACK,
    },
  };
}

async function get(
  inbox: Inbox,
  path: string,
): Promise<{
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}> {
  const answer = await fetch(inbox.url + path);
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}
