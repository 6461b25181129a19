import type { VdevPlan, VmPlan } from "./plan.ts";

/** A VM with these vdevs as a configuration that says nothing special would make it: for benchmarks and tests. */
export function plainPlan(vdevs: readonly VdevPlan[], plan: Partial<VmPlan> = {}): VmPlan {
  return {
    system: "plain",
    cpus: 1,
    ram: [],
    policy: "strict",
    instances: "shared",
    onFault: "continue",
    unsupported: "fail",
    accessNs: 0,
    ...plan,
    vdevs,
  };
}
