/** What both pages share: one style, light or dark as the reader has it, and room for a phone. */
import { Html, html } from "./html.ts";

/** A whole page. */
export function pageFrame(title: string, body: Html): string {
  return `<!doctype html>\n${String(
    html`<html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        ${body}
      </body>
    </html>`,
  )}\n`;
}

const STYLE = new Html(`
:root { --ink: #1c2430; --soft: #5a6472; --paper: #fff; --panel: #f4f6f8; --line: #dde2e8; --link: #0b5cad; --good: #1a7f4b; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ee; --soft: #9aa5b3; --paper: #12161c; --panel: #1b2129; --line: #303945; --link: #7ab7ff; --good: #5fd39a; --bad: #ff8a80; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 54rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.3rem 0 .3rem; }
a { color: var(--link); }
p { margin: .4rem 0; }
.soft, small { color: var(--soft); }
code, pre { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; font-size: .9em; }
code { background: var(--panel); padding: .1em .3em; border-radius: .25rem; overflow-wrap: anywhere; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: .4rem; padding: .75rem; overflow-x: auto; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
nav ul { list-style: none; padding: 0; margin: .5rem 0; }
nav li { padding: .15rem 0; }
.method { display: inline-block; min-width: 3.8rem; font: 600 .8rem ui-monospace, monospace; color: var(--soft); }
dl { margin: .3rem 0; }
dt { margin-top: .6rem; }
dd { margin: .1rem 0 0 1rem; }
details { margin: .5rem 0; }
summary { cursor: pointer; }
.good { color: var(--good); } .bad { color: var(--bad); }
`);
