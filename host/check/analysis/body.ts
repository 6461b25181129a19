import type { DefinedFunction, WasmModule } from "../../sandbox/wasm/module.ts";
import { OP } from "../../sandbox/wasm/opcodes.ts";
import { type Instruction, walkBody } from "../../sandbox/wasm/walk.ts";

/** More locals than any compiler makes of a function a person wrote: following them would only cost time. */
const LOCALS_MAX = 2000;

/** A function body, read once and interpreted many times. */
export interface Body {
  readonly func: DefinedFunction;
  readonly instructions: readonly Instruction[];
  /** Locals that a loop writes, by the index of its `loop` instruction. */
  readonly loopWrites: ReadonlyMap<number, ReadonlySet<number>>;
  /** False for a body whose locals are too many to follow. */
  readonly followed: boolean;
}

/** @throws UserError when the body cannot be read */
export function readBody(module: WasmModule, func: DefinedFunction): Body {
  const instructions: Instruction[] = [];
  walkBody(module, func, (instruction) => instructions.push(instruction));
  const followed = func.type.parameters.length + func.localCount <= LOCALS_MAX;
  return { func, instructions, loopWrites: followed ? findLoopWrites(instructions) : new Map(), followed };
}

function findLoopWrites(instructions: readonly Instruction[]): Map<number, Set<number>> {
  const writes = new Map<number, Set<number>>();
  /** Open blocks, innermost last: what a loop writes, undefined for a block or if. */
  const open: (Set<number> | undefined)[] = [];
  instructions.forEach(({ opcode, immediates }, at) => {
    if (opcode === OP.loop) {
      const set = new Set<number>();
      writes.set(at, set);
      open.push(set);
    } else if (opcode === OP.block || opcode === OP.if) {
      open.push(undefined);
    } else if (opcode === OP.end) {
      const closed = open.pop();
      const outer = closed && innermost(open);
      if (outer !== undefined) for (const local of closed!) outer.add(local);
    } else if (opcode === OP.localSet || opcode === OP.localTee) {
      innermost(open)?.add(immediates[0]!);
    }
  });
  return writes;
}

function innermost(open: readonly (Set<number> | undefined)[]): Set<number> | undefined {
  return open.findLast((set) => set !== undefined);
}
