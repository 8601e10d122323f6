/** The pages of the inbox, as markup. Whatever comes from a mail is escaped by `html`. */
import { html, trusted } from "./html.ts";
import type { Html } from "./html.ts";
import type { AttachmentView, MailView } from "./inbox-mail.ts";
import { script, style } from "./inbox-style.ts";
import type { ReceivedSession } from "./relay.ts";

export type Tab = "html" | "text" | "headers" | "transcript" | "raw";

/** The tabs this mail has; the first is shown unless asked otherwise. */
export function tabsOf(view: MailView): readonly Tab[] {
  return [
    ...(view.html === undefined ? [] : (["html"] as const)),
    ...(view.text === undefined ? [] : (["text"] as const)),
    ...(view.problem === undefined ? (["headers"] as const) : []),
    "transcript",
    "raw",
  ];
}

/** The list, newest first. `nonce` is the one its Content-Security-Policy names. */
export function listPage(
  views: readonly MailView[],
  { hint, nonce }: { readonly hint: string | undefined; readonly nonce: string },
): string {
  const mails = views.length === 1 ? "1 mail" : `${views.length} mails, newest first`;
  const count = views.length === 0 ? "waiting for mail" : mails;
  return page({
    title: views.length === 0 ? "Inbox" : `Inbox (${views.length})`,
    status: html`<span data-count role="status">${count}</span>`,
    body: html`<div data-list>
        ${
          views.length === 0
            ? emptyState(hint)
            : html`<ol class="card mails">
                ${views.toReversed().map((view) => listItem(view))}
              </ol>`
        }
      </div>
      <script nonce="${nonce}">
        ${trusted(script)};
      </script>`,
  });
}

/** One mail, with one of its tabs open. */
export function mailPage(
  view: MailView,
  { tab, transcript }: { readonly tab: Tab; readonly transcript: readonly string[] },
): string {
  const { received } = view;
  const path = `/mails/${received.id}`;
  return page({
    title: subjectOf(view),
    status: html`<span
      >mail ${received.id}, ${time(received.receivedAt)}, ${size(received.raw.length)}</span
    >`,
    body: html`<h1>${subjectOf(view)}</h1>
      <dl class="card">
        <dt>Envelope from</dt>
        <dd>${received.envelope.mailFrom || "<> (the null reverse-path)"}</dd>
        <dt>Envelope to</dt>
        <dd>${received.envelope.rcptTo.join(", ")}</dd>
        <dt>Connection</dt>
        <dd>${connection(received.session)}</dd>
        <dt>AUTH</dt>
        <dd>${authentication(received.session)}</dd>
        <dt>EHLO</dt>
        <dd>${received.session.ehloName}</dd>
      </dl>
      ${view.attachments.length === 0 ? undefined : attachmentList(path, view.attachments)}
      <nav id="parts" aria-label="Parts of the mail">
        ${tabsOf(view).map(
          (name) =>
            html`<a href="${path}?tab=${name}#parts" ${name === tab ? CURRENT : undefined}
              >${TAB_NAMES[name]}</a
            >`,
        )}
      </nav>
      ${tabContent(view, { tab, transcript, path })}`,
  });
}

/** A page that only says something, such as that there is no such mail. */
export function messagePage(title: string, text: string): string {
  return page({
    title,
    status: html`<span>${title}</span>`,
    body: html`<div class="card empty">
      <h1>${title}</h1>
      <p>${text}</p>
      <a href="/">Back to the inbox</a>
    </div>`,
  });
}

const TAB_NAMES = {
  html: "HTML",
  text: "Text",
  headers: "Header",
  transcript: "SMTP",
  raw: "Raw",
} as const satisfies Record<Tab, string>;

const CURRENT = html`aria-current="page"`;

function page(parts: {
  readonly title: string;
  readonly status: Html;
  readonly body: Html;
}): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${parts.title} · Postrider</title>
        <link rel="icon" href="data:," />
        <style>
          ${trusted(style)}
        </style>
      </head>
      <body>
        <header class="top">
          <div class="bar">
            <a href="/"><b>Postrider</b> inbox</a>
            ${parts.status}
          </div>
        </header>
        <main>${parts.body}</main>
      </body>
    </html> `.markup;
}

function emptyState(hint: string | undefined): Html {
  return html`<div class="card empty">
    <h1>No mail yet</h1>
    <p>
      Mail that the local relay accepts appears here by itself. Nothing is delivered to anyone.
      ${hint === undefined ? undefined : "Paste this into a terminal to send the first one:"}
    </p>
    ${hint === undefined ? undefined : html`<pre>${hint}</pre>`}
  </div>`;
}

function listItem(view: MailView): Html {
  const { id, envelope, receivedAt, session } = view.received;
  const files = view.attachments.filter(({ isInline }) => !isInline).length;
  const attached = files === 0 ? "" : files === 1 ? ", 1 attachment" : `, ${files} attachments`;
  return html`<li data-id="${receivedAt.getTime()}-${id}">
    <a href="/mails/${id}">
      <span class="subject">${subjectOf(view)}</span>
      ${time(receivedAt)}
      <span class="who">${envelope.mailFrom || "<>"} to ${envelope.rcptTo.join(", ")}</span>
      <span class="how">${session.tlsVersion ?? "no TLS"}${attached}</span>
    </a>
  </li>`;
}

function tabContent(
  view: MailView,
  {
    tab,
    transcript,
    path,
  }: { readonly tab: Tab; readonly transcript: readonly string[]; readonly path: string },
): Html {
  switch (tab) {
    case "html":
      // No token in `sandbox`: no scripts, no forms, no navigation, an origin of its own. The frame
      // also inherits this page's policy, so nothing is loaded from elsewhere.
      return html`<div class="card">
          <iframe sandbox="" srcdoc="${view.html}" title="The mail's HTML"></iframe>
        </div>
        <p class="note">
          Shown in a sandbox: no scripts, no links, nothing loaded from elsewhere. Attached images
          are shown.
        </p>`;
    case "text":
      return html`<div class="card"><pre>${view.text}</pre></div>`;
    case "headers":
      return html`<dl class="card mono">
        ${view.headers.map(
          ({ name, value }) =>
            html`<dt>${name}</dt>
              <dd>${value}</dd>`,
        )}
      </dl>`;
    case "transcript":
      return html`<div class="card"><pre>${transcript.join("\n")}</pre></div>`;
    case "raw":
      return html`<div class="card">
        <div class="source">
          <span>${view.problem ?? `${size(view.received.raw.length)} as received`}</span>
          <span>
            <a href="${path}/raw">Plain text</a>
            <a href="${path}/raw.eml" download>Download .eml</a>
          </span>
        </div>
        <pre>${start(view.received.raw)}</pre>
      </div>`;
  }
}

/** More than this makes the page slow; the whole is a link away. */
const MAX_SHOWN_BYTES = 256 * 1024;

function start(raw: Buffer): string {
  const shown = raw.subarray(0, MAX_SHOWN_BYTES).toString();
  return raw.length > MAX_SHOWN_BYTES ? `${shown}\n… (the rest is in the plain text)` : shown;
}

function attachmentList(path: string, attachments: readonly AttachmentView[]): Html {
  return html`<h2>Attachments</h2>
    <ul class="card files">
      ${attachments.map(
        (attachment, n) =>
          html`<li>
            <a href="${path}/attachments/${n + 1}" download>${attachment.filename}</a>
            <span>
              ${attachment.type},
              ${size(attachment.content.length)}${attachment.isInline ? ", inline" : ""}
            </span>
          </li>`,
      )}
    </ul>`;
}

function connection(session: ReceivedSession): Html {
  if (!session.secure) return html`<span class="clear">no TLS</span>`;
  return html`<span class="secure">${session.tlsVersion}</span> ${session.cipher}`;
}

function authentication({ authMethod, user }: ReceivedSession): string {
  return authMethod === undefined ? "none" : `${authMethod} as ${user ?? ""}`;
}

function subjectOf({ subject, problem }: MailView): string {
  if (problem !== undefined) return "(could not be parsed)";
  return subject.trim() === "" ? "(no subject)" : subject;
}

function time(date: Date): Html {
  const text = date.toLocaleTimeString("en-GB");
  return html`<time datetime="${date.toISOString()}">${text}</time>`;
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
