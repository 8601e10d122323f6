/** The inbox's style sheet: system fonts, no external resources, light and dark. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #f6f5f2; --card: #ffffff; --ink: #1d1c1a; --soft: #66625a; --line: #e2dfd8;
  --accent: #a4370f; --wash: #fbeee6; --good: #1f6b45;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #161513; --card: #1f1e1b; --ink: #eceae4; --soft: #a39e93; --line: #35332e;
    --accent: #f2996b; --wash: #33241b; --good: #7fcea3;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: anywhere;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main, .bar { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem; }
main { padding-bottom: 4rem; }
header.top { border-bottom: 1px solid var(--line); background: var(--card); margin-bottom: 1.75rem; }
.bar { display: flex; align-items: baseline; gap: .25rem 1rem; flex-wrap: wrap; padding-block: .9rem; }
.bar a { font-weight: 650; text-decoration: none; color: var(--ink); letter-spacing: -.01em; }
.bar a b { color: var(--accent); font-weight: inherit; }
.bar span { color: var(--soft); font-size: .875rem; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
h1 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -.015em; margin: 0 0 1rem; text-wrap: balance; }
h2 { font-size: .875rem; color: var(--soft); font-weight: 600; margin: 2rem 0 .6rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
code, pre, .mono { font-family: var(--mono); font-size: .8125rem; }
pre { margin: 0; padding: 1rem 1.25rem; white-space: pre-wrap; line-height: 1.55; }
time { font-variant-numeric: tabular-nums; }
.empty { padding: 2.5rem 1.5rem; }
.empty p { max-width: 36rem; margin: 0 0 1rem; color: var(--soft); }
.empty h1 { margin-bottom: .5rem; }
.empty pre { background: var(--paper); border: 1px solid var(--line); border-radius: 8px; }
.mails { list-style: none; margin: 0; padding: 0; overflow: hidden; }
.mails li + li { border-top: 1px solid var(--line); }
.mails a {
  display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .05rem 1rem;
  padding: .8rem 1.25rem; text-decoration: none; color: inherit;
}
.mails a:hover { background: var(--wash); }
.mails a:focus-visible { outline-offset: -3px; }
.mails .subject {
  font-weight: 600; display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden;
}
.mails .who, .mails time, .mails .how { color: var(--soft); font-size: .875rem; }
.mails .how, .mails time { text-align: right; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .35rem 1.25rem; margin: 0; padding: 1rem 1.25rem; }
dt { color: var(--soft); }
dd { margin: 0; }
.secure { color: var(--good); font-weight: 600; }
.clear { color: var(--accent); font-weight: 600; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: 2rem 0 .9rem; border-bottom: 1px solid var(--line); }
nav a { padding: .4rem 0; text-decoration: none; color: var(--soft); border-bottom: 2px solid transparent; margin-bottom: -1px; }
nav a:hover { color: var(--ink); }
nav a[aria-current] { color: var(--ink); border-color: var(--accent); }
iframe { display: block; width: 100%; height: 32rem; border: 0; border-radius: 10px; background: #fff; color-scheme: light; resize: vertical; }
.note { color: var(--soft); font-size: .875rem; margin: .75rem 0 0; }
.files { list-style: none; margin: 0; padding: 0; }
.files li { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline; padding: .6rem 1.25rem; }
.files li + li { border-top: 1px solid var(--line); }
.files span { color: var(--soft); font-size: .875rem; }
.source { display: flex; justify-content: space-between; flex-wrap: wrap; gap: .25rem 1rem; padding: .6rem 1.25rem; border-bottom: 1px solid var(--line); font-size: .875rem; color: var(--soft); }
.source a + a { margin-left: 1rem; }
@media (max-width: 34rem) {
  .bar, main { padding-inline: 1rem; }
  h1 { font-size: 1.25rem; }
  .mails a, dl, pre, .files li, .source { padding-inline: 1rem; }
  .mails .subject, .mails .who { grid-column: 1 / -1; }
  .mails time { order: 1; text-align: left; }
  .mails .how { order: 2; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: .6rem; }
  .empty { padding: 1.75rem 1rem; }
}
`;

/** The list's script: new mails are put on top, and nothing that is there already moves or reloads. */
export const script = `
const list = document.querySelector("[data-list]");
async function refresh() {
  try {
    if (document.hidden) return;
    const answer = await fetch("/", { headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.title = page.title;
    document.querySelector("[data-count]").replaceWith(page.querySelector("[data-count]"));
    const fresh = page.querySelector("[data-list]");
    const newest = list.querySelector("li")?.dataset.id;
    const first = fresh.querySelector("li")?.dataset.id;
    if (first === newest) return;
    // Another first mail and not ours below it: the relay was started anew.
    if (!newest || !fresh.querySelector('li[data-id="' + newest + '"]')) {
      list.replaceChildren(...fresh.childNodes);
      return;
    }
    const added = [];
    for (const item of fresh.querySelectorAll("li")) {
      if (item.dataset.id === newest) break;
      added.push(item);
    }
    list.querySelector("ol").prepend(...added);
  } catch {
    document.querySelector("[data-count]").textContent = "stopped; showing what was here";
  } finally {
    setTimeout(refresh, 1500);
  }
}
setTimeout(refresh, 1500);
`;
