import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { ConfigPiece } from "../config/parse-config.ts";
import { parseConfigPieces } from "../config/parse-config.ts";
import { UserError } from "../errors.ts";
import { CampaignFolder } from "../fuzz/campaign-folder.ts";
import { checkRecord, writeRecord } from "../fuzz/campaign-record.ts";
import { ConfiguredSessions } from "../fuzz/configured-sessions.ts";
import { CostSearch } from "../fuzz/cost-search.ts";
import { fuzzVm } from "../fuzz/fuzz-vm.ts";
import { knownFindings } from "../fuzz/known-findings.ts";
import type { MakeReference } from "../fuzz/reference/reference.ts";
import { deviceReset } from "../fuzz/reset-look.ts";
import type { SessionOptions } from "../fuzz/session.ts";
import { surfaceOf } from "../fuzz/surface.ts";
import type { VmPlan } from "../vm/plan.ts";
import { planFromConfig } from "../vm/plan-from-config.ts";
import type { Vm } from "../vm/vm.ts";
import type { Command, ParsedArguments } from "./arguments.ts";
import { measureCosts } from "./fuzz-cost.ts";
import { FuzzFiles } from "./fuzz-files.ts";
import { FuzzJobs } from "./fuzz-jobs.ts";
import { CONFIGURATIONS, type FuzzOptions, fuzzOptions, SECONDS } from "./fuzz-options.ts";
import { loadReference } from "./fuzz-reference.ts";
import { FuzzReport } from "./fuzz-report.ts";
import { withNeeds } from "./module-alone.ts";

/** Guest memory of a VM that is made for a module. */
const RAM = "ram 0,1M";

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
  const options = fuzzOptions(args);
  let interrupted = false;
  const stop = () => {
    interrupted = true;
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, stop);
  // A job of a process that is gone, perhaps already.
  process.once("disconnect", stop);
  if (process.connected === false) stop();
  process.channel?.unref();
  try {
    if (options.jobs === 1) return await fuzz(options, () => interrupted);
    const pieces = piecesFor(options);
    planOf(options, pieces); // once for all jobs: what cannot be fuzzed is told here
    const folder = new CampaignFolder(options.folder);
    const code = await new FuzzJobs(options.jobs, folder.path, options.json, () => interrupted).run();
    // Each job has written what it knew of; now all is known.
    new FuzzFiles(folder, options.name, (text) => console.error(`note: ${text}`)).found();
    return code;
  } finally {
    for (const signal of signals) process.off(signal, stop);
    process.off("disconnect", stop);
  }
}

async function fuzz(options: FuzzOptions, interrupted: () => boolean): Promise<number> {
  const { does, seeds, seed, words, modulePath, name, json } = options;
  if (does === "merge" && seeds.length === 0 && !existsSync(options.folder)) {
    throw new UserError("there is no campaign here to merge; `--out` names its folder", { file: options.folder });
  }
  const pieces = piecesFor(options);
  const plan = planOf(options, pieces);
  const file = options.reference;
  const reference = file === undefined ? undefined : await loadReference(file, words, modulePath, [RAM]);
  const folder = new CampaignFolder(options.folder);
  if (does === "cost") {
    const { executions, time } = options;
    return await measureCosts(new CostSearch(plan, seed), { folder: folder.path, executions, time, json, interrupted });
  }
  const report = new FuzzReport(options.what, folder.path, json);
  checkRecord(folder, plan, does === "merge", (text) => report.note(text));
  const files = new FuzzFiles(folder, name, (text) => report.note(text));
  const before = knownFindings(folder.findings).length;
  const session = makeSession(options, { plan, pieces }, folder, report, files, reference);
  writeRecord(folder, name, plan, pieces);
  if (does === "merge") return await merge(session, folder, report, files, interrupted);
  const end = performance.now() + options.time;
  await session.takeWaiting(interrupted);
  report.start(session.progress, before);
  files.begin(options.shard?.index ?? 0);
  await session.writeFound();
  while (!interrupted() && performance.now() < end && session.executions < options.executions) {
    await session.step();
    report.progress(session.progress);
    files.progress(session.progress);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { progress, sources } = session;
  files.end(progress, sources);
  report.end(progress, sources);
  return exitCode(session);
}

/** Leaves in the corpus only what it takes to cover what it covers. @returns the exit code */
async function merge(
  session: ConfiguredSessions,
  folder: CampaignFolder,
  report: FuzzReport,
  files: FuzzFiles,
  interrupted: () => boolean,
): Promise<number> {
  const merged = await session.merge(interrupted);
  await session.writeFound();
  files.found();
  if (merged === undefined) throw new UserError("interrupted: the corpus is as it was", { file: folder.corpus });
  const { programs, files: others } = merged;
  report.merged(programs.length, folder.replaceBy(programs, others));
  return exitCode(session);
}

/** A corpus that could not be written is no success. */
function exitCode(session: ConfiguredSessions): number {
  if (session.progress.findings > 0) return 1;
  return session.hasUnsaved ? 2 : 0;
}

/** The configuration to fuzz: a module alone may need a place. @throws UserError when there is no such VM */
function piecesFor(options: FuzzOptions): readonly ConfigPiece[] {
  const { words, reset } = options;
  const make = (pieces: readonly ConfigPiece[]): { readonly vm: Vm; readonly pieces: readonly ConfigPiece[] } => {
    const vm = fuzzVm(planOf(options, pieces), "edges");
    if (surfaceOf(vm).regions.length === 0) {
      throw new UserError("no vdev has a place where a guest could reach it: give it a `loc`");
    }
    return { vm, pieces };
  };
  const { vm, pieces } = withNeeds(words, make, [RAM]);
  if (reset !== undefined) deviceReset(vm, reset);
  return pieces;
}

function planOf({ what, modulePath }: FuzzOptions, pieces: readonly ConfigPiece[]): VmPlan {
  const folders = [...modulePath, ...(what.endsWith(".wasm") ? [dirname(what)] : [])];
  return planFromConfig(parseConfigPieces(pieces), { modulePath: folders, guest: "fuzz" });
}

function makeSession(
  { seed, shard, seeds, reset, configurations }: FuzzOptions,
  { plan, pieces }: Pick<SessionOptions, "plan" | "pieces">,
  folder: CampaignFolder,
  report: FuzzReport,
  files: FuzzFiles,
  reference: MakeReference | undefined,
): ConfiguredSessions {
  const options: SessionOptions = {
    plan,
    pieces,
    folder,
    seed: seed + (shard?.index ?? 0),
    isShared: shard !== undefined,
    seeds,
    reset,
    reference,
    onFinding: (told) => {
      report.finding(told);
      files.found();
    },
    onNote: (text) => report.note(text),
    now: () => performance.now(),
  };
  return new ConfiguredSessions(options, configurations);
}
