import { ACTOR, type Actor, actorOf } from "../explore/actor.ts";
import { FollowingChooser, type Random } from "../explore/chooser.ts";
import { exploredVm } from "../explore/explored-vm.ts";
import type { Drawn } from "../explore/search.ts";
import { workloadOf } from "../explore/workload.ts";
import type { ScriptCommand, ScriptStep } from "../guests/script/step.ts";
import { NO_ANSWERS } from "../memory/undecided-memory.ts";
import type { VmPlan } from "../vm/plan.ts";
import type { Vm } from "../vm/vm.ts";
import { Coverage } from "./coverage.ts";
import type { TakenEdges } from "./lcov.ts";
import {
  accessMeta,
  isAccess,
  isIo,
  isWrite,
  lengthOf,
  META,
  OPERATION_WORDS,
  OPERATIONS_MAX,
  type Program,
  ProgramBuffer,
  vcpuOf,
  widthOf,
} from "./program.ts";
import { commandOf } from "./program-text.ts";

/** Operations at the end of a program that vCPUs come to at once, at most. */
const END_MAX = 2;
/** In one program in so many vCPUs meet from the first operation on. */
const ALL_EVERY = 8;

/** A program for several vCPUs. */
export interface Meeting {
  readonly program: Program;
  /** Operations before the first that others may come in between. */
  readonly before: number;
}

/**
 * Takes one vCPU to where a program comes to, or nearly so, gives what is left of it to vCPUs at random, and each of them
 * a few accesses more.
 * @param behind those, as a program
 */
export function meeting(program: Program, behind: Program, cpus: number, random: Random): Meeting {
  const buffer = new ProgramBuffer();
  buffer.load(program);
  const given = buffer.count;
  const before = random.below(ALL_EVERY) === 0 ? 0 : Math.max(0, given - random.below(END_MAX + 1));
  const more = Math.min(lengthOf(behind), OPERATIONS_MAX - given);
  for (let i = 0; i < more; i++) buffer.copy(buffer.count++, behind, i);
  const first = random.below(cpus);
  for (let at = 0; at < given; at++) {
    const meta = buffer.word(at, META);
    const vcpu = at < before ? first : random.below(cpus);
    if (isAccess(meta)) buffer.setWord(at, META, accessMeta(isWrite(meta), isIo(meta), widthOf(meta), vcpu));
  }
  return { program: buffer.snapshot(), before };
}

/**
 * A program as what a schedule is made of. What it writes to guest memory is there from the beginning.
 * @param before operations that are to be done in their order
 */
export function drawnOf(vm: Vm, program: Program, before = 0): Drawn {
  const { words, answers, schedule } = program;
  const memory: ScriptStep[] = [];
  const steps: ScriptStep[] = [];
  const order: Actor[] = [];
  for (let i = 0; i < lengthOf(program); i++) {
    const at = i * OPERATION_WORDS;
    const step = placed(commandOf(vm, program, at));
    if (step.kind === "writeBytes") {
      memory.push(step);
      continue;
    }
    const meta = words[at + META]!;
    if (isAccess(meta)) steps.push(placed({ kind: "vcpu", vcpu: vcpuOf(meta) }));
    steps.push(step);
    const isEnd = step.kind === "control" && step.what === "terminate"; // every schedule ends with it
    if (i < before && !isEnd) order.push(isAccess(meta) ? actorOf(ACTOR.vcpu, vcpuOf(meta)) : actorOf(ACTOR.outside));
  }
  return {
    workload: workloadOf([...memory, ...steps], vm.plan.cpus),
    undecided: { answers, answersLength: answers.length },
    ...(schedule === undefined ? { order } : { decisions: schedule }),
  };
}

/** Edges that programs take in their schedules. @throws UserError when a vdev refuses to start */
export function takenInSchedules(plan: VmPlan, programs: readonly Program[]): TakenEdges[] {
  if (programs.length === 0) return [];
  const { vm, runner } = exploredVm(plan, { fuzz: "edges" }, false);
  const coverage = new Coverage(vm.instances);
  for (const program of programs) {
    const { workload, undecided = NO_ANSWERS, decisions = [] } = drawnOf(vm, program);
    runner.undecided = undecided;
    coverage.clear();
    runner.run(workload, new FollowingChooser(decisions));
    coverage.novelty(true);
  }
  return coverage.takenEdges();
}

function placed(command: ScriptCommand): ScriptStep {
  return { ...command, place: { file: "<program>" } };
}
