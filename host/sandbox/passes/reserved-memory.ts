import type { FunctionImport } from "../wasm/additions.ts";
import { VALUE } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import { walkBody } from "../wasm/walk.ts";
import { call, EMPTY_BLOCK, globalGet, globalSet, i32Const, localGet, localTee } from "./instructions.ts";
import { MEMORY_HOOKS } from "./pass.ts";

export const PAGE_BYTES = 65536;

/** The import that tells the host of each growth; whoever calls `reserveMemory` asks for it. */
export const GROWN_IMPORT: FunctionImport = {
  module: MEMORY_HOOKS.module,
  name: MEMORY_HOOKS.grown,
  type: { parameters: [VALUE.i32], results: [] },
};

const reserved = new WeakMap<ModuleRewriter, ReservedMemory>();

/**
 * The memory that passes keep things in, above all that the module itself may ever have. The first who asks makes it.
 * @param grown index of GROWN_IMPORT
 */
export function reserveMemory(rewriter: ModuleRewriter, grown: number): ReservedMemory {
  const known = reserved.get(rewriter);
  if (known !== undefined) return known;
  const made = new ReservedMemory(rewriter, grown);
  reserved.set(rewriter, made);
  return made;
}

/** What an earlier pass has reserved: a pass that relies on the guard comes after it. */
export function reservedMemory(rewriter: ModuleRewriter): ReservedMemory {
  const known = reserved.get(rewriter);
  if (known === undefined) throw new Error("no pass before this one has reserved memory");
  return known;
}

/**
 * Memory above the module's limit. Memory has its full size from the start, reserved but untouched; `memory.size` and
 * `memory.grow` of the module work on a global instead, and the host is told. That no access of the module's gets
 * there is for those who take memory to see to: the guard pass checks every access, the memory-access pass has its own way.
 */
export class ReservedMemory {
  /** The most memory the module itself may have, in bytes. */
  readonly limit: number;
  /** The same in pages, and what it begins with. */
  readonly maximum: number;
  readonly minimum: number;
  /** Index of the global that holds the pages the module has. */
  readonly pages: number;
  readonly #rewriter: ModuleRewriter;
  #end: number;

  constructor(rewriter: ModuleRewriter, grown: number) {
    const [memory] = rewriter.module.memories;
    if (memory?.maximum === undefined)
      throw new Error("memory is reserved above that of a module whose memory is bounded");
    this.#rewriter = rewriter;
    this.minimum = memory.minimum;
    this.maximum = memory.maximum;
    this.limit = memory.maximum * PAGE_BYTES;
    this.#end = this.limit;
    this.pages = rewriter.addGlobal({
      type: VALUE.i32,
      mutable: true,
      initial: memory.minimum,
      exportAs: MEMORY_HOOKS.pages,
    });
    rewriter.resizeMemory(memory.maximum);
    this.#replaceSizes(this.#addGrow(grown));
  }

  /** Reserves zeroed bytes and answers their address, aligned to 64. */
  take(bytes: number): number {
    const address = Math.ceil(this.#end / ALIGN) * ALIGN;
    this.#end = address + bytes;
    this.#rewriter.resizeMemory(Math.ceil(this.#end / PAGE_BYTES));
    return address;
  }

  #replaceSizes(grow: number): void {
    const { module } = this.#rewriter;
    for (const func of module.functions) {
      walkBody(module, func, (instruction) => {
        const editor = this.#rewriter.edit(func);
        if (instruction.opcode === OP.memorySize) editor.replace(instruction, globalGet(this.pages));
        if (instruction.opcode === OP.memoryGrow) editor.replace(instruction, call(grow));
      });
    }
  }

  /** `memory.grow`: the pages are there, and were zero from the start. */
  #addGrow(grown: number): number {
    const before = 1;
    return this.#rewriter.addFunction({
      type: { parameters: [VALUE.i32], results: [VALUE.i32] },
      locals: [VALUE.i32],
      name: MEMORY_HOOKS.grow,
      code: [
        ...[...i32Const(this.maximum), ...globalGet(this.pages), ...localTee(before), OP.i32Sub],
        ...[...localGet(0), OP.i32LtU],
        ...[OP.if, EMPTY_BLOCK, ...i32Const(-1), OP.return, OP.end],
        ...[...localGet(before), ...localGet(0), OP.i32Add, ...globalSet(this.pages)],
        ...[...globalGet(this.pages), ...call(grown)],
        ...[...localGet(before), OP.end],
      ],
    });
  }
}

const ALIGN = 64;
