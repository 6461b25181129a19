import { UserError } from "../errors.ts";
import type { CorpusFile } from "../fuzz/campaign-folder.ts";
import { Coverage, type EdgeCount } from "../fuzz/coverage.ts";
import { fuzzVm } from "../fuzz/fuzz-vm.ts";
import { sourceCoverage } from "../fuzz/lcov.ts";
import { ProgramBuffer } from "../fuzz/program.ts";
import { parseProgram } from "../fuzz/program-text.ts";
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
  let refused = 0;
  for (const [i, { file, text }] of executed.entries()) {
    // What leads to findings covers code that no program of the corpus does; the corpus alone says what is tried.
    listen(vm, i < findings.length ? undefined : map);
    coverage.clear();
    if (!load(buffer, vm, text, file)) refused++;
    else {
      target.execute(buffer);
      coverage.novelty(true);
    }
  }
  return {
    coverage: parseLcov(sourceCoverage(coverage.takenEdges()).lcov),
    edges: coverage.edges,
    regions: map.regions,
    programs: executed.length - refused,
    refused,
    leftOut: findings.length + corpus.length - executed.length,
  };
}

function load(buffer: ProgramBuffer, vm: Vm, text: string, file: string): boolean {
  try {
    buffer.load(parseProgram(vm, text, file));
    return true;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

/** A VM with a listener makes its accesses one by one and tells of each. */
function listen(vm: Vm, map: AccessMap | undefined): void {
  vm.listener =
    map &&
    ((event) => {
      if (event.kind === "access") map.add({ ...event, isDone: event.outcome === "ok" });
    });
}
