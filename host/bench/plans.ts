import type { IntrPlan, VdevPlan } from "../vm/plan.ts";

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
