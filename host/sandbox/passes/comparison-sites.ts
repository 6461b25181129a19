import { VALUE, type ValueType, type WasmModule } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import type { Instruction } from "../wasm/walk.ts";

/** A place of the author's code that compares. */
export interface ComparisonSite {
  /** File offset of the instruction in the module as it was built, and the function it is in. */
  readonly offset: number;
  readonly function: number;
  /** `switch`: a `br_table`, whose operands are the index and the number of its default. `bytes`: a call that compares memory. */
  readonly kind: "integer" | "float" | "switch" | "bytes";
  /** How it compares, as the instruction's name has it: `eq`, `lt_s`; of a call the function's name. */
  readonly operator: string;
  /** Of each operand; of `bytes` that of the longest piece of a record. */
  readonly bytes: 4 | 8;
  /** The second operand where it is a constant, as unsigned bits. */
  readonly constant: bigint | undefined;
}

/** A number the module's code compares something with, as unsigned bits. */
export interface ComparedConstant {
  readonly value: bigint;
  readonly bytes: 4 | 8;
}

/** How an instruction compares its two operands. */
export interface Comparison {
  readonly type: ValueType;
  readonly operator: string;
}

const INTEGER_OPERATORS = ["eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"];
const FLOAT_OPERATORS = ["eq", "ne", "lt", "gt", "le", "ge"];

/** The first opcode of each group, in the order of the names above: WebAssembly 2.0, numeric instructions. */
const GROUPS: readonly (readonly [first: number, type: ValueType, operators: readonly string[]])[] = [
  [0x46, VALUE.i32, INTEGER_OPERATORS],
  [0x51, VALUE.i64, INTEGER_OPERATORS],
  [0x5b, VALUE.f32, FLOAT_OPERATORS],
  [0x61, VALUE.f64, FLOAT_OPERATORS],
];

const COMPARISONS = new Map<number, Comparison>();
for (const [first, type, operators] of GROUPS) {
  for (const [i, operator] of operators.entries()) COMPARISONS.set(first + i, { type, operator });
}

/** What the instruction compares; undefined for all others, those with one operand included. */
export function comparisonOf(opcode: number): Comparison | undefined {
  return COMPARISONS.get(opcode);
}

/** The value an instruction pushes as unsigned bits, when it is a constant of at most 8 bytes. */
export function constantOf(module: WasmModule, instruction: Instruction | undefined): ComparedConstant | undefined {
  if (instruction === undefined) return undefined;
  const { opcode, offset, end, immediates } = instruction;
  const literal = module.bytes.subarray(offset + 1, end);
  const view = new DataView(literal.buffer, literal.byteOffset, literal.length);
  switch (opcode) {
    case OP.i32Const:
      return { value: BigInt(immediates[0]! >>> 0), bytes: 4 };
    case OP.i64Const:
      return { value: unsigned64(literal), bytes: 8 };
    case OP.f32Const:
      return { value: BigInt(view.getUint32(0, true)), bytes: 4 };
    case OP.f64Const:
      return { value: view.getBigUint64(0, true), bytes: 8 };
    default:
      return undefined;
  }
}

/** Signed LEB128, as unsigned 64 bits. */
function unsigned64(literal: Uint8Array): bigint {
  let value = 0n;
  let shift = 0n;
  for (const byte of literal) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
  }
  const isNegative = (literal.at(-1)! & 0x40) !== 0;
  return BigInt.asUintN(64, isNegative ? value - (1n << shift) : value);
}

/** Most labels of a switch whose numbers are constants of the module. */
const LABELS_MAX = 64;

/** Collects the constants of a module's comparisons, each once. */
export class ComparedConstants {
  readonly #known = new Map<string, ComparedConstant>();

  get all(): readonly ComparedConstant[] {
    return [...this.#known.values()];
  }

  add(constant: ComparedConstant | undefined): void {
    if (constant !== undefined) this.#known.set(`${constant.bytes} ${constant.value}`, constant);
  }

  /** What selects the labels of a switch. @param base what was taken off the value it is about */
  addLabels(labels: number, base: bigint): void {
    for (let label = 0; label < Math.min(labels, LABELS_MAX); label++) {
      this.add({ value: BigInt.asUintN(32, base + BigInt(label)), bytes: 4 });
    }
  }
}
