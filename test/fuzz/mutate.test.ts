/** Changes of programs. Oracle: the limits that host/fuzz/mutate.ts names. */
import { expect, it } from "vitest";
import { Random } from "../../host/explore/chooser.ts";
import { fuzzVm } from "../../host/fuzz/fuzz-vm.ts";
import { Mutator } from "../../host/fuzz/mutate.ts";
import {
  CONTROLS,
  META,
  OPERATION,
  operationOf,
  type Program,
  ProgramBuffer,
  VALUE_LO,
} from "../../host/fuzz/program.ts";
import { parseProgram } from "../../host/fuzz/program-text.ts";
import { surfaceOf } from "../../host/fuzz/surface.ts";
import { Values } from "../../host/fuzz/values.ts";
import { builtFile } from "../../host/paths.ts";
import { vdevPlan, vmPlan } from "../support/vm.ts";

it("a program asks for STATUS twice at most, whatever it is made of", () => {
  const vm = fuzzVm(vmPlan([vdevPlan(builtFile("vdevs/pl031.wasm"))]), "edges");
  const surface = surfaceOf(vm);
  const random = new Random(1);
  const mutator = new Mutator(vm, surface, new Values(surface, [], random), random);
  const chatty: Program = parseProgram(vm, `repeat 20 {\n  status\n  writel 0x1c000008 1\n}\n`, "chatty");
  const buffer = new ProgramBuffer();
  const seen = new Map<number, number>();
  for (let i = 0; i < 3000; i++) {
    buffer.load(chatty);
    mutator.mutate(buffer, { other: () => chatty, pairs: [], reads: [], isHungry: false });
    let asked = 0;
    for (let at = 0; at < buffer.count; at++) {
      if (operationOf(buffer.word(at, META)) !== OPERATION.control) continue;
      if (CONTROLS[buffer.word(at, VALUE_LO)] === "status") asked++;
    }
    seen.set(asked, (seen.get(asked) ?? 0) + 1);
  }
  expect(Math.max(...seen.keys())).toBe(2);
});
