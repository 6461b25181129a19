import type { VmPlan } from "../../vm/plan.ts";

/** RAM of a ROM guest whose configuration has none. */
const ROM_RAM_BYTES = 4n << 20n;

/** The plan, with RAM for a ROM guest where the configuration has none. */
export function withDefaultRam(plan: VmPlan, guestKind: string): VmPlan {
  if (guestKind !== "rom" || plan.ram.some((range) => range.writable)) return plan;
  return { ...plan, ram: [...plan.ram, { start: 0n, length: ROM_RAM_BYTES, writable: true }] };
}
