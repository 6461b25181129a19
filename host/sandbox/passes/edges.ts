import { UserError } from "../../errors.ts";
import { isLibrary } from "../library.ts";
import type { Code, FunctionEditor } from "../wasm/function-editor.ts";
import { type DefinedFunction, functionName, VALUE } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import { type Instruction, walkBody } from "../wasm/walk.ts";
import { addNovelty, CHUNK_BYTES, type EdgeMaps } from "./edge-novelty.ts";
import { i32Const, localGet, localSet, localTee, memoryAt } from "./instructions.ts";
import type { Pass } from "./pass.ts";
import { reservedMemory } from "./reserved-memory.ts";

export type EdgeKind = "entry" | "if" | "br_if" | "br_table" | "select" | "loop";

/** A way the module's code can go, and which counts how often it went. */
export interface Edge {
  /** File offset, in the module as it was built, of the instruction that decides, or of the function's first one. */
  readonly offset: number;
  /** Index of the function in the module as it was built. */
  readonly function: number;
  readonly kind: EdgeKind;
  /**
   * Of `if`, `br_if` and `select` 1 when the condition holds, else 0; of `br_table` the number of the label, the default
   * last; 0 of the others.
   */
  readonly way: number;
  /** Equal for the ways of one condition: all of them taken is branch coverage. None for entries and loops. */
  readonly condition: number | undefined;
}

/** Where the counters lie in an instance's memory, and what each stands for. */
export interface EdgeInstrumentation {
  /** By number: counter i is the byte at `counters.address + i`. */
  readonly edges: readonly Edge[];
  /** `length` is that of `edges`, rounded up; the rest stays 0. */
  readonly counters: { readonly address: number; readonly length: number };
  /** A bit for each bucket an edge has been seen in, in the same order; see `__vdevbox_novel`. */
  readonly virgin: { readonly address: number; readonly length: number };
  /** Whether the module has an instruction that makes its memory larger. */
  readonly growsMemory: boolean;
}

/** More than any program of an author has; each takes two bytes of memory and a place in every scan. */
const EDGES_MAX = 1 << 20;

/**
 * Counts how often each edge of the author's code is taken, in bytes of reserved memory that stop at 255: entries of
 * functions, both ways of `if`, `br_if` and `select`, every label of `br_table`, and turns of loops.
 *
 * `__vdevbox_novel(update)` compares the counters with what was seen so far, `__vdevbox_clear_edges()` zeroes
 * them. Functions of the SDK and of AssemblyScript's library have no counters.
 */
export class EdgePass implements Pass {
  readonly name = "edges";
  readonly key = "edges 1";
  #done: EdgeInstrumentation | undefined;

  /** What was found, once the pass has been applied. */
  get result(): EdgeInstrumentation {
    if (this.#done === undefined) throw new Error("the edge pass has not been applied");
    return this.#done;
  }

  /** Needs memory that an earlier pass has reserved and guards. @throws UserError when the module has too many edges */
  apply(rewriter: ModuleRewriter): void {
    const { module } = rewriter;
    const functions = module.functions.filter(({ index }) => !isLibrary(functionName(module, index)));
    const count = functions.reduce((sum, func) => sum + countEdges(rewriter, func), 0);
    if (count > EDGES_MAX) {
      throw new UserError(
        `The module has ${count} branches to count, more than the ${EDGES_MAX} a fuzz build may have.`,
      );
    }
    const maps = takeMaps(rewriter, count);
    const edges: Edge[] = [];
    for (const func of functions) new FunctionEdges(rewriter, func, maps.counters.address, edges).run();
    addNovelty(rewriter, maps);
    this.#done = { edges, ...maps, growsMemory: growsMemory(rewriter) };
  }
}

function growsMemory({ module }: ModuleRewriter): boolean {
  let grows = false;
  for (const func of module.functions) {
    walkBody(module, func, ({ opcode }) => {
      grows ||= opcode === OP.memoryGrow;
    });
  }
  return grows;
}

function takeMaps(rewriter: ModuleRewriter, count: number): EdgeMaps {
  const memory = reservedMemory(rewriter);
  const length = Math.ceil(Math.max(count, 1) / CHUNK_BYTES) * CHUNK_BYTES;
  return {
    counters: { address: memory.take(length), length },
    virgin: { address: memory.take(length), length },
  };
}

/** How many ways each instruction that decides has; the function's entry is one more. */
function ways({ opcode, immediates }: Instruction): number {
  switch (opcode) {
    case OP.if:
    case OP.brIf:
    case OP.select:
    case OP.selectTyped:
      return 2;
    case OP.brTable:
      return immediates.length;
    case OP.loop:
      return 1;
    default:
      return 0;
  }
}

function countEdges(rewriter: ModuleRewriter, func: DefinedFunction): number {
  let count = 1;
  walkBody(rewriter.module, func, (instruction) => {
    count += ways(instruction);
  });
  return count;
}

/** Puts the counters into one function. */
class FunctionEdges {
  readonly #rewriter: ModuleRewriter;
  readonly #func: DefinedFunction;
  readonly #editor: FunctionEditor;
  readonly #counters: number;
  readonly #edges: Edge[];
  /** For each open block: the counter of an `if` whose `else` has not come; undefined for all others. */
  readonly #open: (number | undefined)[] = [];
  readonly #locals = new Map<string, number>();

  constructor(rewriter: ModuleRewriter, func: DefinedFunction, counters: number, edges: Edge[]) {
    this.#rewriter = rewriter;
    this.#func = func;
    this.#editor = rewriter.edit(func);
    this.#counters = counters;
    this.#edges = edges;
  }

  run(): void {
    const entry = this.#add({ offset: this.#func.code.start, kind: "entry", ways: 1 });
    this.#editor.prologue(this.#count(entry));
    walkBody(this.#rewriter.module, this.#func, (instruction) => this.#instruction(instruction));
  }

  #instruction(instruction: Instruction): void {
    switch (instruction.opcode) {
      case OP.block:
        this.#open.push(undefined);
        break;
      case OP.loop:
        this.#open.push(undefined);
        this.#editor.insertAfter(instruction, this.#count(this.#add({ ...instruction, kind: "loop", ways: 1 })));
        break;
      case OP.if:
        this.#if(instruction);
        break;
      case OP.else:
        this.#editor.insertAfter(instruction, this.#count(this.#open.pop()!));
        this.#open.push(undefined);
        break;
      case OP.end:
        this.#end(instruction);
        break;
      case OP.brIf:
        this.#either(instruction, "br_if");
        break;
      case OP.select:
      case OP.selectTyped:
        this.#either(instruction, "select");
        break;
      case OP.brTable:
        this.#switch(instruction);
        break;
    }
  }

  #if(instruction: Instruction): void {
    const first = this.#add({ ...instruction, kind: "if", ways: 2 });
    this.#editor.insertAfter(instruction, this.#count(first + 1));
    this.#open.push(first);
  }

  /** An `if` without `else` gets one. */
  #end(instruction: Instruction): void {
    const otherwise = this.#open.pop();
    if (otherwise !== undefined) this.#editor.insertBefore(instruction, [OP.else, ...this.#count(otherwise)]);
  }

  /** The condition is the topmost operand, and stays. */
  #either(instruction: Instruction, kind: "br_if" | "select"): void {
    const first = this.#add({ ...instruction, kind, ways: 2 });
    const condition = this.#local("condition");
    const way = [...localGet(condition), ...i32Const(0), OP.i32Ne];
    this.#editor.insertBefore(instruction, [...localTee(condition), ...this.#countWay(first, way)]);
  }

  /** An index beyond the labels goes to the default, the last. */
  #switch(instruction: Instruction): void {
    const last = instruction.immediates.length - 1;
    const first = this.#add({ ...instruction, kind: "br_table", ways: last + 1 });
    const index = this.#local("condition");
    const way = [
      ...[...localGet(index), ...i32Const(last), ...localGet(index), ...i32Const(last), OP.i32LtU],
      OP.select,
    ];
    this.#editor.insertBefore(instruction, [...localTee(index), ...this.#countWay(first, way)]);
  }

  /** Numbers the ways of an instruction one after the other; answers the number of way 0. */
  #add({ offset, kind, ways }: { offset: number; kind: EdgeKind; ways: number }): number {
    const first = this.#edges.length;
    const condition = ways === 1 ? undefined : first;
    for (let way = 0; way < ways; way++) {
      this.#edges.push({ offset, function: this.#func.index, kind, way, condition });
    }
    return first;
  }

  #count(edge: number): Code {
    return this.#increment(this.#counters + edge, i32Const(0), i32Const(0));
  }

  /** `way` leaves the number to add to the first. */
  #countWay(first: number, way: Code): Code {
    const at = this.#local("way");
    return [...way, ...localSet(at), ...this.#increment(this.#counters + first, localGet(at), localGet(at))];
  }

  /** Adds 1 to a counter unless it is 255. */
  #increment(address: number, target: Code, source: Code): Code {
    const sum = this.#local("sum");
    return [
      ...target,
      ...[...source, ...memoryAt(OP.i32Load8U, address), ...i32Const(1), OP.i32Add, ...localTee(sum)],
      ...[...localGet(sum), ...i32Const(8), OP.i32ShrU, OP.i32Sub],
      ...memoryAt(OP.i32Store8, address),
    ];
  }

  #local(purpose: string): number {
    const known = this.#locals.get(purpose);
    if (known !== undefined) return known;
    const added = this.#editor.addLocal(VALUE.i32);
    this.#locals.set(purpose, added);
    return added;
  }
}
