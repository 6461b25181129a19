import { brief, duration } from "./figures.ts";
import { html, type Markup } from "./markup.ts";

/** A figure over time. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  /** One sentence for who does not see it. */
  readonly summary: string;
  /** Seconds and values, by time. */
  readonly points: readonly (readonly [number, number])[];
  /** A level to compare with, and its name. */
  readonly limit?: { readonly value: number; readonly name: string };
  /** Moments to mark: what, when. */
  readonly marks?: readonly { readonly seconds: number; readonly text: string; readonly kind: "finding" | "resumed" }[];
  /** Whether values hold up to the next point, or go there in a straight line. */
  readonly isStepped: boolean;
  readonly width: number;
  readonly height: number;
}

const LEFT = 56;
const RIGHT = 14;
const TOP = 14;
const BOTTOM = 26;
/** Seconds an axis has a label at. */
const TIMES = [0.1, 0.3, 1, 3, 10, 30, 60, 180, 600, 1800, 3600, 10_800, 43_200, 86_400, 259_200, 604_800, 2_592_000];
/** Pixels a label of the time axis takes. */
const LABEL = 52;

/** An SVG with axes, a line and marks. Time is logarithmic: half of what there is to find is found at once. */
export function drawChart(chart: Chart): Markup {
  const { id, title, summary, points, limit, marks = [], width, height } = chart;
  const end = Math.max(0.2, points.at(-1)?.[0] ?? 1);
  const least = Math.min(Math.max(0.1, points.find(([seconds]) => seconds > 0)?.[0] ?? 0.1), end / 10);
  const x = (seconds: number) =>
    LEFT + ((width - LEFT - RIGHT) * Math.log(Math.max(seconds, least) / least)) / Math.log(end / least);
  const most = Math.max(1, limit?.value ?? 0, ...points.map(([, value]) => value));
  const levels = niceLevels(most);
  const top = Math.max(most, levels.at(-1)!);
  const y = (value: number) => TOP + (height - TOP - BOTTOM) * (1 - value / top);
  const floor = y(0);
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-t ${id}-d">
<title id="${id}-t">${title}</title><desc id="${id}-d">${summary}</desc>
${levels.map(
  (
    level,
  ) => html`<line class="grid" x1="${LEFT}" x2="${width - RIGHT}" y1="${pixel(y(level))}" y2="${pixel(y(level))}"/>
<text class="tick end" x="${LEFT - 8}" y="${pixel(y(level) + 4)}">${brief(level)}</text>`,
)}
${timeLabels(least, end, x).map(
  ([seconds, at]) => html`<line class="grid" x1="${pixel(at)}" x2="${pixel(at)}" y1="${floor}" y2="${floor + 4}"/>
<text class="tick mid" x="${pixel(at)}" y="${floor + 18}">${duration(seconds)}</text>`,
)}
${
  limit &&
  html`<line class="limit" x1="${LEFT}" x2="${width - RIGHT}" y1="${pixel(y(limit.value))}" y2="${pixel(y(limit.value))}"/>
<text class="tick end" x="${width - RIGHT}" y="${pixel(y(limit.value) + 14)}">${limit.name}</text>`
}
${marks
  .filter(({ kind }) => kind === "resumed")
  .map(
    ({ seconds, text }) =>
      html`<line class="resumed" x1="${pixel(x(seconds))}" x2="${pixel(x(seconds))}" y1="${TOP}" y2="${floor}"><title>${text}</title></line>`,
  )}
${points.length > 0 && html`<path class="area" d="${lineOf(chart, x, y)}V${floor}H${pixel(x(points[0]![0]))}Z"/><path class="line" d="${lineOf(chart, x, y)}"/>`}
${marks
  .filter(({ kind }) => kind === "finding")
  .map(({ seconds, text }) => {
    const at = pixel(x(seconds));
    return html`<path class="found" d="M${at} ${floor - 12}l6 11h-12Z"><title>${text}</title></path>`;
  })}
<line class="axis" x1="${LEFT}" x2="${width - RIGHT}" y1="${floor}" y2="${floor}"/>
</svg>`;
}

function lineOf({ points, isStepped }: Chart, x: (seconds: number) => number, y: (value: number) => number): string {
  return points
    .map(([seconds, value], i) => {
      const [h, v] = [pixel(x(seconds)), pixel(y(value))];
      return i === 0 ? `M${h} ${v}` : isStepped ? `H${h}V${v}` : `L${h} ${v}`;
    })
    .join("");
}

function timeLabels(least: number, end: number, x: (seconds: number) => number): [number, number][] {
  const labels: [number, number][] = [];
  for (const seconds of TIMES) {
    if (seconds < least || seconds > end) continue;
    const at = x(seconds);
    if (at - (labels.at(-1)?.[1] ?? -LABEL) >= LABEL) labels.push([seconds, at]);
  }
  return labels;
}

/** 0 and up to five more, the last at or above `most`. */
function niceLevels(most: number): number[] {
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((size) => size * 5 >= most) ?? most);
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step);
}

function pixel(value: number): number {
  return Math.round(value * 10) / 10;
}
