import type { IntrPlan, VdevPlan } from "../vm/plan.ts";

/** A vdev of bench/vdevs/counter.ts at an address. */
export function counterPlan(file: string, name: string, address: bigint, intr?: IntrPlan, timers = 1): VdevPlan {
  return {
    type: "counter",
    file,
    name,
    loc: { space: "memory", address },
    intr,
    policy: undefined,
    options: () => (timers === 1 ? [] : [{ index: 0, name: "timers", argument: `${timers}` }]),
  };
}
