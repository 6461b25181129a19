import type { Unsupported, VmPlan } from "./plan.ts";

/**
 * What becomes of an access nobody handles.
 * @param meetsVdev a vdev's region is there, and does not handle this access
 */
export function unsupportedAction(plan: VmPlan, space: "memory" | "io", meetsVdev: boolean): Unsupported {
  const kinds = plan.unsupportedKinds;
  const ofSpace = kinds?.[space === "io" ? "io" : "mem"] ?? plan.unsupported;
  return meetsVdev ? (kinds?.reference ?? ofSpace) : ofSpace;
}
