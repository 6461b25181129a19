import { UserError } from "../errors.ts";
import type { CorpusFile } from "../fuzz/campaign-folder.ts";
import { Coverage, type EdgeCount, mergedEdges } from "../fuzz/coverage.ts";
import { fuzzVm } from "../fuzz/fuzz-vm.ts";
import { sourceCoverage, type TakenEdges } from "../fuzz/lcov.ts";
import { type Program, ProgramBuffer } from "../fuzz/program.ts";
import { parseProgram } from "../fuzz/program-text.ts";
import { takenInSchedules } from "../fuzz/scheduled-program.ts";
import { hasSchedules } from "../fuzz/schedules.ts";
import { FuzzTarget } from "../fuzz/target.ts";
import type { VmPlan } from "../vm/plan.ts";
import type { Vm } from "../vm/vm.ts";
import { AccessMap, type RegionUse } from "./access-map.ts";
import { type FileCoverage, parseLcov } from "./lcov-file.ts";
import { parseRegisterTable } from "./register-table.ts";
import type { SourceTexts } from "./source-texts.ts";

/** What the programs of a campaign do, found out by executing them once more. */
export interface ReplayedCorpus {
  readonly coverage: readonly FileCoverage[];
  readonly edges: EdgeCount;
  readonly regions: readonly RegionUse[];
  /** Programs executed. */
  readonly programs: number;
  /** Programs that are none of this VM. */
  readonly refused: number;
  /** Programs that were too many. */
  readonly leftOut: number;
}

/** Programs that are executed; a corpus that is merged has a few thousand. */
const PROGRAMS_MAX = 50_000;

/**
 * Executes the programs of a corpus, and those that lead to findings, each once.
 * @throws UserError when the VM cannot be made
 */
export function replayCorpus(
  plan: VmPlan,
  sources: SourceTexts,
  corpus: readonly CorpusFile[],
  findings: readonly CorpusFile[],
): ReplayedCorpus {
  const vm = fuzzVm(plan, "edges", { tellAccesses: true });
  const coverage = new Coverage(vm.instances);
  const target = new FuzzTarget(vm);
  const files = new Map(plan.vdevs.map(({ type, file }) => [type, file]));
  const map = new AccessMap(target.surface.regions, (type) =>
    sources.registerTables(files.get(type) ?? "").flatMap(parseRegisterTable),
  );
  const executed = [...findings, ...corpus].slice(0, PROGRAMS_MAX);
  const buffer = new ProgramBuffer();
  const scheduled: Program[] = [];
  let refused = 0;
  for (const [i, { file, text }] of executed.entries()) {
    // What leads to findings covers code that no program of the corpus does; the corpus alone says what is tried.
    listen(vm, i < findings.length ? undefined : map);
    coverage.clear();
    const program = read(vm, text, file);
    if (program === undefined) {
      refused++;
      continue;
    }
    buffer.load(program);
    target.execute(buffer);
    coverage.novelty(true);
    if (program.schedule !== undefined && hasSchedules(vm)) scheduled.push(program);
  }
  const taken = mergedEdges([...coverage.takenEdges(), ...takenInSchedules(plan, scheduled)]);
  return {
    coverage: parseLcov(sourceCoverage(taken).lcov),
    edges: countOf(taken),
    regions: map.regions,
    programs: executed.length - refused,
    refused,
    leftOut: findings.length + corpus.length - executed.length,
  };
}

/** @returns undefined for what is no program of this VM */
function read(vm: Vm, text: string, file: string): Program | undefined {
  try {
    return parseProgram(vm, text, file);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function countOf(all: readonly TakenEdges[]): EdgeCount {
  const edges = all.flatMap(({ taken }) => taken);
  return { taken: edges.filter((one) => one).length, all: edges.length };
}

/** A VM with a listener makes its accesses one by one and tells of each. */
function listen(vm: Vm, map: AccessMap | undefined): void {
  vm.listener =
    map &&
    ((event) => {
      if (event.kind === "access") map.add({ ...event, isDone: event.outcome === "ok" });
    });
}
