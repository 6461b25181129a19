import type { RegionUse, RegisterUse } from "./access-map.ts";
import { grouped, hex } from "./figures.ts";
import { html, Markup } from "./markup.ts";
import type { ValuesSeen } from "./values-seen.ts";

/** Rows of one region that are shown. */
const ROWS_MAX = 250;
/** Bytes all regions may take in a page. */
const BYTES_MAX = 700_000;
const WIDTHS = [1, 2, 4, 8];
/** Values that are more digits than this are shown without their middle. */
const DIGITS_MAX = 10;

/** What was done with each register: how often, with which widths, and which values it had. */
export function registersSection(regions: readonly RegionUse[]): Markup {
  let left = BYTES_MAX;
  const shown: Markup[] = [];
  for (const region of regions) {
    const table = regionTable(region);
    left -= Buffer.byteLength(table.text);
    if (left < 0) break;
    shown.push(table);
  }
  const hidden = regions.slice(shown.length);
  return html`<section id="registers"><h2>Registers</h2>
<p>Accesses that the programs of the corpus make, each program executed once. <span class="key">The more, the stronger:
${[1, 10, 100, 1000, 10_000].map((count, i) => html`<span class="h${i + 1}">${i === 0 ? "1" : `${grouped(count)}+`}</span> `)}</span>
<span class="h0">0</span> is a width that the vdev takes and no program tries; a dash is one that it does not take.</p>
${shown}
${hidden.length > 0 && html`<p class="muted">Left out, so that the page stays small: ${hidden.map((region) => nameOf(region)).join(", ")}.</p>`}
</section>`;
}

function nameOf({ vdev, type, space, start, length }: RegionUse): string {
  const what = vdev === type ? vdev : `${vdev} (${type})`;
  return `${what}, ${grouped(length)} bytes of ${space === "io" ? "ports" : "memory"} at ${hex(start)}`;
}

function regionTable(region: RegionUse): Markup {
  const { rows, widths, hasTable } = region;
  const shown = most(rows);
  const cells = WIDTHS.filter(
    (width) => widths.some((one) => one === width) || rows.some((row) => row.reads.has(width) || row.writes.has(width)),
  );
  const head = (what: string) => cells.map((width) => html`<th scope="col">${what}${8 * width}</th>`);
  const digits = Math.max(2, (region.length - 1).toString(16).length);
  const unnamed = hasTable ? "" : " No register table is known for this region: rows are offsets.";
  return html`<h3>${nameOf(region)}</h3>
<div class="scroll" tabindex="0" role="region" aria-label="${nameOf(region)}"><table class="heat">
<caption>r: reads, w: writes, by bits. Both ways: bits that were 0 in one value and 1 in another${hasTable && html`; of those the register has, <span class="warning">brown</span> where some are missing`}.${unnamed}</caption>
<thead><tr><th scope="col">offset</th>${hasTable && html`<th scope="col">register</th>`}${head("r")}${head("w")}<th scope="col">values read</th><th scope="col">both ways</th><th scope="col">values written</th><th scope="col">both ways</th></tr></thead>
<tbody>${shown.map((row) => rowOf(row, { cells, widths, digits, hasTable }))}</tbody></table></div>
${rows.length > shown.length && html`<p class="muted">${grouped(rows.length - shown.length)} more offsets, all of them accessed less often, are left out.</p>`}`;
}

/** The rows of registers and, of the others, those that are accessed most; by offset. */
function most(rows: readonly RegisterUse[]): readonly RegisterUse[] {
  if (rows.length <= ROWS_MAX) return rows;
  const count = ({ reads, writes }: RegisterUse) => [...reads.values(), ...writes.values()].reduce((a, b) => a + b, 0);
  const named = (row: RegisterUse) => (row.kind === "exact" && row.register !== undefined ? 1 : 0);
  const kept = rows.toSorted((a, b) => named(b) - named(a) || count(b) - count(a)).slice(0, ROWS_MAX);
  return kept.toSorted((a, b) => a.offset - b.offset);
}

interface Columns {
  readonly cells: readonly number[];
  readonly widths: readonly number[];
  readonly digits: number;
  readonly hasTable: boolean;
}

function rowOf(row: RegisterUse, { cells, widths, digits, hasTable }: Columns): Markup {
  const { offset, span, register, kind, read, written } = row;
  const end = span > 1 ? `–${hex(offset + span - 1, digits)}` : "";
  const place = `${hex(offset, digits)}${end}`;
  const name =
    kind === "between" ? "no register" : kind === "inside" ? `inside ${register!.name}` : (register?.name ?? "");
  const counts = (of: ReadonlyMap<number, number>, isMeant: boolean) =>
    cells.map((width) => {
      const fits =
        kind === "exact" && isMeant && (register === undefined ? offset % width === 0 : width <= register.bytes);
      return heatCell(of.get(width) ?? 0, fits && widths.includes(width));
    });
  const mask = (bits: number | undefined) => (kind === "exact" && register!.bytes <= 4 ? bits : undefined);
  const [readable, writable] =
    register === undefined ? [undefined, undefined] : [mask(register.readable), mask(register.writable)];
  return html`<tr><th scope="row" class="mono">${place}</th>${hasTable && html`<td class="l reg mono">${name}</td>`}${counts(row.reads, readable !== 0)}${counts(row.writes, writable !== 0)}${valueCells(read, kind, readable)}${valueCells(written, kind, writable)}</tr>\n`;
}

const NO_WIDTH = new Markup('<td class="muted">–</td>');

function heatCell(count: number, isMeant: boolean): Markup {
  if (count === 0) return isMeant ? html`<td class="h0">0</td>` : NO_WIDTH;
  return html`<td class="h${Math.min(5, 1 + Math.floor(Math.log10(count)))}">${grouped(count)}</td>`;
}

/** @param mask bits that may differ, where that is known */
function valueCells(seen: ValuesSeen, kind: RegisterUse["kind"], mask: number | undefined): Markup {
  if (seen.distinct === 0)
    return html`<td class="l muted">${kind === "exact" ? "none" : "–"}</td><td class="muted">–</td>`;
  const range = seen.distinct === 1 ? short(seen.least!) : `${short(seen.least!)}–${short(seen.most!)}`;
  const many = seen.distinct === 1 ? "" : `${grouped(seen.distinct)}${seen.isMore ? " or more" : ""}: `;
  if (mask === 0) return html`<td class="l mono">${many}${range}</td><td class="muted">–</td>`;
  const both = mask === undefined ? seen.bothWays : seen.bothWays & BigInt(mask);
  const isWhole = mask === undefined || both === BigInt(mask);
  return html`<td class="l mono">${many}${range}</td><td class="l mono${isWhole ? "" : " warning"}">${bitsText(both, mask)}</td>`;
}

/** Bits that were both ways: those, or those that were not, whichever are fewer. */
function bitsText(both: bigint, mask: number | undefined): string {
  if (both === 0n) return "none";
  if (mask === undefined) return short(both);
  const missing = BigInt(mask) & ~both;
  if (missing === 0n) return "all";
  return bitCount(missing) < bitCount(both) ? `all but ${short(missing)}` : `only ${short(both)}`;
}

function bitCount(value: bigint): number {
  return value.toString(2).replaceAll("0", "").length;
}

function short(value: bigint): string {
  const digits = value.toString(16);
  return digits.length <= DIGITS_MAX ? hex(value) : `0x${digits.slice(0, 4)}…${digits.slice(-4)}`;
}
