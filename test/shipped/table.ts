/**
 * Writes docs/coverage-of-vdevs.md: `npm run coverage:vdevs [-- --seconds N] [NAME…]`. Each vdev in vdevs/ is fuzzed as its module alone,
 * with nothing told of it, and what was not taken is held against its `uncovered.md`. The exit code is 1 when a branch is
 * not explained there, or a campaign finds something. With names, or less time, nothing is written.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { packageRoot } from "../../host/paths.ts";
import { parseLcov } from "../../host/report/lcov-file.ts";
import { type Comparison, compare, parseExplanations } from "./explanations.ts";

const SECONDS = 60;
const SEED = 1;
const ROOT = packageRoot();

/** What the campaign's last line of JSON says. */
interface End {
  readonly executions: number;
  readonly findings: number;
  readonly lines: { readonly reached: number; readonly all: number };
  readonly branches: { readonly reached: number; readonly all: number };
}

interface Row extends End, Comparison {
  readonly name: string;
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seconds: { type: "string" } } });
const seconds = Number(values.seconds ?? SECONDS);
const folders = readdirSync(join(ROOT, "vdevs"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
const names = positionals.length > 0 ? positionals : folders.map(({ name }) => name).sort();
const rows: Row[] = [];
for (const name of names) {
  const row = fuzz(name);
  tell(row);
  rows.push(row);
}
if (positionals.length === 0 && seconds >= SECONDS) writePage(rows);
if (rows.some(({ findings, unexplained }) => findings + unexplained.length > 0)) process.exitCode = 1;

function fuzz(name: string): Row {
  const out = mkdtempSync(join(tmpdir(), `vdevbox-${name}-`));
  try {
    const words = ["fuzz", `build/out/vdevs/${name}.wasm`, "--seconds", `${seconds}`, "--seed", `${SEED}`];
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [join(ROOT, "build/vdevbox.mjs"), ...words, "--out", out, "--json"],
      { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 28 },
    );
    const last = stdout.trimEnd().split("\n").at(-1) ?? "";
    if (!last.includes('"kind":"end"')) throw new Error(`${name}: ${stderr || last}`);
    const end: End = JSON.parse(last);
    const coverage = parseLcov(readFileSync(join(out, "coverage.lcov"), "utf8"));
    const list = parseExplanations(readFileSync(join(ROOT, "vdevs", name, "uncovered.md"), "utf8"));
    const textOf = (file: string) => readFileSync(join(ROOT, file), "utf8").split("\n");
    return { name, ...end, ...compare(coverage, textOf, list) };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

function tell({ name, executions, findings, branches, unexplained, stale }: Row): void {
  const part = `${branches.reached} of ${branches.all} branches (${percent(branches)} %)`;
  console.log(`${name}: ${part}, ${executions.toLocaleString("en")} executions, ${findings} findings`);
  for (const { file, lines, text, ways } of unexplained) {
    console.log(`  ${file}:${lines.join(",")}: not explained, ${ways} ways: ${text}`);
  }
  for (const sentence of stale) console.log(`  note: ${sentence}`);
}

function percent({ reached, all }: End["branches"]): string {
  return ((100 * reached) / all).toFixed(1);
}

function writePage(all: readonly Row[]): void {
  const head = [
    "| vdev | lines | branches | explained | executions | findings |",
    "| --- | --- | --- | --- | --- | --- |",
  ];
  const table = all.map(({ name, lines, branches, explained, executions, findings }) => {
    const ways = explained.reduce((sum, one) => sum + one.ways, 0);
    const taken = `${branches.reached} of ${branches.all} (${percent(branches)} %)`;
    const cells = [`${lines.reached} of ${lines.all}`, taken, ways, executions.toLocaleString("en"), findings];
    return `| [\`${name}\`](../vdevs/${name}) | ${cells.join(" | ")} |`;
  });
  const machine = `Measured on ${cpus()[0]?.model ?? "an unknown processor"}, Node ${process.version}, ${seconds} seconds each.`;
  const lists = all.filter(({ explained }) => explained.length > 0).flatMap(listOf);
  const page = join(ROOT, "docs/coverage-of-vdevs.md");
  const [before, after] = readFileSync(page, "utf8").split(/<!-- table -->[\s\S]*<!-- end -->/) as [string, string];
  const made = ["<!-- table -->", ...head, ...table, "", machine, ...lists, "<!-- end -->"].join("\n");
  writeFileSync(page, `${before}${made}${after}`);
}

function listOf({ name, explained }: Row): string[] {
  const rows = explained.map(({ file, lines, text, ways, why }) => {
    const places = lines.map((line) => `[${line}](../${file}#L${line})`).join(", ");
    const code = text.length > 80 ? `${text.slice(0, 80)}…` : text;
    return `| ${file.slice(`vdevs/${name}/`.length)} ${places} | \`${code.replaceAll("|", "\\|")}\` | ${ways} | ${why.replaceAll("|", "\\|")} |`;
  });
  return ["", `## ${name}`, "", "| place | line | ways | why |", "| --- | --- | --- | --- |", ...rows];
}
