import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type ConfigPiece, parseConfigPieces } from "../config/parse-config.ts";
import { UserError } from "../errors.ts";
import { formatGuarded, type GuardedBytes } from "../explore/guarded.ts";
import { parseReset } from "../explore/resets.ts";
import { Search, type SearchFinding, type SearchResult } from "../explore/search.ts";
import { parseWorkload, type Workload } from "../explore/workload.ts";
import { counted } from "../plural.ts";
import type { VmPlan } from "../vm/plan.ts";
import { planFromConfig } from "../vm/plan-from-config.ts";
import { type Command, type ParsedArguments, UsageError } from "./arguments.ts";
import { findingText, fromHere } from "./finding-text.ts";
import { VCPUS, withNeeds } from "./module-alone.ts";
import { isReaderGone } from "./output-failure.ts";
import { choice } from "./run.ts";
import { readUserFile } from "./session.ts";

/** Seconds of a search, unless told otherwise. */
const SECONDS = 10;

/** `vdevbox explore`: searches the schedules of a VM for what its vdevs do wrong. */
export const exploreCommand: Command = {
  name: "explore",
  usage: "CONF|MODULE.wasm [@FILE|TEXT…] [--guest FILE.script] [--seed N] [--schedules N] [--seconds N]",
  summary: "search the schedules of vCPUs, timers and threads for races, deadlocks and broken rules",
  options: [
    {
      name: "guest",
      value: "FILE",
      help: "a script; what its vCPUs do happens in every order (default: drawn accesses of all registers)",
    },
    {
      name: "reset",
      value: "ACCESS",
      multiple: true,
      help: "an access that resets a device, `writel 0x10 1`: made at any point; repeatable, for several in a row",
    },
    { name: "seed", value: "N", help: "of the search: the same seed searches the same schedules (default: 1)" },
    { name: "schedules", value: "N", help: "end after N schedules" },
    { name: "seconds", value: "N", help: `end after N seconds (default: ${SECONDS}, or no end with --schedules)` },
    { name: "vcpus", value: "N", help: `vCPUs, 1 to 16 (default: those of CONF; ${VCPUS} for a module)` },
    {
      name: "preempt",
      value: "calls|memory",
      help: "where threads lose their turn: at calls (default), or also where they touch memory others touch",
    },
    { name: "linearize", help: "what the guest gets must be what it could get with its accesses made one at a time" },
    { name: "locks", help: "tell which lock seems to guard which bytes, and which accesses do without" },
    { name: "out", value: "DIR", help: "folder for recordings of findings (default: build/out/explore)" },
    { name: "module-path", value: "DIR", multiple: true, help: "folder to look for modules in; repeatable" },
    { name: "json", help: "print the result as JSON" },
  ],
  details: [
    "For MODULE a VM is made with that vdev alone; further words are its options: `explore x.wasm loc 0x1000 intr gic:40`.",
    "A place and an interrupt that it needs and was not given are loc 0x10000000 and intr gic:40.",
    "Each finding comes with the shortest schedule that leads to it, as text with a column for each thread, and as a",
    "recording that `vdevbox replay` runs. See docs/explore.md.",
    "",
    "Exit codes: 0 nothing found, 1 findings, 2 the configuration, a module or the script cannot be used.",
  ].join("\n"),
  run,
};

async function run(args: ParsedArguments): Promise<number> {
  const [what] = args.positionals;
  if (what === undefined) throw new UsageError("explore needs a configuration or a module: `vdevbox explore CONF`");
  let interrupted = false;
  const stop = () => {
    interrupted = true;
  };
  process.once("SIGINT", stop);
  try {
    const report = new Report(args, what);
    // Once nobody reads on, a search that has found something has its exit code.
    const search = searchOf(args, report, () => interrupted || (isReaderGone() && report.hasFound));
    if (args.value("guest") === undefined && search.isWithoutRegions)
      throw new UserError(
        "no vdev has a place where a guest could reach it: give it a `loc`, or write a --guest script",
      );
    search.checkReset();
    const result = await search.run();
    report.end(result, args.flag("locks") ? search.locks : undefined);
    return result.found.length === 0 ? 0 : 1;
  } finally {
    process.off("SIGINT", stop);
  }
}

function searchOf(args: ParsedArguments, report: Report, stopped: () => boolean): Search {
  return withNeeds(args.positionals, (pieces) => makeSearch(args, pieces, report, stopped));
}

function makeSearch(
  args: ParsedArguments,
  given: readonly ConfigPiece[],
  report: Report,
  stopped: () => boolean,
): Search {
  const what = args.positionals[0]!;
  const modulePath = [...args.values("module-path"), ...(what.endsWith(".wasm") ? [dirname(what)] : [])];
  const pieces = withVcpus(given, numberOf(args, "vcpus", 1, 16));
  const plan = planFromConfig(parseConfigPieces(pieces), { modulePath, guest: "explore" });
  report.cpus = plan.cpus;
  const schedules = numberOf(args, "schedules", 1, 1e9);
  const seconds = numberOf(args, "seconds", 0.1, 1e6) ?? (schedules === undefined ? SECONDS : undefined);
  const preempt = choice(args, "preempt", ["calls", "memory"] as const);
  const workload = workloadOf(args, plan);
  return new Search({
    plan,
    pieces,
    create: preempt === "memory" ? { preemptsAtMemory: true } : {},
    ...(workload !== undefined && { workload }),
    reset: parseReset(args.values("reset")),
    linearize: args.flag("linearize"),
    seed: numberOf(args, "seed", 0, 2 ** 32 - 1) ?? 1,
    ...(schedules !== undefined && { schedules }),
    ...(seconds !== undefined && { milliseconds: seconds * 1000 }),
    now: () => performance.now(),
    stopped,
    onFound: (found) => report.add(found),
  });
}

/** Tells what a search finds, as it finds it. */
class Report {
  cpus = 0;
  readonly #what: string;
  readonly #json: boolean;
  readonly #folder: string;
  readonly #recordings: string[] = [];

  constructor(args: ParsedArguments, what: string) {
    this.#what = what;
    this.#json = args.flag("json");
    this.#folder = args.value("out") ?? join("build", "out", "explore");
  }

  get hasFound(): boolean {
    return this.#recordings.length > 0;
  }

  add(found: SearchFinding): void {
    const name = `${basename(this.#what).replace(/\.\w+$/, "")}-${this.#recordings.length + 1}.rec`;
    const file = write(this.#folder, name, found);
    this.#recordings.push(file);
    if (!this.#json) console.log(`${describe(found, file)}\n`);
  }

  end(result: SearchResult, locks: readonly GuardedBytes[] | undefined): void {
    if (this.#json) {
      console.log(JSON.stringify({ ...resultOf(result, this.#recordings), locks }, undefined, 2));
      return;
    }
    if (locks !== undefined) console.log(fromHere(`${formatGuarded(locks)}\n`));
    console.log(summary(this.#what, this.cpus, result));
  }
}

/** The configuration with as many vCPUs as were asked for. */
function withVcpus(pieces: readonly ConfigPiece[], wanted: number | undefined): readonly ConfigPiece[] {
  if (wanted === undefined) return pieces;
  const { cpus } = parseConfigPieces(pieces);
  if (wanted < cpus.length) {
    throw new UsageError(`--vcpus ${wanted} is less than the ${counted(cpus.length, "vCPU")} of the configuration`);
  }
  return wanted === cpus.length ? pieces : [...pieces, { file: "--vcpus", text: "cpu\n".repeat(wanted - cpus.length) }];
}

/** @throws UserError for a script that cannot be used */
function workloadOf(args: ParsedArguments, plan: VmPlan): Workload | undefined {
  const guest = args.value("guest")?.replace(/^script:/, "");
  if (guest === undefined) return undefined;
  if (guest.startsWith("rom:") || /\.(s|asm)$/i.test(guest)) {
    throw new UserError("explore drives vCPUs itself and cannot run x86 code; write a script", { file: guest });
  }
  return parseWorkload(readUserFile(guest), guest, plan.cpus);
}

export function numberOf(args: ParsedArguments, name: string, least: number, most: number): number | undefined {
  const text = args.value(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  const isWhole = name === "seconds" || Number.isInteger(value);
  if (/^[0-9.]+$/.test(text) && isWhole && value >= least && value <= most) return value;
  throw new UsageError(`--${name} takes a number from ${least} to ${most}, and not "${text}"`);
}

/** @throws UserError when it cannot be written */
function write(folder: string, name: string, found: SearchFinding): string {
  const file = join(folder, name);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, found.recording);
  } catch (error) {
    throw new UserError(`cannot be written: ${(error as NodeJS.ErrnoException).code}`, { file });
  }
  return file;
}

/** What was found, how to come there, and when it was. */
function describe({ what, text, schedules, milliseconds }: SearchFinding, file: string): string {
  const lines = [
    textOf(what),
    "",
    fromHere(text),
    "",
    `found in schedule ${schedules}, after ${formatSeconds(milliseconds)}; \`npx vdevbox replay ${file}\` runs the schedule above`,
  ];
  return lines.join("\n");
}

function textOf(what: SearchFinding["what"]): string {
  if (what.kind === "finding") return findingText(what.finding);
  if (what.kind === "order") {
    return ["no order of these accesses, made one at a time, gives the guest these answers:", ...what.answers].join(
      "\n  ",
    );
  }
  const { place } = what.failed.step.expectation!;
  return `${place.file}:${place.line}: the expectation does not hold in every order: got ${what.failed.got}`;
}

function formatSeconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

function summary(what: string, cpus: number, result: SearchResult): string {
  const { found, schedules, switches, milliseconds, unexplained, small } = result;
  const rate = Math.round((switches * 1000) / Math.max(1, milliseconds)).toLocaleString("en");
  const counts = [
    `${found.length === 0 ? "no findings" : counted(found.length, "finding")} in ${counted(schedules, "schedule")} of ${counted(cpus, "vCPU")}`,
    `${switches.toLocaleString("en")} turns in ${formatSeconds(milliseconds)} (${rate} a second)`,
    ...(small.judged === 0 ? [] : [`answers judged of ${counted(small.judged, "workload")}`]),
    `${small.exhausted} of ${counted(small.workloads, "small workload")} in every order of calls (${counted(small.schedules, "schedule")})`,
    ...(unexplained === 0 ? [] : [`${counted(unexplained, "finding")} could not be made again`]),
  ];
  return `${what}: ${counts.join("; ")}`;
}

/** What `--json` prints. */
function resultOf({ found, ...counts }: SearchResult, recordings: readonly string[]) {
  return {
    ...counts,
    findings: found.map(({ what, text, schedules, milliseconds }, i) => ({
      ...(what.kind === "finding" ? what.finding : { severity: what.kind, message: textOf(what) }),
      schedule: schedules,
      afterMs: Math.round(milliseconds),
      text,
      recording: recordings[i],
    })),
  };
}
