import type { Look } from "../look.ts";
import type { FuzzTarget } from "../target.ts";
import { Comparison } from "./comparison.ts";
import type { Reference } from "./reference.ts";

/** Compares every execution of a target with a reference, from now on. */
export function referenceLook(target: FuzzTarget, reference: Reference): Look {
  const { vm, memory, surface } = target;
  const comparison = new Comparison(vm, memory, surface, reference);
  target.witness = comparison;
  return {
    vm,
    memory,
    findings: () => comparison.differences.map(({ finding }) => finding),
    shows: (finding) => {
      const shown = comparison.differences.find((one) => one.finding === finding);
      return shown && { length: shown.length, lines: [shown.expectation] };
    },
    asked: {},
    tells: () => true,
    of: (program) => program,
    repeats: 1,
    execute: (program) => target.execute(program),
  };
}
