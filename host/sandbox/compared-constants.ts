import { isLibrary } from "./library.ts";
import { ComparedConstants, comparisonOf, constantOf } from "./passes/comparison-sites.ts";
import { functionName, type WasmModule } from "./wasm/module.ts";
import { OP } from "./wasm/opcodes.ts";
import { type Instruction, walkBody } from "./wasm/walk.ts";

/** Every number that the author's code compares with, and the labels of its switches, each once. */
export function comparedConstants(module: WasmModule): readonly bigint[] {
  const constants = new ComparedConstants();
  for (const func of module.functions) {
    if (isLibrary(functionName(module, func.index))) continue;
    const previous: (Instruction | undefined)[] = [undefined, undefined];
    walkBody(module, func, (instruction) => {
      const { opcode, immediates } = instruction;
      if (comparisonOf(opcode) !== undefined) constants.add(constantOf(module, previous[0]));
      else if (opcode === OP.brTable) {
        const base = previous[0]?.opcode === OP.i32Sub ? constantOf(module, previous[1])?.value : undefined;
        constants.addLabels(immediates.length - 1, base ?? 0n);
      }
      previous.unshift(instruction);
      previous.length = 2;
    });
  }
  return [...new Set(constants.all.map(({ value }) => value))];
}
