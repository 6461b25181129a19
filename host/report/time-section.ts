import { drawChart } from "./chart.ts";
import { duration, grouped } from "./figures.ts";
import { html, type Markup } from "./markup.ts";
import type { Series } from "./series.ts";

/** Rows of the table of figures. */
const ROWS_MAX = 24;

/** Sizes of charts, in pixels where there is room. */
const LARGE = { width: 1130, height: 300 };
const SMALL = { width: 555, height: 190 };

/** How the campaign went: edges, executions and corpus over time. */
export function timeSection(series: Series): Markup {
  const { points, allEdges, runs } = series;
  const last = points.at(-1);
  if (last === undefined) {
    return html`<section id="time"><h2>Over time</h2>
<p>Nothing is known: no process of this campaign has written a time series into its folder <code>progress/</code>.</p></section>`;
  }
  const started = runs === 1 ? "" : `; ${runs} processes, the times in which none ran left out`;
  const newest = points.findIndex(({ edges }) => edges === last.edges);
  const since = points[newest]!.seconds;
  return html`<section id="time"><h2>Over time</h2>
<p>${duration(last.seconds)} of work${started}. The last new edge was found ${duration(Math.max(0, last.seconds - since))} before the end. Time is logarithmic.</p>
${edgesChart(series)}
<div class="charts">
<figure class="scroll" role="group" tabindex="0"><figcaption>Executions a second</figcaption>${drawChart({
    id: "rate",
    title: "Executions a second",
    summary: `${grouped(last.executions)} executions in ${duration(last.seconds)}.`,
    points: points.map(({ seconds, rate }) => [seconds, rate]),
    isStepped: false,
    ...SMALL,
  })}</figure>
<figure class="scroll" role="group" tabindex="0"><figcaption>Programs a process works with</figcaption>${drawChart({
    id: "corpus-size",
    title: "Programs a process works with",
    summary: `${grouped(last.corpus)} at the end.`,
    points: points.map(({ seconds, corpus }) => [seconds, corpus]),
    isStepped: true,
    ...SMALL,
  })}</figure></div>
<details><summary>The figures as a table</summary><div class="scroll" tabindex="0" role="region" aria-label="Figures over time"><table>
<caption>Edges: of the compiled code of all vdevs; there are ${grouped(allEdges)}</caption>
<thead><tr><th scope="col" class="num">time</th><th scope="col" class="num">executions</th><th scope="col" class="num">a second</th><th scope="col" class="num">edges</th><th scope="col" class="num">programs</th><th scope="col" class="num">findings</th></tr></thead>
<tbody>${sampled(series).map(
    ({ seconds, executions, rate, edges, corpus, findings }) =>
      html`<tr><th scope="row" class="num">${duration(seconds)}</th><td class="num">${grouped(executions)}</td><td class="num">${grouped(rate)}</td><td class="num">${grouped(edges)}</td><td class="num">${grouped(corpus)}</td><td class="num">${grouped(findings)}</td></tr>\n`,
  )}</tbody></table></div></details></section>`;
}

function edgesChart({ points, allEdges, resumed }: Series): Markup {
  const last = points.at(-1)!;
  const found = points.filter(({ findings }, i) => findings > (points[i - 1]?.findings ?? 0));
  const marks = [
    ...found.map(({ seconds, findings }) => ({
      seconds,
      text: `after ${duration(seconds)}: ${findings} found`,
      kind: "finding" as const,
    })),
    ...resumed.map((seconds) => ({
      seconds,
      text: `taken up again after ${duration(seconds)}`,
      kind: "resumed" as const,
    })),
  ];
  const legend = [
    ...(found.length > 0 ? ["a triangle is a finding"] : []),
    ...(resumed.length > 0 ? ["a dotted line is where the campaign was taken up again"] : []),
  ];
  return html`<figure class="scroll" role="group" tabindex="0"><figcaption>Edges reached ${legend.length > 0 && html`<span class="muted">(${legend.join("; ")})</span>`}</figcaption>${drawChart(
    {
      id: "edges",
      title: "Edges reached over time",
      summary: `${grouped(last.edges)} of ${grouped(allEdges)} edges after ${duration(last.seconds)}.`,
      points: points.map(({ seconds, edges }) => [seconds, edges]),
      limit: { value: allEdges, name: `all ${grouped(allEdges)} edges` },
      marks,
      isStepped: true,
      ...LARGE,
    },
  )}</figure>`;
}

function sampled({ points }: Series) {
  const step = Math.max(1, Math.ceil(points.length / ROWS_MAX));
  return points.filter((_, i) => (points.length - 1 - i) % step === 0);
}
