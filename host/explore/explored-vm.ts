import type { VmEvent } from "../vm/events.ts";
import type { LimitsPlan, VmPlan } from "../vm/plan.ts";
import { assembleVm, type CreateOptions } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";
import { Interleaving } from "./interleaving.ts";
import { ScheduleRunner } from "./run-schedule.ts";

/** A VM whose schedules can be run one after another. */
export interface ExploredVm {
  readonly vm: Vm;
  readonly runner: ScheduleRunner;
  /** Who hears of what happens in the VM; set for each run. */
  listener: ((event: VmEvent) => void) | undefined;
}

/** How recordings name what drives a VM that is searched, by where its threads lose their turn. */
export const EXPLORED_GUEST = { calls: "explore", memory: "explore-memory" } as const;

/** What stands for the name of a call where a thread touches what others touch. */
const MEMORY = "(memory)";

/**
 * What a callback may take in a search, and a thread without waiting: less than in a run, unless the configuration says. A
 * thread that goes round for ever costs that much in each of thousands of schedules.
 */
const LIMITS: LimitsPlan = { steps: 20_000_000, hostWork: 200_000 };

/**
 * Assembles a VM for schedules to be run in.
 * @param tells whether accesses and decisions are told, as a recording needs it
 * @throws UserError when a vdev refuses to start
 */
export function exploredVm(plan: VmPlan, options: CreateOptions, tells: boolean): ExploredVm {
  const schedule = new Interleaving();
  const explored: { listener: ExploredVm["listener"] } = { listener: undefined };
  const limits = { ...LIMITS, ...plan.limits };
  const vm = assembleVm(
    { ...plan, limits },
    {
      ...options,
      schedule,
      races: true,
      tellAccesses: tells,
      listener: (event) => explored.listener?.(event),
    },
  );
  if (tells) schedule.onDecision = (actor) => vm.emit({ kind: "schedule", actor });
  if (options.preemptsAtMemory === true) vm.races!.onShared = () => schedule.preempts(MEMORY);
  const runner = new ScheduleRunner(vm, schedule);
  return Object.assign(explored, { vm, runner });
}
