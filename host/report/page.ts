import { createHash } from "node:crypto";
import type { Finding } from "../gate/finding.ts";
import type { CampaignReport } from "./campaign.ts";
import { duration, grouped, percent } from "./figures.ts";
import { findingsSection } from "./findings-section.ts";
import { html, Markup } from "./markup.ts";
import { registersSection } from "./registers-section.ts";
import { sourcesSection, sumsOf } from "./sources-section.ts";
import { STYLE } from "./style.ts";
import { timeSection } from "./time-section.ts";

/** Characters of the configuration that are shown. */
const CONFIG_MAX = 40_000;

/** Where a page will be, and when it was made. */
export interface PagePlace {
  /** Address of a file in the campaign's folder `findings/`, from the page. */
  readonly link: (name: string) => string;
  readonly made: Date;
  /** A finding as the command line tells it. */
  readonly textOf: (finding: Finding) => string;
}

/**
 * A campaign as one page of HTML. It needs nothing else: no script, no other file, no network, and its policy lets
 * none in, so that nothing a vdev or a program says can become more than text.
 */
export function pageOf(report: CampaignReport, { link, made, textOf }: PagePlace): string {
  const { what, folder, config, findings, coverage, sources, replayed, series, notes } = report;
  const policy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'`;
  const parts = [
    ["findings", "Findings"],
    ["time", "Over time"],
    ...(replayed === undefined ? [] : [["registers", "Registers"]]),
    ["sources", "Sources"],
    ...(config === undefined ? [] : [["config", "Configuration"]]),
  ];
  return html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${what}: fuzzing</title>
<style>${new Markup(STYLE)}</style></head><body>
<a class="skip" href="#findings">To the findings</a>
<header><h1>${what}: fuzzing</h1><p class="muted">${folder}</p></header>
<nav aria-label="Parts of this page"><ul>${parts.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
<main>
${tiles(report)}
${notes.length > 0 && html`<ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>`}
${findingsSection(findings, link, textOf)}
${timeSection(series)}
${replayed && registersSection(replayed.regions)}
${sourcesSection(coverage, sources, findings)}
${config !== undefined && html`<section id="config"><h2>Configuration</h2><pre tabindex="0">${config.slice(0, CONFIG_MAX)}${config.length > CONFIG_MAX && "…"}</pre></section>`}
</main>
<footer><p>Made by vdevbox on ${made.toISOString().slice(0, 16).replace("T", " ")} UTC.</p></footer>
</body></html>
`.text;
}

function tiles({ series, corpus, findings, coverage, replayed }: CampaignReport): Markup {
  const sums = coverage.map(sumsOf);
  const sum = (of: (one: ReturnType<typeof sumsOf>) => number) => sums.reduce((all, one) => all + of(one), 0);
  const last = series.points.at(-1);
  const edges = replayed?.edges ?? (last && { taken: last.edges, all: series.allEdges });
  const reached = (part: number, all: number, name: string): [string, string] => [
    all === 0 ? "–" : `${percent(part, all)} %`,
    `${grouped(part)} of ${grouped(all)} ${name}`,
  ];
  const shown: [string, string, string?][] = [
    [grouped(findings.length), findings.length === 1 ? "finding" : "findings", findings.length > 0 ? "bad" : ""],
    reached(
      sum((one) => one.reached),
      sum((one) => one.lines),
      "lines",
    ),
    reached(
      sum((one) => one.taken),
      sum((one) => one.ways),
      "branches",
    ),
    ...(edges === undefined ? [] : [reached(edges.taken, edges.all, "edges")]),
    [grouped(corpus), corpus === 1 ? "program in the corpus" : "programs in the corpus"],
    ...(last === undefined
      ? []
      : ([
          [grouped(last.executions), "executions"],
          [duration(last.seconds), "of work"],
        ] as [string, string][])),
  ];
  return html`<ul class="tiles">${shown.map(([value, name, kind]) => html`<li class="${kind}"><b>${value}</b><span>${name}</span></li>`)}</ul>`;
}
