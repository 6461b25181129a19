import type { Finding, RuleName } from "../gate/finding.ts";
import type { UndecidedMemory } from "../memory/undecided-memory.ts";
import type { VmPlan } from "../vm/plan.ts";
import { createVm } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";
import type { Asked } from "./confirm.ts";
import { isAccess, lengthOf, META, OPERATIONS_MAX, type Program, ProgramBuffer, vcpuOf } from "./program.ts";
import { FuzzTarget } from "./target.ts";

/** A way to execute a program, and what it takes that a run sees the same. */
export interface Look {
  readonly vm: Vm;
  readonly memory: UndecidedMemory;
  /** What went wrong in the last execution. */
  findings(): readonly Finding[];
  /** How a script shows a finding of the last execution, where no run tells it. */
  shows?(finding: Finding): Shown | undefined;
  /** What makes a run look as closely. */
  readonly asked: Asked;
  /** Whether it is for findings of a rule. */
  tells(rule: RuleName): boolean;
  /** What it is shown for a program. */
  of(program: Program): Program;
  /** Whether it is for arbitrary programs too, and not just for those that take new edges. */
  readonly often?: boolean;
  /** How often that is carried out. */
  readonly repeats: number;
  /** Executes it in the VM as it was made. What it did wrong is in the VM's findings. */
  execute(program: ProgramBuffer): void;
}

/** What shows a finding that only comparing tells. */
export interface Shown {
  /** Operations of the program it takes. */
  readonly length: number;
  /** Lines of a script that go behind them; an expectation among them does not hold. */
  readonly lines: readonly string[];
}

/** A guest that changes memory while vdevs read it, if the configuration has none. */
const RESTLESS_SEED = 1;

/**
 * Programs that do something new are looked at once more, by a guest that changes memory while vdevs read it: what checks
 * one value and uses another may run into anything. That VM sees every access of its modules to their memory, also to tell
 * data races where the configuration asks for them, and is several times slower.
 */
export function watchfulLook(plan: VmPlan): Look {
  const restless = plan.restless ?? RESTLESS_SEED;
  const target = new FuzzTarget(createVm({ ...plan, restless }, { tellAccesses: false }));
  const { vm, memory } = target;
  // A device may well read an index again, to see whether there is more: that is told to those who ask for it.
  const tells = (rule: RuleName) => rule !== "double-fetch" || plan.restless !== undefined;
  const { cpus } = target.surface;
  return {
    vm,
    memory,
    findings: () => vm.findings.all,
    asked: { restless },
    tells,
    of: (program) => (plan.races && cpus > 1 ? alsoByAnother(program, cpus) : program),
    repeats: 1,
    execute: (program) => target.execute(program),
  };
}

/** Bytes a module may take, and what a guest does until then: a device that takes 2 KiB each time is found. */
const GROWTH = 1 << 20;
const REPEATS = 512;

/** Programs that do something new are carried out again and again without a reset of the VM: for memory that is never given back. */
export function growthLook(target: FuzzTarget): Look {
  const { vm, memory } = target;
  return {
    vm,
    memory,
    findings: () => vm.findings.all,
    asked: { growth: GROWTH },
    tells: (rule) => rule === "memory-growth", // what else there is has a program without repetition
    of: (program) => program,
    repeats: REPEATS,
    execute: (program) => {
      vm.growth.limit = GROWTH;
      target.execute(program, REPEATS);
      vm.growth.limit = undefined;
    },
  };
}

/** The same with its accesses made again by other vCPUs: what takes no lock shows as a race. */
function alsoByAnother(program: Program, cpus: number): Program {
  const buffer = new ProgramBuffer();
  buffer.load(program);
  for (let at = 0; at < lengthOf(program) && buffer.count < OPERATIONS_MAX; at++) {
    const meta = buffer.word(at, META);
    if (!isAccess(meta)) continue;
    const to = buffer.count++;
    buffer.copy(to, program, at);
    buffer.setWord(to, META, (meta & 0xff_ffff) | (((vcpuOf(meta) + 1) % Math.min(cpus, 256)) << 24));
  }
  return buffer.snapshot();
}
