import { isLibrary } from "../sandbox/library.ts";
import type { LoadedModule } from "../sandbox/load.ts";
import type { DefinedFunction } from "../sandbox/wasm/module.ts";
import { OP } from "../sandbox/wasm/opcodes.ts";
import { type Instruction, walkBody } from "../sandbox/wasm/walk.ts";

/** NOT_SERVED of abi/runtime/operand.ts: what headers of guest_cpu_read() and guest_cpu_write() ask about. */
const NOT_SERVED = -2;

const DECIDES: ReadonlySet<number> = new Set([OP.if, OP.brIf, OP.brTable, OP.select, OP.selectTyped]);

/**
 * File offsets of the instructions of a function at which the SDK decides, in code of it that the compiler has inlined
 * there: none of the author's branches. The headers' question whether the operand was served in the module has the
 * place of the author's call, since that is where the call's stack is to lead; it is known by what it compares.
 */
export function sdkDecisions(module: LoadedModule, func: DefinedFunction): ReadonlySet<number> {
  const found = new Set<number>();
  const isSdk = ({ offset }: Instruction) => {
    const place = module.fuzz?.map?.resolve(offset, func.body);
    return place?.file !== undefined && isLibrary(place.file);
  };
  let compared: Instruction | undefined;
  let before: Instruction | undefined;
  walkBody(module.wasm, func, (instruction) => {
    if (
      DECIDES.has(instruction.opcode) &&
      (isSdk(instruction) || (isServedQuestion(compared, before) && isSdk(before!)))
    )
      found.add(instruction.offset);
    compared = before;
    before = instruction;
  });
  return found;
}

function isServedQuestion(value: Instruction | undefined, comparison: Instruction | undefined): boolean {
  const isComparison = comparison?.opcode === OP.i32Eq || comparison?.opcode === OP.i32Ne;
  return isComparison && value?.opcode === OP.i32Const && value.immediates[0] === NOT_SERVED;
}
