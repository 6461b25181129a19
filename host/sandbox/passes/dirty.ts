import type { Code, FunctionEditor } from "../wasm/function-editor.ts";
import { type DefinedFunction, VALUE, type ValueType } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import type { Instruction } from "../wasm/walk.ts";
import { type MemoryAccess, memoryAccess } from "./accesses.ts";
import { AddressWalk } from "./address-walk.ts";
import {
  call,
  EMPTY_BLOCK,
  globalGet,
  globalSet,
  i32Const,
  localGet,
  localSet,
  localTee,
  memoryAt,
} from "./instructions.ts";
import { FUZZ_EXPORT, type Pass } from "./pass.ts";
import { PAGE_BYTES, type ReservedMemory, reservedMemory } from "./reserved-memory.ts";
import { SIMD, vectorAt, vectorConst } from "./vectors.ts";

/** What is marked and put back at once, in bytes and as a power of two. */
export const BLOCK_BYTES = 1024;
export const BLOCK_SHIFT = 10;
/**
 * A mark stands for this many bytes from the store on that made it: the beginning of the next block is restored with a
 * marked one. No less than the 16 bytes of the longest store; more, so that the fields of a struct need one mark.
 */
const BEYOND_BYTES = 64;
/** What a block is marked with: its topmost bit is what `bitmask` gathers. */
export const DIRTY = 0xff;

const BLOCKS_PER_PAGE = PAGE_BYTES / BLOCK_BYTES;

export interface DirtyInstrumentation {
  /** A byte for each block of BLOCK_BYTES: DIRTY once it was written to. The host marks what it writes itself. */
  readonly marks: { readonly address: number; readonly length: number };
  /** The copy that memory is put back to. */
  readonly copy: { readonly address: number; readonly length: number };
}

/**
 * Puts memory back by what was written of it: every store marks its block in reserved memory, unless one
 * through the same local just before has marked it. `__vdevbox_keep()`
 * copies all the memory the module has, and comes first; `__vdevbox_reset()` copies the marked blocks back, takes memory back that was
 * grown since (and answers its size in pages then, else 0), and clears the marks.
 */
export class DirtyPass implements Pass {
  readonly name = "dirty";
  readonly key = "dirty 1";
  #done: DirtyInstrumentation | undefined;

  /** Where things lie, once the pass has been applied. */
  get result(): DirtyInstrumentation {
    if (this.#done === undefined) throw new Error("the dirty pass has not been applied");
    return this.#done;
  }

  /** Needs memory that an earlier pass has reserved and guards. */
  apply(rewriter: ModuleRewriter): void {
    const memory = reservedMemory(rewriter);
    const blocks = memory.limit / BLOCK_BYTES;
    const marks = { address: memory.take(blocks), length: blocks };
    // The last block's copy ends with what lies beyond it; see `resetCode`.
    const copy = { address: memory.take(memory.limit + BEYOND_BYTES), length: memory.limit };
    this.#done = { marks, copy };
    const markRange = addMarkRange(rewriter, marks.address);
    for (const func of rewriter.module.functions) new FunctionMarks(rewriter, func, marks.address, markRange).run();
    addKeepAndReset(rewriter, memory, this.#done);
  }
}

/** Puts the marks into one function. */
class FunctionMarks {
  readonly #rewriter: ModuleRewriter;
  readonly #func: DefinedFunction;
  readonly #editor: FunctionEditor;
  readonly #marks: number;
  readonly #markRange: number;
  readonly #locals = new Map<string, number>();

  constructor(rewriter: ModuleRewriter, func: DefinedFunction, marks: number, markRange: number) {
    this.#rewriter = rewriter;
    this.#func = func;
    this.#editor = rewriter.edit(func);
    this.#marks = marks;
    this.#markRange = markRange;
  }

  run(): void {
    const walk = new AddressWalk(this.#rewriter.module);
    walk.run(this.#func, (instruction, origin) => {
      const access = memoryAccess(instruction.opcode);
      if (access?.writes === true) {
        const offset = instruction.immediates[1]!;
        const { marked } = walk.fact(origin);
        // What is restored with the marked block reaches this far, wherever in the block the mark was made.
        if (marked !== undefined && offset >= marked && offset + access.bytes <= marked + BEYOND_BYTES) return;
        this.#store(instruction, access);
        walk.learn(origin, { marked: offset });
      }
      if ([OP.memoryCopy, OP.memoryFill, OP.memoryInit].some((bulk) => bulk === instruction.opcode)) {
        this.#bulk(instruction);
      }
    });
  }

  #store(instruction: Instruction, access: MemoryAccess): void {
    const address = this.#local("address", VALUE.i32);
    const spilled = access.operands.map((type, i) => this.#local(`operand ${i}`, type));
    const offset = instruction.immediates[1]!;
    this.#editor.insertBefore(instruction, [
      ...[...spilled].reverse().flatMap(localSet),
      ...localTee(address),
      ...[...localGet(address), ...(offset === 0 ? [] : [...i32Const(offset), OP.i32Add])],
      ...[...i32Const(BLOCK_SHIFT), OP.i32ShrU, ...i32Const(DIRTY), ...memoryAt(OP.i32Store8, this.#marks)],
      ...spilled.flatMap(localGet),
    ]);
  }

  /** Operands: address, source address or value or offset, length. */
  #bulk(instruction: Instruction): void {
    const [address, source, length] = ["address", "source", "length"].map((one) => this.#local(one, VALUE.i32));
    this.#editor.insertBefore(instruction, [
      ...[...localSet(length!), ...localSet(source!), ...localTee(address!)],
      ...[...localGet(length!), ...call(this.#markRange)],
      ...[...localGet(address!), ...localGet(source!), ...localGet(length!)],
    ]);
  }

  /** A local of this function that only the marks use, by what it is for. */
  #local(purpose: string, type: ValueType): number {
    const key = `${purpose} ${type}`;
    const known = this.#locals.get(key);
    if (known !== undefined) return known;
    const added = this.#editor.addLocal(type);
    this.#locals.set(key, added);
    return added;
  }
}

/** Marks all blocks of `length` bytes from an address on, which are in memory. */
function addMarkRange(rewriter: ModuleRewriter, marks: number): number {
  const [start, length] = [0, 1];
  return rewriter.addFunction({
    type: { parameters: [VALUE.i32, VALUE.i32], results: [] },
    locals: [],
    name: "__vdevbox_mark",
    code: [
      ...[...localGet(length), OP.i32Eqz, OP.if, EMPTY_BLOCK, OP.return, OP.end],
      // length = blocks, start = the first
      ...[...localGet(start), ...localGet(length), OP.i32Add, ...i32Const(1), OP.i32Sub, ...toBlock],
      ...[
        ...localGet(start),
        ...toBlock,
        ...localTee(start),
        OP.i32Sub,
        ...i32Const(1),
        OP.i32Add,
        ...localSet(length),
      ],
      ...[...localGet(start), ...i32Const(marks), OP.i32Add, ...i32Const(DIRTY), ...localGet(length), ...MEMORY.fill],
      OP.end,
    ],
  });
}

const toBlock: Code = [...i32Const(BLOCK_SHIFT), OP.i32ShrU];
const MEMORY = { copy: [0xfc, 10, 0, 0], fill: [0xfc, 11, 0] } as const;

function addKeepAndReset(rewriter: ModuleRewriter, memory: ReservedMemory, places: DirtyInstrumentation): void {
  const kept = rewriter.addGlobal({ type: VALUE.i32, mutable: true, initial: memory.minimum });
  rewriter.addFunction({
    type: { parameters: [], results: [] },
    locals: [],
    name: FUZZ_EXPORT.keep,
    exportAs: FUZZ_EXPORT.keep,
    code: keepCode(memory.pages, kept, places),
  });
  rewriter.addFunction({
    type: { parameters: [], results: [VALUE.i32] },
    locals: [VALUE.i32, VALUE.i32, VALUE.i32],
    name: FUZZ_EXPORT.reset,
    exportAs: FUZZ_EXPORT.reset,
    code: resetCode(memory, kept, places),
  });
}

/** The copy holds zeros above what is kept: memory that grows later begins as these. */
function keepCode(pages: number, kept: number, { marks, copy }: DirtyInstrumentation): Code {
  const bytes = (global: number): Code => [...globalGet(global), ...i32Const(Math.log2(PAGE_BYTES)), OP.i32Shl];
  return [
    ...[...globalGet(kept), ...globalGet(pages), OP.i32GtU, OP.if, EMPTY_BLOCK],
    ...[...i32Const(copy.address), ...bytes(pages), OP.i32Add, ...i32Const(0)],
    ...[...bytes(kept), ...bytes(pages), OP.i32Sub, ...MEMORY.fill, OP.end],
    ...[...i32Const(copy.address), ...i32Const(0), ...bytes(pages), ...MEMORY.copy],
    ...[...i32Const(marks.address), ...i32Const(0)],
    ...[...globalGet(pages), ...i32Const(Math.log2(BLOCKS_PER_PAGE)), OP.i32Shl, ...MEMORY.fill],
    ...[...globalGet(pages), ...globalSet(kept), OP.end],
  ];
}

/** Looks at 16 marks in one step, and copies a block for each that is set. */
function resetCode({ pages, limit }: ReservedMemory, kept: number, { marks, copy }: DirtyInstrumentation): Code {
  const [at, bits, block] = [0, 1, 2];
  const whole = BLOCK_BYTES + BEYOND_BYTES;
  return [
    ...[OP.loop, EMPTY_BLOCK],
    ...[...localGet(at), ...vectorAt(SIMD.load, marks.address), ...SIMD.bitmask, ...localTee(bits), OP.if, EMPTY_BLOCK],
    ...[...localGet(at), ...vectorConst([]), ...vectorAt(SIMD.store, marks.address)],
    ...[OP.loop, EMPTY_BLOCK],
    ...[
      ...localGet(bits),
      OP.i32Ctz,
      ...localGet(at),
      OP.i32Add,
      ...i32Const(BLOCK_SHIFT),
      OP.i32Shl,
      ...localTee(block),
    ],
    ...[...localGet(block), ...i32Const(copy.address), OP.i32Add],
    // Nothing of the module's lies beyond its last block.
    ...[...i32Const(BLOCK_BYTES), ...i32Const(whole), ...localGet(block), ...i32Const(limit - BLOCK_BYTES)],
    ...[OP.i32GeU, OP.select, ...MEMORY.copy],
    ...[...localGet(bits), ...localGet(bits), ...i32Const(1), OP.i32Sub, OP.i32And, ...localTee(bits), OP.brIf, 0],
    ...[OP.end, OP.end],
    ...[...localGet(at), ...i32Const(16), OP.i32Add, ...localTee(at)],
    ...[...globalGet(pages), ...i32Const(Math.log2(BLOCKS_PER_PAGE)), OP.i32Shl, OP.i32LtU, OP.brIf, 0, OP.end],
    ...[...globalGet(pages), ...globalGet(kept), OP.i32Ne, OP.if, EMPTY_BLOCK],
    ...[...globalGet(kept), ...globalSet(pages), ...globalGet(kept), OP.return, OP.end],
    ...[...i32Const(0), OP.end],
  ];
}
