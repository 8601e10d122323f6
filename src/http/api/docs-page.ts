/** The page at `/docs`, rendered of the OpenAPI document: each operation, its fields, an example, its errors. */
import type { Document } from "./document.ts";
import { html, prose, type Html } from "./html.ts";
import { OPERATIONS, type Operation } from "./operations.ts";
import { pageFrame } from "./page-frame.ts";
import { PROBLEMS } from "./problems.ts";
import { fieldsOf, type Schemas } from "./schema-text.ts";

/** The page, in one piece. */
export function docsPage({ components, servers }: Document): string {
  const schemas = components.schemas as Schemas;
  const [server] = servers as readonly { readonly url: string }[];
  const origin = server?.url ?? "";
  return pageFrame(
    "Postrider: API",
    html`<header>
        <h1>Postrider</h1>
        <p>
          A mail service on your own relay, wire-compatible with the Resend API: its SDKs work with
          <code>${origin}</code> as their base URL. <a href="/openapi.json">OpenAPI 3.1</a>.
        </p>
        <p>
          Every request but those marked <em>open</em> needs
          <code>Authorization: Bearer &lt;token&gt;</code>.
        </p>
      </header>
      <nav aria-label="Contents">
        <ul>
          ${OPERATIONS.map(
            (one) =>
              html`<li>
                <a href="#${one.id}">${methodOf(one)} <code>${one.path}</code></a>
                <span class="soft">${one.summary}</span>
              </li>`,
          )}
          <li><a href="#schemas">Objects</a> · <a href="#errors">Errors</a></li>
        </ul>
      </nav>
      <main>
        ${OPERATIONS.map((one) => section(one, { schemas, origin }))}
        <h2 id="schemas">Objects</h2>
        ${Object.keys(schemas).map(
          (name) =>
            html`<h3 id="schema-${name}">${name}</h3>
              ${fieldsOf(schemas[name] ?? {}, schemas)}`,
        )}
        <h2 id="errors">Errors</h2>
        <p>
          An error is a <a href="#schema-Problem">Problem</a>, as <code>application/json</code>, or
          as <code>application/problem+json</code> where <code>Accept</code> names it.
        </p>
        <dl>
          ${Object.entries(PROBLEMS).map(
            ([title, { statuses, meaning }]) =>
              html`<dt>${statuses.join(", ")} <strong>${title}</strong></dt>
                <dd>${prose(meaning)}</dd>`,
          )}
        </dl>
      </main>`,
  );
}

interface Context {
  readonly schemas: Schemas;
  readonly origin: string;
}

function section(operation: Operation, { schemas, origin }: Context): Html {
  const {
    id,
    path,
    summary,
    description,
    right,
    parameters = [],
    body,
    answers,
    problems,
  } = operation;
  return html`<section>
    <h2 id="${id}">${summary}</h2>
    <p>
      ${methodOf(operation)} <code>${path}</code>
      <small>${right === undefined ? "open" : `right: ${right}`}</small>
    </p>
    ${description === undefined ? undefined : html`<p>${prose(description)}</p>`}
    <pre><code>${curlOf(operation, origin)}</code></pre>
    ${
      parameters.length === 0
        ? undefined
        : html`<h3>Parameters</h3>
            <dl>
              ${parameters.map(
                (one) =>
                  html`<dt><code>${one.name}</code> <small>${one.in}</small></dt>
                    <dd>${prose(one.description)}</dd>`,
              )}
            </dl>`
    }
    ${
      body === undefined
        ? undefined
        : html`<h3>Body</h3>
            ${Object.entries(body).map(
              ([type, schema]) =>
                html`<p><code>${type}</code></p>
                  ${fieldsOf(schema, schemas)}`,
            )}`
    }
    <h3>Answers</h3>
    <dl>
      ${Object.entries(answers).map(
        ([status, { is, means }]) =>
          html`<dt>
              ${status} ${[is].flat().map((name) => html`<a href="#schema-${name}">${name}</a> `)}
            </dt>
            <dd>${prose(means)}</dd>`,
      )}
    </dl>
    <details>
      <summary>Errors</summary>
      <ul>
        ${problems.map((title) => html`<li>${PROBLEMS[title].statuses.join(", ")} <a href="#errors">${title}</a></li>`)}
      </ul>
    </details>
  </section>`;
}

function methodOf({ method }: Operation): Html {
  return html`<span class="method">${method.toUpperCase()}</span>`;
}

function curlOf({ method, path, right, example }: Operation, origin: string): string {
  const filled = path
    .replace("{id}", "8f4ee2a4-9f0e-4c7e-b6a1-3b1f5a0c8d2e")
    .replace("{address}", "gone@example.org");
  const words = [`curl ${method === "get" ? "" : `-X ${method.toUpperCase()} `}${origin}${filled}`];
  if (right !== undefined) words.push('-H "Authorization: Bearer $TOKEN"');
  if (example !== undefined) {
    words.push('-H "Content-Type: application/json"', `-d '${JSON.stringify(example)}'`);
  }
  return words.join(" \\\n  ");
}
