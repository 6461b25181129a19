import type { VmPlan } from "../vm/plan.ts";
import { type CreateOptions, createVm } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";

/** Limits of a callback: some milliseconds. What comes to them is tried again with those of a run. */
export const FUZZ_STEPS = 2_000_000;
export const FUZZ_HOST_WORK = 50_000;

/** What of a fuzzer's VM is up to who makes it. */
export type FuzzVmOptions = Pick<CreateOptions, "tellAccesses" | "listener" | "onMade">;

/**
 * A VM whose modules count the edges they take, or keep what they compare. A listener is told of accesses only if that is
 * asked for.
 * @throws UserError as `createVm`
 */
export function fuzzVm(plan: VmPlan, fuzz: "edges" | "comparisons", options: FuzzVmOptions = {}): Vm {
  const steps = Math.min(FUZZ_STEPS, plan.limits?.steps ?? FUZZ_STEPS);
  const limits = { ...plan.limits, steps, hostWork: FUZZ_HOST_WORK };
  const { restless: _, growth: __, ...rest } = plan; // looked for by looks of their own, see look.ts
  return createVm({ ...rest, limits, races: false }, { tellAccesses: false, ...options, fuzz });
}
