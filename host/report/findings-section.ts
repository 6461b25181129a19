import type { Finding } from "../gate/finding.ts";
import { counted } from "../plural.ts";
import type { ReportedFinding } from "./campaign.ts";
import { html, type Markup } from "./markup.ts";

/** Characters of one text that are shown. */
const TEXT_MAX = 12_000;
/** Bytes all findings may take in full, and how many more are listed. */
const BYTES_MAX = 800_000;
const LISTED_MAX = 1000;

/** What to call a finding that is the i-th, in addresses of the page. */
export function findingId(i: number): string {
  return `finding-${i + 1}`;
}

/**
 * What the campaign found.
 * @param link address of the folder of a finding, from where the page will be
 * @param textOf a finding as the command line tells it
 */
export function findingsSection(
  findings: readonly ReportedFinding[],
  link: (name: string) => string,
  textOf: (finding: Finding) => string,
): Markup {
  if (findings.length === 0) {
    return html`<section id="findings"><h2>Findings</h2><p>None.</p></section>`;
  }
  const full: Markup[] = [];
  let left = BYTES_MAX;
  for (const [i, finding] of findings.entries()) {
    const one = findingOf(finding, i, link, textOf(finding.finding));
    left -= Buffer.byteLength(one.text);
    if (left < 0) break;
    full.push(one);
  }
  const listed = findings.slice(0, Math.max(full.length, LISTED_MAX));
  return html`<section id="findings"><h2>Findings</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Findings"><table class="wide">
<caption>Each cause once. What is in the folder <code>findings/</code> is shown, also what has been mended since.</caption>
<thead><tr><th scope="col" class="num">no.</th><th scope="col">kind</th><th scope="col">rule</th><th scope="col">what happened</th><th scope="col">where</th></tr></thead>
<tbody>${listed.map((one, i) => rowOf(one, i, i < full.length ? `#${findingId(i)}` : link(one.name)))}</tbody></table></div>
${listed.length < findings.length && html`<p class="muted">${counted(findings.length - listed.length, "more finding")} in the folder <code>findings/</code>: the page would be too large.</p>`}
${full}
${full.length < findings.length && html`<p class="muted">The first ${full.length} are shown in full, so that the page stays small.</p>`}
</section>`;
}

function rowOf({ finding }: ReportedFinding, i: number, address: string): Markup {
  const { severity, rule, message } = finding;
  const where = placeOf(finding);
  return html`<tr><td class="num"><a href="${address}">${i + 1}</a></td><td>${kind(severity)}</td><td>${rule}</td><td>${cut(message, 300)}</td><td class="mono">${where}</td></tr>\n`;
}

/** `vault.ts:42` of the innermost frame that has a line. */
function placeOf({ stack, accesses, vdev }: ReportedFinding["finding"]): string {
  const frame =
    stack.find(({ line }) => line !== undefined) ?? accesses?.find(({ place }) => place !== undefined)?.place;
  return frame?.file === undefined ? (vdev?.name ?? "") : `${frame.file}:${frame.line}`;
}

function kind(severity: string): Markup {
  return html`<span class="sev ${severity}">${severity}</span>`;
}

function findingOf(
  { name, finding, script }: ReportedFinding,
  i: number,
  link: (name: string) => string,
  text: string,
): Markup {
  const operations = script.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
  return html`<article id="${findingId(i)}"><h3>${i + 1}. ${cut(finding.message, 600)}</h3>
<p>${kind(finding.severity)} <a href="${link(name)}">${name}/</a>: <a href="${link(`${name}/finding.md`)}">finding.md</a>, <a href="${link(`${name}/program.script`)}">program.script</a>, <a href="${link(`${name}/finding.rec`)}">finding.rec</a>, <a href="${link(`${name}/${name}.test.ts`)}">test</a></p>
<pre tabindex="0">${cut(text, TEXT_MAX)}</pre>
<h4>The shortest program that was found (${counted(operations, "line")})</h4>
<pre tabindex="0">${script === "" ? "program.script is missing" : cut(script.trimEnd(), TEXT_MAX)}</pre></article>`;
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length - most} more characters)`;
}
