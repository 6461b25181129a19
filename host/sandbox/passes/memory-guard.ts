import { s32Bytes } from "../wasm/byte-writer.ts";
import type { Code, FunctionEditor } from "../wasm/function-editor.ts";
import { type DefinedFunction, VALUE, type ValueType } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import type { Instruction } from "../wasm/walk.ts";
import { type MemoryAccess, memoryAccess } from "./accesses.ts";
import { AddressWalk, type Origin } from "./address-walk.ts";
import { EMPTY_BLOCK, globalGet, i32Const, i64Const, localGet, localSet, localTee, memoryAt } from "./instructions.ts";
import type { Pass } from "./pass.ts";
import { GROWN_IMPORT, PAGE_BYTES, type ReservedMemory, reserveMemory } from "./reserved-memory.ts";

/** Faults as an access outside memory does: the engine's own words, at the instruction this is inserted for. */
const OUT_OF_BOUNDS: Code = [...i32Const(-1), ...memoryAt(OP.i32Load8U, 0xffffffff), OP.drop];

const PAGE_SHIFT = 16;

/**
 * Keeps a module out of reserved memory: every load, store, atomic and bulk operation is compared with the memory the
 * module has, as it sees it, and faults there as it would have in a memory that ends. The address is computed in 64 bits,
 * so that no offset wraps around. What was found in memory through a local stays there, as memory never shrinks while a
 * module runs: accesses through the same local, up to the same end, are not compared again.
 *
 * Comes before the passes that keep something in reserved memory and rely on it.
 */
export function memoryGuardPass(): Pass {
  return {
    name: "memory-guard",
    key: "memory-guard 1",
    imports: () => [GROWN_IMPORT],
    apply: (rewriter, [grown]) => {
      const memory = reserveMemory(rewriter, grown!);
      for (const func of rewriter.module.functions) new FunctionGuard(rewriter, func, memory).run();
    },
  };
}

class FunctionGuard {
  readonly #rewriter: ModuleRewriter;
  readonly #func: DefinedFunction;
  readonly #editor: FunctionEditor;
  readonly #memory: ReservedMemory;
  readonly #locals = new Map<string, number>();

  constructor(rewriter: ModuleRewriter, func: DefinedFunction, memory: ReservedMemory) {
    this.#rewriter = rewriter;
    this.#func = func;
    this.#editor = rewriter.edit(func);
    this.#memory = memory;
  }

  run(): void {
    const walk = new AddressWalk(this.#rewriter.module);
    walk.run(this.#func, (instruction, origin) => {
      const access = memoryAccess(instruction.opcode);
      if (access !== undefined) {
        const end = instruction.immediates[1]! + access.bytes;
        if (this.#isInside(origin, end) || end <= walk.fact(origin).end) return;
        this.#access(instruction, access);
        walk.learn(origin, { end });
      } else if (instruction.opcode === OP.memoryCopy) this.#bulk(instruction, true);
      else if (instruction.opcode === OP.memoryFill || instruction.opcode === OP.memoryInit) {
        this.#bulk(instruction, false);
      }
    });
  }

  /** An address that is written in the code, in memory that the module has from the start. */
  #isInside(origin: Origin | undefined, end: number): boolean {
    return origin !== undefined && "constant" in origin && origin.constant + end <= this.#memory.minimum * PAGE_BYTES;
  }

  #access(instruction: Instruction, access: MemoryAccess): void {
    const address = this.#local("address", VALUE.i32);
    const spilled = access.operands.map((type, i) => this.#local(`operand ${i}`, type));
    this.#editor.insertBefore(instruction, [
      ...[...spilled].reverse().flatMap(localSet),
      ...localTee(address),
      ...this.#lastPage(address, instruction.immediates[1]! + access.bytes - 1),
      ...this.#pages(),
      OP.i32GeU,
      ...[OP.if, EMPTY_BLOCK, ...OUT_OF_BOUNDS, OP.end],
      ...spilled.flatMap(localGet),
    ]);
  }

  /** The page of the last byte, which is `more` above the address. */
  #lastPage(address: number, more: number): Code {
    if (more === 0) return [...localGet(address), ...i32Const(PAGE_SHIFT), OP.i32ShrU];
    return [
      ...[...localGet(address), OP.i64ExtendI32U, ...i64Const(BigInt(more)), OP.i64Add],
      ...[...i64Const(BigInt(PAGE_SHIFT)), OP.i64ShrU, OP.i32WrapI64],
    ];
  }

  #pages(): Code {
    const { minimum, maximum, pages } = this.#memory;
    return minimum === maximum ? [OP.i32Const, ...s32Bytes(minimum)] : globalGet(pages);
  }

  /** Operands: address, source address or value or offset, length. */
  #bulk(instruction: Instruction, reads: boolean): void {
    const [address, source, length] = ["address", "source", "length"].map((one) => this.#local(one, VALUE.i32));
    const check = (start: number): Code => [
      ...[...localGet(start), OP.i64ExtendI32U, ...localGet(length!), OP.i64ExtendI32U, OP.i64Add],
      ...[...this.#pages(), OP.i64ExtendI32U, ...i64Const(BigInt(PAGE_SHIFT)), OP.i64Shl, OP.i64GtU],
      ...[OP.if, EMPTY_BLOCK, ...OUT_OF_BOUNDS, OP.end],
    ];
    this.#editor.insertBefore(instruction, [
      ...[...localSet(length!), ...localSet(source!), ...localSet(address!)],
      ...check(address!),
      ...(reads ? check(source!) : []),
      ...[...localGet(address!), ...localGet(source!), ...localGet(length!)],
    ]);
  }

  /** A local of this function that only the guard uses, by what it is for. */
  #local(purpose: string, type: ValueType): number {
    const key = `${purpose} ${type}`;
    const known = this.#locals.get(key);
    if (known !== undefined) return known;
    const added = this.#editor.addLocal(type);
    this.#locals.set(key, added);
    return added;
  }
}
