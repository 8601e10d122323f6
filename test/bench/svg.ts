/** Writes SVG: elements as strings, a logarithmic scale, and the styles for light and for dark. */
export type Attributes = Readonly<Record<string, string | number>>;

export function element(name: string, attributes: Attributes, content = ""): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === "number" ? round(value) : escaped(value)}"`,
  );
  return `<${name}${written.join("")}${content === "" ? "/>" : `>${content}</${name}>`}`;
}

/** `anchor` is start, middle or end; `style` a class. */
export function text(
  words: string,
  at: { readonly x: number; readonly y: number; readonly anchor?: string; readonly style?: string },
): string {
  const { x, y, anchor = "start", style = "words" } = at;
  return element("text", { x, y, "text-anchor": anchor, class: style }, escaped(words));
}

export function line(
  from: readonly [number, number],
  to: readonly [number, number],
  style: string,
): string {
  return element("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1], class: style });
}

export interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** From `start` to `end`, over all the values and at least the given tick, in steps of 1, 2, 5 or 10. */
export function logScale(
  values: readonly number[],
  { start, end, tick }: { readonly start: number; readonly end: number; readonly tick: number },
): Scale {
  const low = Math.log10(Math.min(tick, ...values) * 0.85);
  const high = Math.log10(Math.max(tick, ...values) * 1.15);
  const ticks: number[] = [];
  const steps = high - low > 2 ? [1] : [1, 2, 5];
  for (let power = Math.floor(low); power <= high; power += 1) {
    for (const step of steps) {
      const value = step * 10 ** power;
      if (Math.log10(value) >= low && Math.log10(value) <= high) ticks.push(value);
    }
  }
  return {
    ticks,
    at: (value) => start + ((Math.log10(value) - low) / (high - low)) * (end - start),
  };
}

export function documentOf(
  size: { readonly width: number; readonly height: number; readonly title: string },
  content: readonly string[],
): string {
  const { width, height, title } = size;
  const root = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
  };
  const body = [element("title", {}, escaped(title)), element("style", {}, STYLE), ...content];
  return `${element("svg", root, `\n${body.join("\n")}\n`)}\n`;
}

/** The ground is painted, so that it is readable wherever it is shown. */
const STYLE = `
svg { --ground: #ffffff; --ink: #1f2328; --faint: #d5dae0; --soft: #59636e;
  --postrider: #0969da; --nodemailer: #bc4c00; --worker-mailer: #a40e6b; --emailjs: #1a7f37;
  font: 12px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) {
  svg { --ground: #0d1117; --ink: #e6edf3; --faint: #30363d; --soft: #9198a1;
    --postrider: #58a6ff; --nodemailer: #f0883e; --worker-mailer: #f778ba; --emailjs: #3fb950; } }
.ground { fill: var(--ground); }
.words { fill: var(--ink); } .soft { fill: var(--soft); font-size: 11px; }
.heading { fill: var(--ink); font-weight: 600; font-size: 14px; }
.grid { stroke: var(--faint); } .base { stroke: var(--soft); stroke-dasharray: 4 3; }
.curve { fill: none; stroke-width: 2; }
`;

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
