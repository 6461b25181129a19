import type { ConfigPiece } from "../config/parse-config.ts";
import type { Random } from "../explore/chooser.ts";
import { Search, type SearchFinding } from "../explore/search.ts";
import { type Workload, workloadOf } from "../explore/workload.ts";
import type { ScriptCommand, ScriptStep } from "../guests/script/step.ts";
import type { VmPlan } from "../vm/plan.ts";
import type { Vm } from "../vm/vm.ts";
import { OPERATION_WORDS, type Program } from "./program.ts";
import { commandOf } from "./program-text.ts";

/** Executions of programs for each schedule, which takes some hundred times as long as one. */
const EXECUTIONS_EACH = 500;
/** Executions before the first: by then there are programs worth it. */
const FIRST = 2000;
/** Operations of one vCPU in a schedule. */
const OPERATIONS = 6;
/** One workload in so many is drawn from nothing. */
const FRESH_EVERY = 3;

export interface SchedulesOptions {
  readonly plan: VmPlan;
  readonly pieces: readonly ConfigPiece[];
  readonly seed: number;
  /** The VM of the campaign. */
  readonly vm: Vm;
  /** A program of its corpus. */
  readonly program: (random: Random) => Program | undefined;
  readonly onFound: (found: SearchFinding) => void;
}

/**
 * The part of a campaign in which vCPUs, timers and threads really meet: programs of its corpus, one for each vCPU, in the
 * schedules that `vdevbox explore` draws. So registers are met in states that took the fuzzer to get to. It takes about a
 * tenth of the time, and depends on the executions before it only.
 */
export class Schedules {
  readonly #options: SchedulesOptions;
  #search: Search | undefined;
  #next = FIRST;

  constructor(options: SchedulesOptions) {
    this.#options = options;
  }

  /** Makes the schedules that are due after so many executions. */
  upTo(executions: number): void {
    for (; this.#next <= executions; this.#next += EXECUTIONS_EACH) {
      this.#search ??= this.#newSearch();
      this.#search.one();
    }
  }

  /** Modules are built once more for it, so that they can be left in the middle of a callback. */
  #newSearch(): Search {
    const { plan, pieces, seed, onFound } = this.#options;
    return new Search({
      plan,
      pieces,
      create: {},
      seed,
      now: () => 0,
      draw: (random) => this.#draw(random),
      onFound,
    });
  }

  #draw(random: Random): Workload | undefined {
    const { plan, program } = this.#options;
    if (random.below(FRESH_EVERY) === 0) return undefined;
    const first = program(random);
    if (first === undefined) return undefined;
    const meets = random.below(2) === 0; // all vCPUs do the same
    const steps: ScriptStep[] = [];
    for (let vcpu = 0; vcpu < plan.cpus; vcpu++) {
      steps.push(placed({ kind: "vcpu", vcpu }));
      steps.push(...this.#partOf((meets ? undefined : program(random)) ?? first, random));
    }
    return workloadOf(steps, plan.cpus);
  }

  /** The end of a program, which is what it is kept for, or any part of it. */
  #partOf({ words, blobs }: Program, random: Random): ScriptStep[] {
    const count = words.length / OPERATION_WORDS;
    const most = Math.max(0, count - OPERATIONS);
    const from = random.below(2) === 0 ? most : random.below(most + 1);
    const steps: ScriptStep[] = [];
    for (let i = from; i < Math.min(count, from + OPERATIONS); i++) {
      const command = commandOf(this.#options.vm, { words, blobs }, i * OPERATION_WORDS);
      if (isOfWorkload(command)) steps.push(placed(command));
    }
    return steps;
  }
}

/** Guest memory is not written: what vdevs read there is zero. */
function isOfWorkload({ kind }: ScriptCommand): boolean {
  return kind !== "writeBytes";
}

function placed(command: ScriptCommand): ScriptStep {
  return { ...command, place: { file: "<program>" } };
}

/** Whether two callbacks of a VM's vdevs can be in progress at the same time. */
export function hasSchedules(vm: Vm): boolean {
  return vm.plan.cpus > 1 || vm.threads !== undefined;
}
