/**
 * A small inbox over the local relay's mails: pages for people, a JSON API for tests. It reads and
 * never changes anything, listens on 127.0.0.1 only, and treats every mail as hostile.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

import { viewMail } from "./inbox-mail.ts";
import type { MailView } from "./inbox-mail.ts";
import { listPage, mailPage, messagePage, tabsOf } from "./inbox-page.ts";
import type { ReceivedMail, Relay } from "./relay.ts";

export interface Inbox {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export interface InboxOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** A command that sends a mail, shown while there is none. Asked for each time. */
  readonly hint?: () => string | undefined;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** The port is open when this resolves. */
export async function startInbox(
  relay: Pick<Relay, "mails" | "transcript">,
  options: InboxOptions = {},
): Promise<Inbox> {
  const views = new Map<string, Promise<MailView>>();
  const view = (mail: ReceivedMail): Promise<MailView> => {
    const known = views.get(mail.id) ?? viewMail(mail);
    views.set(mail.id, known);
    return known;
  };

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    // A page elsewhere can point a name of its own at 127.0.0.1 and read what that answers.
    if (!LOCAL_HOST.test(request.headers.host ?? "")) {
      return text(403, "This inbox answers to localhost and 127.0.0.1 only.");
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return text(405, "This inbox can only be read.");
    }
    const url = new URL(request.url ?? "/", "http://localhost");
    if (url.pathname === "/") {
      const nonce = randomBytes(16).toString("base64");
      const all = await Promise.all(relay.mails.map((mail) => view(mail)));
      return page(200, listPage(all, { hint: options.hint?.(), nonce }), nonce);
    }
    if (url.pathname === "/api/mails") {
      return json(await Promise.all(relay.mails.map(async (mail) => summary(await view(mail)))));
    }
    const [, api, id, path = ""] = /^(\/api)?\/mails\/(\d+)(\/.*)?$/.exec(url.pathname) ?? [];
    if (id === undefined) return page(404, messagePage("No such page", UNKNOWN_PATH));
    const mail = relay.mails.find((candidate) => candidate.id === id);
    if (mail === undefined) return page(404, messagePage("No such mail", GONE));
    if (path === "/raw" && api === undefined) return text(200, mail.raw);
    if (path === "/raw" || path === "/raw.eml") {
      return download(mail.raw, "message/rfc822", `mail-${id}.eml`);
    }
    const shown = await view(mail);
    if (path === "") {
      if (api !== undefined) return json(summary(shown));
      const tabs = tabsOf(shown);
      const tab = tabs.find((name) => name === url.searchParams.get("tab")) ?? tabs[0] ?? "raw";
      return page(200, mailPage(shown, { tab, transcript: relay.transcript(mail.session.id) }));
    }
    const [, n] = /^\/attachments\/(\d+)$/.exec(path) ?? [];
    const attachment = shown.attachments[Number(n) - 1];
    if (attachment === undefined) return page(404, messagePage("No such page", UNKNOWN_PATH));
    return download(attachment.content, attachment.type, attachment.filename);
  };

  const server = createServer((request, response) => {
    answer(request)
      .catch((error: unknown) => text(500, error instanceof Error ? error.message : "failed"))
      .then(({ status, headers, body }) => {
        response.writeHead(status, { ...SAFE_HEADERS, ...headers });
        return response.end(request.method === "HEAD" ? undefined : body);
      })
      .catch(() => response.destroy());
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  // `address()` is an AddressInfo for a listener on TCP.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const LOCAL_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;

const UNKNOWN_PATH = "The address names nothing in this inbox.";

const GONE =
  "Mails are kept in memory until the local relay stops; `npm start` also keeps them as files.";

const SAFE_HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "x-frame-options": "DENY",
} as const;

function page(status: number, body: string, nonce?: string): Answer {
  const policy = [
    "default-src 'none'",
    // The frame of a mail inherits this policy, and mails bring their own inline styles.
    "style-src 'unsafe-inline'",
    "img-src data:",
    ...(nonce === undefined ? [] : [`script-src 'nonce-${nonce}'`, "connect-src 'self'"]),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy,
  };
  return { status, headers, body };
}

function text(status: number, body: string | Uint8Array): Answer {
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    "content-security-policy": SANDBOX,
  };
  return { status, headers, body };
}

function json(value: unknown): Answer {
  return {
    status: 200,
    headers: { "content-type": "application/json", "content-security-policy": SANDBOX },
    body: JSON.stringify(value),
  };
}

function download(body: Uint8Array, type: string, filename: string): Answer {
  return {
    status: 200,
    headers: {
      "content-type": /^[a-z0-9.+-]+\/[a-z0-9.+-]+$/.test(type) ? type : "application/octet-stream",
      "content-disposition": contentDisposition(filename),
      "content-security-policy": SANDBOX,
    },
    body,
  };
}

const SANDBOX = "default-src 'none'; sandbox";

/** The name twice: plain ASCII for all, and the real one percent-encoded. */
function contentDisposition(filename: string): string {
  const ascii = filename.replaceAll(/[^ !#-.0-[\]-~]/g, "_");
  const encoded = encodeURIComponent(filename.toWellFormed()).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

function summary({ received, subject, attachments }: MailView): unknown {
  const { id, envelope, receivedAt, session, raw } = received;
  return {
    id,
    envelope,
    subject,
    receivedAt,
    session,
    bytes: raw.length,
    attachments: attachments.map(({ filename, type, content }) => ({
      filename,
      type,
      bytes: content.length,
    })),
  };
}
