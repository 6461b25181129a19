import { VALUE, type ValueType } from "../wasm/module.ts";
import { OP, PREFIX, prefixed } from "../wasm/opcodes.ts";

/** How an instruction touches memory. */
export interface MemoryAccess {
  readonly reads: boolean;
  readonly writes: boolean;
  readonly atomic: boolean;
  readonly bytes: 1 | 2 | 4 | 8 | 16;
  /** Types of the operands above the address, the topmost last. */
  readonly operands: readonly ValueType[];
}

const { i32, i64, f32, f64, v128 } = VALUE;
const TABLE = new Map<number, MemoryAccess>();

type Bytes = MemoryAccess["bytes"];

function load(opcode: number, bytes: Bytes, operands: readonly ValueType[] = []): void {
  TABLE.set(opcode, { reads: true, writes: false, atomic: false, bytes, operands });
}

function store(opcode: number, bytes: Bytes, value: ValueType): void {
  TABLE.set(opcode, { reads: false, writes: true, atomic: false, bytes, operands: [value] });
}

/** Loads are 0x28 to 0x35, stores 0x36 to 0x3e. */
const LOADS: readonly Bytes[] = [4, 8, 4, 8, 1, 1, 2, 2, 1, 1, 2, 2, 4, 4];
LOADS.forEach((bytes, i) => {
  load(0x28 + i, bytes);
});
const STORES: readonly (readonly [Bytes, ValueType])[] = [
  [4, i32],
  [8, i64],
  [4, f32],
  [8, f64],
  [1, i32],
  [2, i32],
  [1, i64],
  [2, i64],
  [4, i64],
];
STORES.forEach(([bytes, value], i) => {
  store(0x36 + i, bytes, value);
});

/** Every group of atomic instructions comes in these seven forms. */
const ATOMIC_FORMS: readonly (readonly [Bytes, ValueType])[] = [
  [4, i32],
  [8, i64],
  [1, i32],
  [2, i32],
  [1, i64],
  [2, i64],
  [4, i64],
];

function atomics(first: number, reads: boolean, writes: boolean, values: number): void {
  ATOMIC_FORMS.forEach(([bytes, value], i) => {
    const operands = new Array<ValueType>(values).fill(value);
    TABLE.set(prefixed(PREFIX.threads, first + i), { reads, writes, atomic: true, bytes, operands });
  });
}

atomics(0x10, true, false, 0);
atomics(0x17, false, true, 1);
/** add, sub, and, or, xor, xchg */
for (let group = 0; group < 6; group++) atomics(0x1e + 7 * group, true, true, 1);
atomics(0x48, true, true, 2);
TABLE.set(OP.atomicNotify, { reads: true, writes: false, atomic: true, bytes: 4, operands: [i32] });

const simd = (number: number) => prefixed(PREFIX.simd, number);
/** v128.load, the six that widen 8 bytes, the four that splat. */
const SIMD_LOADS: readonly Bytes[] = [16, 8, 8, 8, 8, 8, 8, 1, 2, 4, 8];
SIMD_LOADS.forEach((bytes, i) => {
  load(simd(i), bytes);
});
store(simd(0x0b), 16, v128);
const LANES: readonly Bytes[] = [1, 2, 4, 8];
LANES.forEach((bytes, i) => {
  load(simd(0x54 + i), bytes, [v128]);
  store(simd(0x58 + i), bytes, v128);
});
load(simd(0x5c), 4);
load(simd(0x5d), 8);

/** How the instruction touches memory at an address it is given; undefined for all others, bulk operations included. */
export function memoryAccess(opcode: number): MemoryAccess | undefined {
  return TABLE.get(opcode);
}
