import { existsSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { ConfigPiece } from "../config/parse-config.ts";
import { parseConfigPieces } from "../config/parse-config.ts";
import { UserError } from "../errors.ts";
import { CampaignFolder } from "../fuzz/campaign-folder.ts";
import { writeRecord } from "../fuzz/campaign-record.ts";
import { ConfiguredSessions } from "../fuzz/configured-sessions.ts";
import { CostSearch } from "../fuzz/cost-search.ts";
import { fuzzVm } from "../fuzz/fuzz-vm.ts";
import type { MakeReference } from "../fuzz/reference/reference.ts";
import { deviceReset, type GivenReset } from "../fuzz/reset-look.ts";
import type { SessionOptions } from "../fuzz/session.ts";
import type { VmPlan } from "../vm/plan.ts";
import { planFromConfig } from "../vm/plan-from-config.ts";
import { type Command, type ParsedArguments, UsageError } from "./arguments.ts";
import { numberOf } from "./explore.ts";
import { measureCosts } from "./fuzz-cost.ts";
import { FuzzFiles } from "./fuzz-files.ts";
import { FuzzJobs } from "./fuzz-jobs.ts";
import { loadReference } from "./fuzz-reference.ts";
import { FuzzReport } from "./fuzz-report.ts";
import { withNeeds } from "./module-alone.ts";

/** Seconds of a campaign, unless told otherwise. */
const SECONDS = 60;
/** Guest memory of a VM that is made for a module. */
const RAM = "ram 0,1M";
const JOBS_MAX = 256;
const CONFIGURATIONS = 8;
const CONFIGURATIONS_MAX = 64;

/** `vdevbox fuzz`: drives vdevs with programs that it changes until they do something wrong. */
export const fuzzCommand: Command = {
  name: "fuzz",
  usage: "CONF|MODULE.wasm [@FILE|TEXT…] [--seconds N] [--executions N] [--seed N] [--jobs N]",
  summary: "drive vdevs with programs made from what their code does, until they break",
  options: [
    { name: "seconds", value: "N", help: `end after N seconds (default: ${SECONDS}, or no end with --executions)` },
    { name: "executions", value: "N", help: "end after about N executions" },
    { name: "seed", value: "N", help: "of the campaign: the same seed makes the same campaign (default: 1)" },
    { name: "jobs", value: "N", help: "processes that share what they find (default: 1)" },
    { name: "shard", value: "I/N", help: "be number I, from 0, of N that share the folder of --out, on any machines" },
    {
      name: "out",
      value: "DIR",
      help: "folder of corpus and findings; there, it goes on (default: build/out/fuzz/NAME)",
    },
    {
      name: "seeds",
      value: "PATH",
      multiple: true,
      help: "a script, or a folder of scripts, to begin with; repeatable",
    },
    {
      name: "configurations",
      value: "N",
      help: `configurations that differ in the vdevs' own options, yours included (default: ${CONFIGURATIONS})`,
    },
    {
      name: "reset",
      value: "ACCESS",
      multiple: true,
      help: "an access that resets a device, `writel 0x10 1`: what stays behind it is told; repeatable, for several in a row",
    },
    { name: "not-reset", value: "ADDR", multiple: true, help: "a register that a reset leaves alone; repeatable" },
    {
      name: "reference",
      value: "FILE",
      help: "compare what the vdevs answer with a model (FILE.ts), another module (FILE.wasm) or configuration",
    },
    { name: "cost", help: "look for the most steps that each register and callback can take, and print them" },
    { name: "merge", help: "leave in the corpus only what it takes to cover all it covers, and end" },
    { name: "module-path", value: "DIR", multiple: true, help: "folder to look for modules in; repeatable" },
    { name: "json", help: "print a line of JSON each second, for each finding, and at the end" },
  ],
  details: [
    "For MODULE a VM is made with that vdev alone and 1 MiB of guest memory; further words are its options.",
    "Each finding gets a folder in DIR/findings: what happened and where, the shortest program that makes it, a recording",
    "that `vdevbox replay` runs, and a test for vitest that fails until it is mended. See docs/fuzzing.md.",
    "",
    "Exit codes: 0 nothing found, 1 findings, 2 the configuration, a module, or the folder cannot be used, or a job was",
    "killed and the others found nothing.",
  ].join("\n"),
  run,
};

async function run(args: ParsedArguments): Promise<number> {
  const [what] = args.positionals;
  if (what === undefined) throw new UsageError("fuzz needs a configuration or a module: `vdevbox fuzz CONF`");
  let interrupted = false;
  const stop = () => {
    interrupted = true;
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    const jobs = numberOf(args, "jobs", 1, JOBS_MAX) ?? 1;
    if (jobs === 1 || args.flag("merge") || args.flag("cost")) return await fuzz(args, what, () => interrupted);
    const code = await new FuzzJobs(jobs, outOf(args, what), args.flag("json"), () => interrupted).run();
    // Each job has written what it knew of; now all is known.
    const folder = new CampaignFolder(outOf(args, what));
    new FuzzFiles(folder, nameOf(what), (text) => console.error(`note: ${text}`)).found();
    return code;
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

async function fuzz(args: ParsedArguments, what: string, interrupted: () => boolean): Promise<number> {
  if (args.flag("merge") && args.values("seeds").length === 0 && !existsSync(outOf(args, what))) {
    throw new UserError("there is no campaign here to merge; `--out` names its folder", { file: outOf(args, what) });
  }
  const folder = new CampaignFolder(outOf(args, what));
  if (args.flag("cost")) {
    if (args.value("reference") !== undefined || args.values("reset").length > 0)
      throw new UsageError("--cost looks for steps only: it goes with neither --reference nor --reset");
    const seed = numberOf(args, "seed", 0, 2 ** 32 - 1) ?? 1;
    const search = withNeeds(args.positionals, (pieces) => new CostSearch(planOf(args, pieces), seed), [RAM]);
    return await measureCosts(search, { folder: folder.path, ...endOf(args), json: args.flag("json"), interrupted });
  }
  const file = args.value("reference");
  const paths = args.values("module-path");
  const reference = file === undefined ? undefined : await loadReference(file, args.positionals, paths, [RAM]);
  const reset = resetOf(args);
  if (reset !== undefined) {
    // A mistake in it is told as such, and not as one of a module that may still lack its place.
    deviceReset(
      withNeeds(args.positionals, (pieces) => fuzzVm(planOf(args, pieces), "edges"), [RAM]),
      reset,
    );
  }
  const report = new FuzzReport(what, folder.path, args.flag("json"));
  const files = new FuzzFiles(folder, nameOf(what), (text) => report.note(text));
  const session = withNeeds(args.positionals, (pieces) => makeSession(args, pieces, folder, report, files, reference), [
    RAM,
  ]);
  if (args.flag("merge")) {
    const { programs } = session.merge();
    const gone = folder.replaceBy(programs);
    for (const file of gone) rmSync(file, { force: true });
    files.found();
    report.merged(programs.length, gone.length);
    return 0;
  }
  const { executions, time } = endOf(args);
  const end = performance.now() + time;
  report.start(session.progress);
  files.begin(shardOf(args)?.index ?? 0);
  await session.writeFound();
  while (!interrupted() && performance.now() < end && session.executions < executions) {
    await session.step();
    report.progress(session.progress);
    files.progress(session.progress);
    await new Promise((resolve) => setImmediate(resolve));
  }
  files.end(session.progress);
  report.end(session.progress, session.writeCoverage());
  return session.progress.findings === 0 ? 0 : 1;
}

function planOf(args: ParsedArguments, pieces: readonly ConfigPiece[]): VmPlan {
  const what = args.positionals[0]!;
  const modulePath = [...args.values("module-path"), ...(what.endsWith(".wasm") ? [dirname(what)] : [])];
  return planFromConfig(parseConfigPieces(pieces), { modulePath, guest: "fuzz" });
}

/** When a campaign ends: executions and milliseconds. */
function endOf(args: ParsedArguments): { readonly executions: number; readonly time: number } {
  const executions = numberOf(args, "executions", 1, 1e15);
  const seconds = numberOf(args, "seconds", 0.1, 1e7) ?? (executions === undefined ? SECONDS : Infinity);
  return { executions: executions ?? Infinity, time: seconds * 1000 };
}

function makeSession(
  args: ParsedArguments,
  pieces: readonly ConfigPiece[],
  folder: CampaignFolder,
  report: FuzzReport,
  files: FuzzFiles,
  reference: MakeReference | undefined,
): ConfiguredSessions {
  const plan = planOf(args, pieces);
  const shard = shardOf(args);
  const configurations =
    numberOf(args, "configurations", 1, CONFIGURATIONS_MAX) ?? (reference === undefined ? CONFIGURATIONS : 1);
  const options: SessionOptions = {
    plan,
    pieces,
    folder,
    seed: (numberOf(args, "seed", 0, 2 ** 32 - 1) ?? 1) + (shard?.index ?? 0),
    isShared: shard !== undefined,
    seeds: args.values("seeds"),
    reset: resetOf(args),
    reference,
    onFinding: (told) => {
      report.finding(told);
      files.found();
    },
    onNote: (text) => report.note(text),
    now: () => performance.now(),
  };
  const session = new ConfiguredSessions(options, configurations);
  writeRecord(folder, nameOf(args.positionals[0]!), plan, pieces);
  return session;
}

/** @throws UsageError for what is no address */
function resetOf(args: ParsedArguments): GivenReset | undefined {
  const lines = args.values("reset");
  const notReset = args.values("not-reset").map((text) => {
    if (!/^(0x[0-9a-f]{1,16}|\d{1,19})$/i.test(text))
      throw new UsageError(`--not-reset takes an address, and not "${text}"`);
    return BigInt(text);
  });
  if (lines.length > 0) return { lines, notReset };
  if (notReset.length > 0) throw new UsageError("--not-reset goes with --reset");
  return undefined;
}

function outOf(args: ParsedArguments, what: string): string {
  return args.value("out") ?? join("build", "out", "fuzz", nameOf(what));
}

/** What is fuzzed, in a word. */
function nameOf(what: string): string {
  return basename(what).replace(/\.\w+$/, "");
}

/** @throws UsageError for what is no `I/N` */
function shardOf(args: ParsedArguments): { readonly index: number; readonly of: number } | undefined {
  const text = args.value("shard");
  if (text === undefined) return undefined;
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  const [index, of] = [Number(match?.[1]), Number(match?.[2])];
  if (match !== null && index < of) return { index, of };
  throw new UsageError(`--shard takes I/N with I from 0 to N - 1, as in 0/4, and not "${text}"`);
}
