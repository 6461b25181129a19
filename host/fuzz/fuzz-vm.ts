import type { VmListener } from "../vm/events.ts";
import type { VmPlan } from "../vm/plan.ts";
import { createVm } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";

/** Limits of a callback: some milliseconds. What comes to them is tried again with those of a run. */
export const FUZZ_STEPS = 2_000_000;
export const FUZZ_HOST_WORK = 50_000;

/**
 * A VM whose modules count the edges they take, or keep what they compare.
 * @param tellAccesses whether a listener, when there is one, is told of each access
 * @param listener told of everything from the start on
 * @throws UserError as `createVm`
 */
export function fuzzVm(plan: VmPlan, fuzz: "edges" | "comparisons", tellAccesses = false, listener?: VmListener): Vm {
  const steps = Math.min(FUZZ_STEPS, plan.limits?.steps ?? FUZZ_STEPS);
  const limits = { ...plan.limits, steps, hostWork: FUZZ_HOST_WORK };
  const { restless: _, growth: __, ...rest } = plan; // looked for by looks of their own, see look.ts
  return createVm({ ...rest, limits, races: false }, { fuzz, tellAccesses, ...(listener && { listener }) });
}
