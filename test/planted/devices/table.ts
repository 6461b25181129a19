/**
 * Writes docs/planted-devices.md: `npm run planted:devices`. With `--json` it prints what `fuzz.ttb` is made from instead, with
 * `--twins SECONDS` it fuzzes each corrected twin that long. What a seed finds does not depend on the machine, the time does.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../../host/paths.ts";
import { PLANTED_DEVICES, type PlantedDevice } from "./expected.ts";
import { DeviceModule, type TimeToBug } from "./time-to-bug.ts";

const SEEDS = [1, 2, 3, 4, 5];
const SECONDS = 60;

const [flag, value] = process.argv.slice(2);
if (flag === "--twins") await fuzzTwins(Number(value ?? SECONDS));
else {
  const rows = [];
  for (const planted of PLANTED_DEVICES) rows.push({ planted, times: await timesOf(planted) });
  if (flag === "--json") printFigures(rows);
  else writeTable(rows);
}

interface Row {
  readonly planted: PlantedDevice;
  /** One a seed. */
  readonly times: readonly TimeToBug[];
}

async function timesOf(planted: PlantedDevice): Promise<TimeToBug[]> {
  const module = await DeviceModule.make(planted, "planted");
  const times: TimeToBug[] = [];
  for (const seed of SEEDS) times.push(await module.campaign(seed, { seconds: SECONDS }));
  module.end();
  const worst = most(times, ({ seconds }) => seconds).toFixed(1);
  process.stderr.write(`${planted.name}: ${times.filter(({ found }) => found).length} of 5, ${worst} s\n`);
  return times;
}

function most(times: readonly TimeToBug[], of: (time: TimeToBug) => number): number {
  return Math.max(...times.map(of));
}

function printFigures(rows: readonly Row[]): void {
  const figures = rows.map(({ planted: { name }, times }) => ({
    name,
    found: times.filter(({ found }) => found !== undefined).length,
    seconds: times.map(({ seconds }) => seconds),
    operations: most(times, ({ found }) => found?.operations ?? 0),
  }));
  console.log(JSON.stringify(figures));
}

function writeTable(rows: readonly Row[]): void {
  const head = [
    "| vdev | the mistake | found as | line | operations | executions | seconds |",
    "| --- | --- | --- | --- | --- | --- | --- |",
  ];
  const lines = rows.map(({ planted, times }) => {
    const at = planted.toldAt.length > 0 ? planted.toldAt : planted.bug;
    const places = at.map((line) => `[${line}](../${planted.file}#L${line})`).join(", ");
    const count = times.filter(({ found }) => found !== undefined).length;
    const cells =
      count < SEEDS.length
        ? [`found with ${count} of ${SEEDS.length} seeds`, "–", "–"]
        : [
            most(times, ({ found }) => found!.operations),
            most(times, ({ executions }) => executions).toLocaleString("en"),
            most(times, ({ seconds }) => seconds).toFixed(1),
          ];
    return `| \`${planted.name}\` | ${lessonOf(planted)} | \`${planted.class}\` | ${places} | ${cells.join(" | ")} |`;
  });
  const page = join(packageRoot(), "docs/planted-devices.md");
  const [before, after] = readFileSync(page, "utf8").split(/<!-- table -->[\s\S]*<!-- end -->/) as [string, string];
  const machine = `Measured on ${cpus()[0]?.model ?? "an unknown processor"}, Node ${process.version}.`;
  const table = ["<!-- table -->", ...head, ...lines, "", machine, "<!-- end -->"].join("\n");
  writeFileSync(page, `${before}${table}${after}`);
}

/** The comment at the top of the source, without its last sentence. */
function lessonOf({ file }: PlantedDevice): string {
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(join(packageRoot(), file), "utf8"))?.[1] ?? "";
  return comment
    .replace(/\s*\n \*/g, "")
    .trim()
    .replace(/\s*Finding: .*$/, "")
    .replaceAll("|", "\\|");
}

async function fuzzTwins(seconds: number): Promise<void> {
  for (const planted of PLANTED_DEVICES) {
    const module = await DeviceModule.make(planted, "fixed");
    const { found, others, executions } = await module.campaign(1, { seconds });
    module.end();
    const told = [...(found === undefined ? [] : [found.finding]), ...others];
    console.log(`${planted.name}: ${executions.toLocaleString("en")} executions, ${told.length} findings`);
    for (const { rule, message } of told) console.log(`  ${rule}: ${message}`);
    if (told.length > 0) process.exitCode = 1;
  }
}
