/**
 * What people and programs read about the service: `GET /`, `/docs` and `/openapi.json`. All of it is loaded
 * when it is asked for, so that a Worker that sends starts without it.
 */
import { readConfig, readTokens } from "../config.ts";
import type { Env } from "../env.ts";

/** The document by which clients are made. */
export async function openApi(request: Request): Promise<Response> {
  const { apiDocument } = await import("./api/document.ts");
  return Response.json(apiDocument(originOf(request)), { headers: PUBLIC });
}

/** The same for people. */
export async function docs(request: Request): Promise<Response> {
  const [{ apiDocument }, { docsPage }] = await Promise.all([
    import("./api/document.ts"),
    import("./api/docs-page.ts"),
  ]);
  return page(docsPage(apiDocument(originOf(request))), PUBLIC);
}

/** What this is, and whether it is set up: names of settings only. A page, or JSON, by Accept. */
export async function home(request: Request, env: Env): Promise<Response> {
  const [tokens, config] = await Promise.all([readTokens(env), readConfig(env)]);
  const problems = [tokens, config].flatMap((one) =>
    one.ok ? [] : one.problems.map(({ name }) => name),
  );
  const fields = { "cache-control": "no-store", vary: "Accept" };
  if (request.headers.get("accept")?.includes("text/html") === true) {
    const { homePage } = await import("./api/home-page.ts");
    return page(homePage([...new Set(problems)]), fields);
  }
  const body = {
    name: "postrider",
    status: problems.length === 0 ? "ok" : "misconfigured",
    ...(problems.length === 0 ? {} : { problems: [...new Set(problems)] }),
    send: "POST /emails",
    health: "/health",
    docs: "/docs",
    openapi: "/openapi.json",
  };
  return Response.json(body, { headers: fields });
}

const PUBLIC = { "cache-control": "public, max-age=300" };

/** Nothing is loaded from anywhere, and no script runs. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

function page(html: string, headers: Readonly<Record<string, string>>): Response {
  return new Response(html, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": POLICY,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}

function originOf(request: Request): string {
  return new URL(request.url).origin;
}
