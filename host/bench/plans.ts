import type { IntrPlan, VdevPlan, VmPlan } from "../vm/plan.ts";

/** A vdev of bench/vdevs/counter.ts at an address. */
export function counterPlan(file: string, name: string, address: bigint, intr?: IntrPlan): VdevPlan {
  return {
    type: "counter",
    file,
    name,
    loc: { space: "memory", address },
    intr,
    policy: undefined,
    options: () => [],
  };
}

/** A VM as a configuration that says nothing special would make it. */
export function vmPlan(vdevs: readonly VdevPlan[], plan: Partial<VmPlan> = {}): VmPlan {
  return {
    system: "bench",
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
