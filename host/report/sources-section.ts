import type { ReportedFinding } from "./campaign.ts";
import { grouped, percent } from "./figures.ts";
import { findingId } from "./findings-section.ts";
import type { BranchWay, FileCoverage } from "./lcov-file.ts";
import { html, Markup } from "./markup.ts";
import type { SourceTexts } from "./source-texts.ts";

/** Bytes all sources may take in a page, and characters of one line. */
const BYTES_MAX = 2_600_000;
const LINE_MAX = 400;
/** Places of one file, and files, that are listed. */
const PLACES_MAX = 400;
const FILES_MAX = 500;
const LISTS_BYTES_MAX = 600_000;

/** Figures of one file. */
interface Sums {
  readonly lines: number;
  readonly reached: number;
  readonly ways: number;
  readonly taken: number;
}

export function sumsOf({ lines, branches }: FileCoverage): Sums {
  return {
    lines: lines.size,
    reached: [...lines.values()].filter(Boolean).length,
    ways: branches.length,
    taken: branches.filter(({ isTaken }) => isTaken).length,
  };
}

/** One source file in a page. */
class ShownFile {
  readonly id: string;
  readonly coverage: FileCoverage;
  readonly sums: Sums;
  readonly texts: readonly string[] | undefined;
  readonly branchesByLine = new Map<number, BranchWay[]>();

  constructor(id: string, coverage: FileCoverage, text: string | undefined) {
    this.id = id;
    this.coverage = coverage;
    this.sums = sumsOf(coverage);
    this.texts = text?.split(/\r?\n/);
    if (this.texts?.at(-1) === "") this.texts = this.texts.slice(0, -1);
    for (const way of coverage.branches) {
      const known = this.branchesByLine.get(way.line);
      if (known === undefined) this.branchesByLine.set(way.line, [way]);
      else known.push(way);
    }
  }

  get isWhole(): boolean {
    const { lines, reached, ways, taken } = this.sums;
    return lines === reached && ways === taken;
  }

  line(number: number): string {
    const text = this.texts?.[number - 1] ?? "";
    return text.length <= LINE_MAX ? text : `${text.slice(0, LINE_MAX)}…`;
  }
}

/** What of the authors' sources was reached, line by line. */
export function sourcesSection(
  coverage: readonly FileCoverage[],
  sources: SourceTexts,
  findings: readonly ReportedFinding[],
): Markup {
  if (coverage.length === 0) {
    return html`<section id="sources"><h2>Sources</h2><p>Nothing is known of the sources: no module with a source map was found, and no coverage.lcov.</p></section>`;
  }
  const files = coverage.map((one, i) => new ShownFile(`f${i + 1}`, one, sources.textOf(one.file)));
  const marks = findingMarks(findings);
  const shown = new Map<ShownFile, Markup>();
  let left = BYTES_MAX;
  let listsLeft = LISTS_BYTES_MAX;
  // What is not reached is looked for first: it may be what has no room else.
  for (const file of files.toSorted((a, b) => Number(a.isWhole) - Number(b.isWhole))) {
    const listed = gaps(file);
    listsLeft -= Buffer.byteLength(listed.text);
    if (listsLeft < 0) break;
    const text = file.texts === undefined ? undefined : annotated(file, marks);
    const bytes = text === undefined ? 0 : Buffer.byteLength(text.text);
    const fits = bytes <= left;
    if (fits) left -= bytes;
    shown.set(
      file,
      html`<h3 id="${file.id}">${file.coverage.file}</h3>${listed}${sourceOf(file, fits ? text : undefined)}`,
    );
  }
  return html`<section id="sources"><h2>Sources</h2>
<p>What the corpus and the programs of findings reach of the AssemblyScript sources, the start of the VM included. A branch is one of the compiled code: what the compiler inlined into several places counts as often.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Files"><table>
<thead><tr><th scope="col">file</th><th scope="col">lines</th><th scope="col">branches</th></tr></thead>
<tbody>${files.slice(0, FILES_MAX).map((file) => fileRow(file, shown.has(file)))}</tbody></table></div>
${files.length > FILES_MAX && html`<p class="muted">${files.length - FILES_MAX} more files are in coverage.lcov.</p>`}
<p class="muted">In the margin: <b class="good">✓</b> reached, <b class="bad">✕</b> never reached, nothing where there is no code; then how many ways of the line's branches were taken, of how many; <b>⚑</b> a finding.</p>
${files.map((file) => shown.get(file))}</section>`;
}

function fileRow({ id, coverage, sums }: ShownFile, isShown: boolean): Markup {
  const { file } = coverage;
  return html`<tr><th scope="row" class="mono">${isShown ? html`<a href="#${id}">${file}</a>` : file}</th><td>${bar(sums.reached, sums.lines)}</td><td>${bar(sums.taken, sums.ways)}</td></tr>\n`;
}

/** A bar with the figures behind it. */
export function bar(part: number, all: number): Markup {
  const share = percent(part, all);
  return html`<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="all" width="100" height="8"/><rect class="got" width="${share}" height="8"/></svg>${grouped(part)} of ${grouped(all)} (${share} %)`;
}

/** What was not reached, with links. */
function gaps(file: ShownFile): Markup {
  if (file.isWhole) return html`<p class="muted">Every line and every branch was reached.</p>`;
  const { lines } = file.coverage;
  const unreached = runsOf(
    [...lines].filter(([, isReached]) => !isReached).map(([line]) => line),
    lines,
  );
  const partly = [...file.branchesByLine]
    .filter(([line, ways]) => lines.get(line) !== false && ways.some(({ isTaken }) => !isTaken))
    .sort(([a], [b]) => a - b);
  const link = (line: number, text: string) =>
    file.texts === undefined ? html`${text}` : html`<a href="#${file.id}-${line}">${text}</a>`;
  return html`${
    unreached.length > 0 &&
    html`<p>Lines never reached: ${unreached
      .slice(0, PLACES_MAX)
      .map(
        ([first, last], i) => html`${i > 0 && ", "}${link(first, first === last ? `${first}` : `${first}–${last}`)}`,
      )}${unreached.length > PLACES_MAX && `, and ${unreached.length - PLACES_MAX} more places`}.</p>`
  }${
    partly.length > 0 &&
    html`<details${new Markup(partly.length <= 12 ? " open" : "")}><summary>Branches never taken in lines that are reached: ${partly.length} ${partly.length === 1 ? "line" : "lines"}</summary><div class="scroll" tabindex="0" role="region" aria-label="Branches never taken"><table>
<thead><tr><th scope="col" class="num">line</th><th scope="col">ways taken</th><th scope="col">source</th></tr></thead>
<tbody>${partly
      .slice(0, PLACES_MAX)
      .map(
        ([line, ways]) =>
          html`<tr><td class="num">${link(line, `${line}`)}</td><td>${waysText(ways)}</td><td><code>${file.line(line).trim()}</code></td></tr>\n`,
      )}</tbody></table></div>${partly.length > PLACES_MAX && html`<p class="muted">and ${partly.length - PLACES_MAX} more lines</p>`}</details>`
  }`;
}

function waysText(ways: readonly BranchWay[]): string {
  const conditions = new Map<number, BranchWay[]>();
  for (const way of ways) conditions.set(way.condition, [...(conditions.get(way.condition) ?? []), way]);
  const taken = ways.filter(({ isTaken }) => isTaken).length;
  const never = [...conditions.values()].filter((of) => of.every(({ isTaken }) => !isTaken)).length;
  const undecided = never === 0 ? "" : `; ${never} of ${conditions.size} never decided`;
  return `${taken} of ${ways.length}${undecided}`;
}

/** Lines one after another, those without code between them left over, as first and last. */
function runsOf(wanted: readonly number[], lines: ReadonlyMap<number, boolean>): [number, number][] {
  const runs: [number, number][] = [];
  const all = [...lines.keys()].sort((a, b) => a - b);
  const set = new Set(wanted);
  let isOpen = false;
  for (const line of all) {
    if (!set.has(line)) isOpen = false;
    else if (isOpen) runs.at(-1)![1] = line;
    else {
      runs.push([line, line]);
      isOpen = true;
    }
  }
  return runs;
}

function sourceOf(file: ShownFile, text: Markup | undefined): Markup {
  if (file.texts === undefined)
    return html`<p class="muted">The text of this source is not in the modules' source maps.</p>`;
  if (text === undefined)
    return html`<p class="muted">The source is left out, so that the page stays small; coverage.lcov has it.</p>`;
  return html`<details${new Markup(file.isWhole ? "" : " open")}><summary>Source, ${grouped(file.texts.length)} lines</summary>${text}</details>`;
}

/** A finding's number by file and line. */
function findingMarks(findings: readonly ReportedFinding[]): ReadonlyMap<string, number> {
  const marks = new Map<string, number>();
  for (const [i, { finding }] of findings.entries()) {
    const frame = finding.stack.find(({ line }) => line !== undefined);
    const places = finding.accesses?.map(({ place }) => place) ?? [frame];
    for (const place of places) {
      const key = `${place?.file}:${place?.line}`;
      if (place?.line !== undefined && !marks.has(key)) marks.set(key, i);
    }
  }
  return marks;
}

function annotated(file: ShownFile, marks: ReadonlyMap<string, number>): Markup {
  const rows = file.texts!.map((_, i) => sourceRow(file, i + 1, marks.get(`${file.coverage.file}:${i + 1}`)));
  return html`<div class="file" tabindex="0" role="region" aria-label="${file.coverage.file}"><table class="src">
<thead class="sr"><tr><th scope="col">line</th><th scope="col">reached</th><th scope="col">branches</th><th scope="col">source</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

const STATES = { y: new Markup("✓"), n: new Markup("✕"), p: new Markup("✓"), "": new Markup("") };

function sourceRow(file: ShownFile, line: number, finding: number | undefined): Markup {
  const isReached = file.coverage.lines.get(line);
  const ways = file.branchesByLine.get(line) ?? [];
  const taken = ways.filter(({ isTaken }) => isTaken).length;
  const state = isReached === undefined ? "" : !isReached ? "n" : taken < ways.length ? "p" : "y";
  const mark = finding === undefined ? undefined : html`<a href="#${findingId(finding)}">⚑</a> `;
  const branches = ways.length === 0 ? "" : `${taken}/${ways.length}`;
  return html`<tr id="${file.id}-${line}" class="${state}"><th scope="row">${line}</th><td class="m">${STATES[state]}</td><td class="m">${mark}${branches}</td><td class="c">${file.line(line)}</td></tr>\n`;
}
