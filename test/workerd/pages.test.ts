/** What people and programs read about the service, without a token. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import type { Env } from "../../src/env.ts";
import worker from "../../src/worker.ts";
import { TOKEN, call, vars } from "./worker-calls.ts";

async function page(path: string, env: Env = vars()): Promise<{ text: string; headers: Headers }> {
  const context = createExecutionContext();
  const request = new Request<unknown, IncomingRequestCfProperties>(
    `https://mail.example.com${path}`,
    { headers: { accept: "text/html,application/xhtml+xml" } },
  );
  const response = await worker.fetch?.(request, env, context);
  await waitOnExecutionContext(context);
  if (response === undefined) throw new TypeError("the Worker has no fetch");
  expect(response.status).toBe(200);
  return { text: await response.text(), headers: response.headers };
}

describe("GET /", () => {
  it("is JSON for programs", async () => {
    const { body } = await call("/");
    expect(body).toMatchObject({ name: "postrider", status: "ok", openapi: "/openapi.json" });
  });

  it("is a page for people, with links to the rest", async () => {
    const { text, headers } = await page("/");
    expect(headers.get("vary")).toBe("Accept");
    expect(text).toContain("It is configured");
    for (const path of ["/docs", "/openapi.json"]) expect(text).toContain(`href="${path}"`);
  });

  it("names what is not set up, and no value", async () => {
    const env = vars({ SMTP_PORT: "twenty-five" }, ["API_TOKENS"]);
    const { text } = await page("/", env);
    expect(text).toContain("<code>SMTP_PORT</code>");
    expect(text).toContain("<code>API_TOKENS</code>");
    expect(text).not.toContain("twenty-five");
    const { body } = await call("/", {}, env);
    expect(body).toMatchObject({ status: "misconfigured", problems: ["API_TOKENS", "SMTP_PORT"] });
  });
});

describe.each(["/", "/docs"])("the page at %s", (path) => {
  it("loads nothing and runs nothing", async () => {
    const { text, headers } = await page(path);
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(text).not.toMatch(/<script|<link|<img|<iframe|\son\w+=|url\(|@import/);
    expect(text).not.toContain(TOKEN);
  });

  it("has no link to a place that it lacks", async () => {
    const { text } = await page(path);
    for (const [, id = ""] of text.matchAll(/href="#([^"]+)"/g))
      expect(text).toContain(`id="${id}"`);
  });
});

describe("GET /openapi.json", () => {
  it("names this deployment as its server, and needs no token", async () => {
    const { status, body } = await call("/openapi.json", {}, {});
    expect(status).toBe(200);
    expect(body).toMatchObject({
      openapi: "3.1.0",
      servers: [{ url: "https://mail.example.com" }],
    });
  });
});
