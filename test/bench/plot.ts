/** The findings as one picture: dots for round trips and ratios, curves for growth. */
import { CONTENDERS, type Contender } from "./contender.ts";
import type { Finding, Growth, Row } from "./finding.ts";
import { documentOf, element, line, logScale, text, type Scale } from "./svg.ts";

const WIDTH = 900;
const MARGIN = 20;
/** Where the titles of the cases end and the axis begins. */
const AXIS_X = 350;
const LANE = 7;
const ROW_GAP = 9;
const GROWTH_HEIGHT = 210;

interface Panel {
  readonly height: number;
  readonly content: readonly string[];
}

/** An SVG document; panels without a finding are left out. */
export function plot(findings: readonly Finding[]): string {
  const rows = findings.flatMap((finding) => finding.rows ?? []);
  const growth = findings.flatMap((finding) => finding.growth ?? []);
  const makers: ((top: number) => Panel)[] = [(top) => legend(top)];
  const trips = rows.filter(({ unit }) => unit === "R");
  const ratios = rows.filter(({ unit }) => unit === "x");
  const isCpu = ({ title }: Row): boolean => title.startsWith("CPU");
  const groups: readonly (readonly [string, readonly Row[]])[] = [
    ["Round trips to the final 250 (less is better)", trips],
    ["Speed relative to worker-mailer (more is better)", ratios.filter((row) => !isCpu(row))],
    ["CPU relative to worker-mailer (less is better)", ratios.filter(isCpu)],
  ];
  for (const [heading, group] of groups) {
    if (group.length > 0) makers.push((top) => dots({ top, heading, rows: group }));
  }
  if (growth.length > 0) makers.push((top) => curves(top, growth));
  let top = MARGIN;
  const content: string[] = [];
  for (const make of makers) {
    const panel = make(top);
    content.push(...panel.content);
    top += panel.height;
  }
  const ground = element("rect", { width: WIDTH, height: top, rx: 8, class: "ground" });
  const title = "Postrider beside nodemailer, worker-mailer and emailjs";
  return documentOf({ width: WIDTH, height: top, title }, [ground, ...content]);
}

function legend(top: number): Panel {
  const content = CONTENDERS.flatMap((contender, index) => {
    const x = MARGIN + 10 + (index % 4) * 215;
    const y = top + Math.floor(index / 4) * 20;
    return [mark(contender, x, y), text(contender.label, { x: x + 12, y: y + 4 })];
  });
  return { height: 60, content };
}

function dots({
  top,
  heading,
  rows,
}: {
  readonly top: number;
  readonly heading: string;
  readonly rows: readonly Row[];
}): Panel {
  const values = rows.flatMap(({ cells }) => [...cells.values()]);
  const scale = logScale(values, { start: AXIS_X, end: WIDTH - MARGIN - 10, tick: 1 });
  const content = [text(heading, { x: MARGIN, y: top, style: "heading" })];
  let y = top + 30;
  const axisTop = y - 6;
  const marks: string[] = [];
  for (const { title, cells } of rows) {
    const present = CONTENDERS.filter(({ label }) => cells.has(label));
    const height = Math.max(2, present.length) * LANE;
    marks.push(line([MARGIN, y - 5], [WIDTH - MARGIN, y - 5], "grid"));
    const words = { x: AXIS_X - 14, y: y + height / 2 + 2, anchor: "end" };
    marks.push(text(title.replaceAll("`", ""), words));
    for (const [lane, contender] of present.entries()) {
      const value = cells.get(contender.label);
      if (value !== undefined) marks.push(mark(contender, scale.at(value), y + lane * LANE));
    }
    y += height + ROW_GAP;
  }
  content.push(...ticks(scale, { top: axisTop, bottom: y - 8 }), ...marks);
  return { height: y - top + 24, content };
}

function ticks(
  scale: Scale,
  { top, bottom }: { readonly top: number; readonly bottom: number },
): readonly string[] {
  return scale.ticks.flatMap((value) => {
    const x = scale.at(value);
    return [
      line([x, top], [x, bottom], value === 1 ? "base" : "grid"),
      text(short(value), { x, y: top - 4, anchor: "middle", style: "soft" }),
    ];
  });
}

function curves(top: number, growth: readonly Growth[]): Panel {
  const heading = "Time per mail over loopback, relative to Postrider at the first step";
  const content = [text(heading, { x: MARGIN, y: top, style: "heading" })];
  const width = (WIDTH - 2 * MARGIN) / growth.length;
  for (const [index, one] of growth.entries()) {
    content.push(...curve(one, { left: MARGIN + index * width, top: top + 40, width }));
  }
  return { height: GROWTH_HEIGHT + 90, content };
}

function curve(
  { title, steps, lines }: Growth,
  { left, top, width }: { readonly left: number; readonly top: number; readonly width: number },
): readonly string[] {
  const values = [...lines.values()].flatMap((of) => of.filter((value) => value !== undefined));
  const bottom = top + GROWTH_HEIGHT;
  const scale = logScale(values, { start: bottom, end: top, tick: 1 });
  const from = left + 34;
  const stride = (width - 70) / Math.max(1, steps.length - 1);
  const content = [text(title, { x: from, y: top - 10 })];
  for (const value of scale.ticks) {
    const y = scale.at(value);
    const end = from + stride * (steps.length - 1) + 10;
    content.push(line([from - 6, y], [end, y], value === 1 ? "base" : "grid"));
    content.push(text(short(value), { x: from - 10, y: y + 4, anchor: "end", style: "soft" }));
  }
  for (const [index, step] of steps.entries()) {
    const x = from + index * stride;
    content.push(text(step, { x, y: bottom + 18, anchor: "middle", style: "soft" }));
  }
  for (const contender of CONTENDERS) {
    const points = (lines.get(contender.label) ?? []).flatMap((value, index) =>
      value === undefined ? [] : [[from + index * stride, scale.at(value)] as const],
    );
    if (points.length === 0) continue;
    const path = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
    content.push(
      element("polyline", {
        points: path,
        class: "curve",
        style: `stroke: ${colourOf(contender)}`,
      }),
      ...points.map(([x, y]) => mark(contender, x, y)),
    );
  }
  return content;
}

/** A colour per library; filled in workerd, hollow in Node; square where there is no session. */
function mark(contender: Contender, x: number, y: number): string {
  const colour = colourOf(contender);
  const fill = contender.runtime === "workerd" ? colour : "var(--ground)";
  const style = `fill: ${fill}; stroke: ${colour}; stroke-width: 1.8`;
  if (contender.hasSession) return element("circle", { cx: x, cy: y, r: 3.6, style });
  return element("rect", { x: x - 3.2, y: y - 3.2, width: 6.4, height: 6.4, style });
}

function colourOf({ peer }: Contender): string {
  return `var(--${peer.replace("-pool", "")})`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(1)));
}
