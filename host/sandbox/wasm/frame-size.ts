import type { DefinedFunction, WasmModule } from "./module.ts";
import { VALUE } from "./module.ts";
import { OP, PREFIX } from "./opcodes.ts";
import { blockType, type Instruction, walkBody } from "./walk.ts";

/** Return address, frame pointer, marker, instance, callee-saved registers, and the few locals that passes add. */
const FIXED_BYTES = 192;
const SLOT_BYTES = 8;
const VECTOR_SLOT_BYTES = 16;

interface OpenBlock {
  /** Operands below the block. */
  readonly base: number;
  readonly parameters: number;
  readonly results: number;
}

/** Follows the number of operands on WebAssembly's operand stack through a body. */
class OperandCounter {
  height = 0;
  highest = 0;
  readonly #module: WasmModule;
  readonly #open: OpenBlock[];

  constructor(module: WasmModule, results: number) {
    this.#module = module;
    this.#open = [{ base: 0, parameters: 0, results }];
  }

  step({ opcode, info, immediates }: Instruction): void {
    switch (opcode) {
      case OP.block:
      case OP.loop:
      case OP.if:
        this.#enter(immediates[0], opcode === OP.if ? 1 : 0);
        break;
      case OP.else:
        this.height = this.#top.base + this.#top.parameters;
        break;
      case OP.end: {
        const { base, results } = this.#top;
        this.#open.pop();
        this.height = base;
        this.#apply(0, results);
        break;
      }
      case OP.brIf:
        this.#apply(1, 0);
        break;
      case OP.call:
        this.#call(this.#module.functionTypes[immediates[0]], 0);
        break;
      case OP.callIndirect:
        this.#call(immediates[0], 1);
        break;
      default:
        if (info.pops >= 0) this.#apply(info.pops, info.pushes);
        // What follows an unconditional branch never runs; its operands count from the block's base.
        else this.height = this.#top.base;
    }
  }

  get #top(): OpenBlock {
    return this.#open[this.#open.length - 1];
  }

  #apply(pops: number, pushes: number): void {
    const base = this.#open.length > 0 ? this.#top.base : 0;
    this.height = Math.max(base, this.height - pops) + pushes;
    this.highest = Math.max(this.highest, this.height);
  }

  #enter(immediate: number, conditions: number): void {
    const { parameters, results } = blockType(this.#module, immediate);
    this.#apply(parameters.length + conditions, 0);
    this.#open.push({ base: this.height, parameters: parameters.length, results: results.length });
    this.#apply(0, parameters.length);
  }

  #call(typeIndex: number, extra: number): void {
    const { parameters, results } = this.#module.types[typeIndex];
    this.#apply(parameters.length + extra, results.length);
  }
}

/** The most operands a body ever has on the operand stack, and how many it ends with. */
export function operandHeights(module: WasmModule, func: DefinedFunction): { highest: number; last: number } {
  const counter = new OperandCounter(module, func.type.results.length);
  walkBody(module, func, (instruction) => counter.step(instruction));
  return { highest: counter.highest, last: counter.height };
}

/**
 * An upper bound of the engine's stack that one activation of the function takes, in bytes: every parameter (passed,
 * then kept), result, local and operand in a slot of its own, as V8's baseline compiler does at calls; its optimising
 * compiler takes less.
 */
export function frameBytes(module: WasmModule, func: DefinedFunction): number {
  let vectors = func.localGroups.some(({ type }) => type === VALUE.v128);
  for (const type of [...func.type.parameters, ...func.type.results]) vectors ||= type === VALUE.v128;
  const counter = new OperandCounter(module, func.type.results.length);
  walkBody(module, func, (instruction) => {
    vectors ||= instruction.opcode >> 12 === PREFIX.simd;
    counter.step(instruction);
  });
  const slots = 2 * func.type.parameters.length + func.type.results.length + func.localCount + counter.highest;
  return FIXED_BYTES + slots * (vectors ? VECTOR_SLOT_BYTES : SLOT_BYTES);
}
