/** The page at `/`: what this is, whether it is set up, and where to read on. */
import { html } from "./html.ts";
import { pageFrame } from "./page-frame.ts";

/** `problems`: names of settings, never their values. */
export function homePage(problems: readonly string[]): string {
  const state =
    problems.length === 0
      ? html`<p class="good">It is configured, and takes mail.</p>`
      : html`<p class="bad">It is not configured yet. These settings are missing or wrong:</p>
          <ul>
            ${problems.map((name) => html`<li><code>${name}</code></li>`)}
          </ul>
          <p class="soft">
            What each needs is told by <a href="/health"><code>/health</code></a
            >.
          </p>`;
  return pageFrame(
    "Postrider",
    html`<main>
      <h1>Postrider</h1>
      <p>
        A mail service on your own relay. Programs hand mail to this address; it goes out through an
        SMTP relay.
      </p>
      ${state}
      <ul>
        <li><a href="/docs">Documentation of the API</a></li>
        <li><a href="/openapi.json">The same as OpenAPI 3.1</a>, for programs</li>
        <li><a href="https://github.com/postrider/postrider">The project</a></li>
      </ul>
    </main>`,
  );
}
