import type { VmListener } from "../vm/events.ts";
import type { VmPlan } from "../vm/plan.ts";
import { createVm } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";

/** Limits of a callback: some milliseconds. What comes to them is tried again with those of a run. */
const STEPS = 2_000_000;
const HOST_WORK = 50_000;

/**
 * A VM whose modules count the edges they take, or keep what they compare.
 * @param tellAccesses whether a listener, when there is one, is told of each access
 * @param listener told of everything from the start on
 * @throws UserError as `createVm`
 */
export function fuzzVm(plan: VmPlan, fuzz: "edges" | "comparisons", tellAccesses = false, listener?: VmListener): Vm {
  const steps = Math.min(STEPS, plan.limits?.steps ?? STEPS);
  const limits = { ...plan.limits, steps, hostWork: HOST_WORK };
  const { restless: _, growth: __, ...rest } = plan; // looked for by looks of their own, see look.ts
  return createVm({ ...rest, limits, races: false }, { fuzz, tellAccesses, ...(listener && { listener }) });
}
