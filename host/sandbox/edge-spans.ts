import type { Edge } from "./passes/edges.ts";
import { type ByteRange, definedFunction, type WasmModule } from "./wasm/module.ts";
import { OP } from "./wasm/opcodes.ts";
import { type Instruction, walkBody } from "./wasm/walk.ts";

/** Most jumps that are followed from one edge; code that no compiler writes may have more. */
const JUMPS_MAX = 1000;

/**
 * The instructions that run whenever an edge is taken: from there on to the next instruction that decides, that one
 * included, along unconditional branches. An instruction has run when an edge was taken that has it in a span; calls that
 * do not come back, and faults, are not counted on.
 * @param edges those the edge pass found in `module`
 * @returns ranges of file offsets for each edge, in the order of `edges`; none for a `select`, which nothing depends on
 */
export function edgeSpans(module: WasmModule, edges: readonly Edge[]): readonly (readonly ByteRange[])[] {
  const flows = new Map<number, Flow>();
  return edges.map((edge) => {
    let flow = flows.get(edge.function);
    if (flow === undefined) {
      flow = new Flow(module, edge.function);
      flows.set(edge.function, flow);
    }
    return flow.spans(edge);
  });
}

/** Where control goes in one function. Instructions are named by their number. */
class Flow {
  readonly #instructions: Instruction[] = [];
  readonly #byOffset = new Map<number, number>();
  /** Of an instruction that opens a block, and of `else`: its `end`. */
  readonly #endOf = new Map<number, number>();
  readonly #elseOf = new Map<number, number>();
  /** Of an instruction that branches: where each label leads; undefined out of the function. */
  readonly #targets = new Map<number, (() => number | undefined)[]>();
  /** The first instruction from each on behind which control does not simply go on. */
  readonly #stops: Int32Array;
  readonly #known = new Map<number, readonly ByteRange[]>();

  constructor(module: WasmModule, index: number) {
    const open: number[] = [];
    walkBody(module, definedFunction(module, index)!, (instruction) => this.#read(instruction, open));
    this.#stops = new Int32Array(this.#instructions.length);
    for (let i = this.#instructions.length - 1; i >= 0; i--) {
      const last = i === this.#instructions.length - 1;
      this.#stops[i] = last || STOPS.has(this.#instructions[i]!.opcode) ? i : this.#stops[i + 1]!;
    }
  }

  #read(instruction: Instruction, open: number[]): void {
    const { opcode, immediates, offset } = instruction;
    const number = this.#instructions.push(instruction) - 1;
    this.#byOffset.set(offset, number);
    if (opcode === OP.block || opcode === OP.loop || opcode === OP.if) open.push(number);
    if (opcode === OP.else) this.#elseOf.set(open.at(-1)!, number);
    if (opcode === OP.end && open.length > 0) this.#close(open.pop()!, number);
    if (opcode !== OP.br && opcode !== OP.brIf && opcode !== OP.brTable) return;
    const blocks = immediates.map((label) => open[open.length - 1 - label]);
    this.#targets.set(
      number,
      blocks.map((block) => () => this.#labelOf(block)),
    );
  }

  #close(block: number, end: number): void {
    this.#endOf.set(block, end);
    const otherwise = this.#elseOf.get(block);
    if (otherwise !== undefined) this.#endOf.set(otherwise, end);
  }

  /** Where a branch to a block goes: a loop's beginning, any other's end. */
  #labelOf(block: number | undefined): number | undefined {
    if (block === undefined) return undefined;
    return this.#instructions[block]!.opcode === OP.loop ? block : this.#endOf.get(block)! + 1;
  }

  spans({ kind, way, offset }: Edge): readonly ByteRange[] {
    const at = this.#byOffset.get(offset)!;
    switch (kind) {
      case "entry":
        return this.#from(at);
      case "loop":
        return this.#from(at + 1);
      case "if":
        return this.#from(way === 1 ? at + 1 : (this.#elseOf.get(at) ?? this.#endOf.get(at)!) + 1);
      case "br_if":
        return this.#from(way === 0 ? at + 1 : this.#targets.get(at)![0]!());
      case "br_table":
        return this.#from(this.#targets.get(at)![way]!());
      case "select":
        return [];
    }
  }

  #from(start: number | undefined): readonly ByteRange[] {
    if (start === undefined) return [];
    const known = this.#known.get(start);
    if (known !== undefined) return known;
    const ranges: ByteRange[] = [];
    let at: number | undefined = start;
    while (at !== undefined && ranges.length < JUMPS_MAX) {
      const stop: number = this.#stops[at]!;
      ranges.push({ start: this.#instructions[at]!.offset, end: this.#instructions[stop]!.end });
      at = this.#jump(stop);
    }
    this.#known.set(start, ranges);
    return ranges;
  }

  /** Where control goes on behind an instruction of STOPS, if it is only one place that has no counter. */
  #jump(stop: number): number | undefined {
    const { opcode } = this.#instructions[stop]!;
    if (opcode === OP.else) return this.#endOf.get(stop)! + 1;
    return opcode === OP.br ? this.#targets.get(stop)![0]!() : undefined;
  }
}

/** Instructions that decide, that go elsewhere, and loops, which have a counter of their own. */
const STOPS: ReadonlySet<number> = new Set<number>([
  OP.if,
  OP.else,
  OP.brIf,
  OP.brTable,
  OP.br,
  OP.loop,
  OP.return,
  OP.unreachable,
]);
