import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { Figure } from "../bench/figure.ts";
import { BENCHMARKS } from "../bench/figures.ts";
import { serveSide } from "../bench/sides.ts";
import { UserError } from "../errors.ts";
import { builtFile } from "../paths.ts";
import { type Command, type ParsedArguments, UsageError } from "./arguments.ts";

const DEFAULT_ROUNDS = 9;
const ROUNDS_MAX = 1000;

/** `vdevbox bench`: the figures of docs/benchmarks.md. */
export const benchCommand: Command = {
  name: "bench",
  usage: "[NAME…] [--rounds N] [--json]",
  summary: "measure dispatching, loading and reset, each beside its yardstick",
  options: [
    {
      name: "rounds",
      value: "N",
      help: `alternating rounds the medians are of (default: ${DEFAULT_ROUNDS}; 5 at least count)`,
    },
    { name: "json", help: "print an object with one key a figure" },
    { name: "side", value: "SPEC", help: "serve one side of a comparison; used by bench itself" },
  ],
  details: [
    "NAME is a figure or the beginning of its name; without one all are measured:",
    "",
    ...Object.entries(BENCHMARKS).map(([key, { summary }]) => `  ${key.padEnd(18)}${summary}`),
    "",
    "A figure is {value, unit, yardstick, ratio, rounds, target, met, note}. Missed targets do not change the exit code.",
  ].join("\n"),
  run,
};

async function run(args: ParsedArguments): Promise<number> {
  const side = args.value("side");
  if (side !== undefined) {
    await serveSide(side);
    return 0;
  }
  if (!existsSync(builtFile("bench/counter.wasm"))) {
    throw new UserError("benchmarks come with the repository of vdevbox, not with an installed package");
  }
  const rounds = roundsOf(args.value("rounds"));
  const keys = keysOf(args.positionals);
  const figures: Record<string, Figure> = {};
  for (const key of keys) {
    process.stderr.write(`measuring ${key}…\n`);
    figures[key] = keys.length === 1 ? await BENCHMARKS[key]!.measure(rounds) : inProcessOfItsOwn(key, rounds);
  }
  console.log(args.flag("json") ? JSON.stringify(figures, undefined, 2) : table(figures));
  return 0;
}

/** Measures where no other benchmark has left its code, its types and its garbage behind. */
function inProcessOfItsOwn(key: string, rounds: number): Figure {
  const { stdout, status } = spawnSync(
    process.execPath,
    [...process.execArgv, process.argv[1]!, "bench", key, "--rounds", String(rounds), "--json"],
    { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 24 },
  );
  if (status !== 0) throw new UserError(`${key} could not be measured; \`vdevbox bench ${key}\` says why`);
  return JSON.parse(stdout)[key];
}

function roundsOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_ROUNDS;
  const rounds = Number(text);
  if (/^\d+$/.test(text) && rounds >= 1 && rounds <= ROUNDS_MAX) return rounds;
  throw new UsageError(`--rounds takes a number from 1 to ${ROUNDS_MAX}, not ${text}`);
}

/** Keys whose name is or begins with one of the names. */
function keysOf(names: readonly string[]): string[] {
  const all = Object.keys(BENCHMARKS);
  for (const name of names) {
    if (!all.some((key) => key.startsWith(name))) {
      throw new UsageError(`there is no benchmark ${name}; known are ${all.join(", ")}`);
    }
  }
  return names.length === 0 ? all : all.filter((key) => names.some((name) => key.startsWith(name)));
}

const HEADINGS = ["figure", "value", "yardstick", "ratio", "target", "met"];

function table(figures: Readonly<Record<string, Figure>>): string {
  const rows = Object.entries(figures).map(([key, { value, unit, yardstick, ratio, target, met }]) => [
    key,
    `${value} ${unit}`,
    yardstick === null ? "-" : `${yardstick} ${unit}`,
    ratio === null ? "-" : String(ratio),
    target,
    met === null ? "?" : met ? "yes" : "no",
  ]);
  const all = [HEADINGS, ...rows];
  const widths = HEADINGS.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  const notes = Object.entries(figures).flatMap(([key, { note }]) => (note === undefined ? [] : [`${key}: ${note}`]));
  return [...lines, "", ...notes].join("\n");
}
