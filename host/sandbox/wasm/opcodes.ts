/**
 * The instructions the reader knows: WebAssembly 1.0 and sign extension, saturating conversions, bulk memory,
 * reference types, multi-value, threads and SIMD (WebAssembly 2.0 plus the threads proposal).
 * Source: the binary format chapters of the WebAssembly 2.0 specification and of the threads proposal.
 */

/** How the bytes after an opcode are laid out. */
export const IMMEDIATE = {
  none: 0,
  block: 1,
  label: 2,
  labels: 3,
  function: 4,
  indirect: 5,
  types: 6,
  local: 7,
  global: 8,
  table: 9,
  memory: 10,
  i32: 11,
  i64: 12,
  f32: 13,
  f64: 14,
  heapType: 15,
  access: 16,
  dataMemory: 17,
  data: 18,
  memories: 19,
  elementTable: 20,
  element: 21,
  tables: 22,
  bytes16: 23,
  lane: 24,
  accessLane: 25,
  zero: 26,
} as const;
export type Immediate = (typeof IMMEDIATE)[keyof typeof IMMEDIATE];

/** Opcode of a prefixed instruction: prefix byte and number in one integer. */
export const PREFIX = { bulk: 0xfc, simd: 0xfd, threads: 0xfe } as const;
export function prefixed(prefix: number, number: number): number {
  return (prefix << 12) | number;
}

/** The opcodes that passes and analyses treat by name. */
export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  drop: 0x1a,
  select: 0x1b,
  selectTyped: 0x1c,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  tableGet: 0x25,
  tableSet: 0x26,
  i32Load: 0x28,
  i64Load: 0x29,
  i32Load8U: 0x2d,
  i32Store: 0x36,
  i64Store: 0x37,
  i32Store8: 0x3a,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i32GtS: 0x4a,
  i32GtU: 0x4b,
  i32GeU: 0x4f,
  i64GtU: 0x56,
  i32Ctz: 0x68,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32Mul: 0x6c,
  i64Ne: 0x52,
  i32And: 0x71,
  i32Or: 0x72,
  i32Xor: 0x73,
  i32Shl: 0x74,
  i32ShrU: 0x76,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64And: 0x83,
  i64Xor: 0x85,
  i64Shl: 0x86,
  i64ShrU: 0x88,
  i32WrapI64: 0xa7,
  i64ExtendI32U: 0xad,
  refNull: 0xd0,
  refFunc: 0xd2,
  memoryInit: prefixed(PREFIX.bulk, 8),
  memoryCopy: prefixed(PREFIX.bulk, 10),
  memoryFill: prefixed(PREFIX.bulk, 11),
  tableInit: prefixed(PREFIX.bulk, 12),
  tableCopy: prefixed(PREFIX.bulk, 14),
  tableGrow: prefixed(PREFIX.bulk, 15),
  tableFill: prefixed(PREFIX.bulk, 17),
  v128Const: prefixed(PREFIX.simd, 12),
  atomicNotify: prefixed(PREFIX.threads, 0),
  atomicWait32: prefixed(PREFIX.threads, 1),
  atomicWait64: prefixed(PREFIX.threads, 2),
  atomicFence: prefixed(PREFIX.threads, 3),
  atomicAdd32: prefixed(PREFIX.threads, 0x1e),
  atomicXchg32: prefixed(PREFIX.threads, 0x41),
  atomicCmpxchg32: prefixed(PREFIX.threads, 0x48),
} as const;

/**
 * What the reader must know of an instruction. `pops` and `pushes` count operands; they are -1 where they
 * depend on a type (calls, blocks, branches).
 */
export interface OpcodeInfo {
  readonly immediate: Immediate;
  readonly pops: number;
  readonly pushes: number;
}

const TABLE = new Map<number, OpcodeInfo>();

function define(first: number, last: number, immediate: Immediate, pops: number, pushes: number): void {
  const info: OpcodeInfo = { immediate, pops, pushes };
  for (let opcode = first; opcode <= last; opcode++) TABLE.set(opcode, info);
}

function defineControlAndVariables(): void {
  define(0x00, 0x00, IMMEDIATE.none, -1, -1);
  define(0x01, 0x01, IMMEDIATE.none, 0, 0);
  define(0x02, 0x04, IMMEDIATE.block, -1, -1);
  define(0x05, 0x05, IMMEDIATE.none, -1, -1);
  define(0x0b, 0x0b, IMMEDIATE.none, -1, -1);
  define(0x0c, 0x0d, IMMEDIATE.label, -1, -1);
  define(0x0e, 0x0e, IMMEDIATE.labels, -1, -1);
  define(0x0f, 0x0f, IMMEDIATE.none, -1, -1);
  define(0x10, 0x10, IMMEDIATE.function, -1, -1);
  define(0x11, 0x11, IMMEDIATE.indirect, -1, -1);
  define(0x1a, 0x1a, IMMEDIATE.none, 1, 0);
  define(0x1b, 0x1b, IMMEDIATE.none, 3, 1);
  define(0x1c, 0x1c, IMMEDIATE.types, 3, 1);
  define(0x20, 0x20, IMMEDIATE.local, 0, 1);
  define(0x21, 0x21, IMMEDIATE.local, 1, 0);
  define(0x22, 0x22, IMMEDIATE.local, 1, 1);
  define(0x23, 0x23, IMMEDIATE.global, 0, 1);
  define(0x24, 0x24, IMMEDIATE.global, 1, 0);
  define(0x25, 0x25, IMMEDIATE.table, 1, 1);
  define(0x26, 0x26, IMMEDIATE.table, 2, 0);
  define(0xd0, 0xd0, IMMEDIATE.heapType, 0, 1);
  define(0xd1, 0xd1, IMMEDIATE.none, 1, 1);
  define(0xd2, 0xd2, IMMEDIATE.function, 0, 1);
}

function defineMemoryAndNumbers(): void {
  define(0x28, 0x35, IMMEDIATE.access, 1, 1);
  define(0x36, 0x3e, IMMEDIATE.access, 2, 0);
  define(0x3f, 0x3f, IMMEDIATE.memory, 0, 1);
  define(0x40, 0x40, IMMEDIATE.memory, 1, 1);
  define(0x41, 0x41, IMMEDIATE.i32, 0, 1);
  define(0x42, 0x42, IMMEDIATE.i64, 0, 1);
  define(0x43, 0x43, IMMEDIATE.f32, 0, 1);
  define(0x44, 0x44, IMMEDIATE.f64, 0, 1);
  define(0x45, 0xc4, IMMEDIATE.none, 2, 1);
  // Tests, counting, square roots and roundings, conversions: one operand.
  for (const [first, last] of [
    [0x45, 0x45],
    [0x50, 0x50],
    [0x67, 0x69],
    [0x79, 0x7b],
    [0x8b, 0x91],
    [0x99, 0x9f],
    [0xa7, 0xc4],
  ]) {
    define(first, last, IMMEDIATE.none, 1, 1);
  }
}

function defineBulk(): void {
  const at = (number: number) => prefixed(PREFIX.bulk, number);
  define(at(0), at(7), IMMEDIATE.none, 1, 1);
  define(at(8), at(8), IMMEDIATE.dataMemory, 3, 0);
  define(at(9), at(9), IMMEDIATE.data, 0, 0);
  define(at(10), at(10), IMMEDIATE.memories, 3, 0);
  define(at(11), at(11), IMMEDIATE.memory, 3, 0);
  define(at(12), at(12), IMMEDIATE.elementTable, 3, 0);
  define(at(13), at(13), IMMEDIATE.element, 0, 0);
  define(at(14), at(14), IMMEDIATE.tables, 3, 0);
  define(at(15), at(15), IMMEDIATE.table, 2, 1);
  define(at(16), at(16), IMMEDIATE.table, 0, 1);
  define(at(17), at(17), IMMEDIATE.table, 3, 0);
}

function defineThreads(): void {
  const at = (number: number) => prefixed(PREFIX.threads, number);
  define(at(0x00), at(0x00), IMMEDIATE.access, 2, 1);
  define(at(0x01), at(0x02), IMMEDIATE.access, 3, 1);
  define(at(0x03), at(0x03), IMMEDIATE.zero, 0, 0);
  define(at(0x10), at(0x16), IMMEDIATE.access, 1, 1);
  define(at(0x17), at(0x1d), IMMEDIATE.access, 2, 0);
  define(at(0x1e), at(0x47), IMMEDIATE.access, 2, 1);
  define(at(0x48), at(0x4e), IMMEDIATE.access, 3, 1);
}

const SIMD_UNASSIGNED = [
  0x9a, 0xa2, 0xa5, 0xa6, 0xaf, 0xb0, 0xb2, 0xb3, 0xb4, 0xbb, 0xc2, 0xc5, 0xc6, 0xcf, 0xd0, 0xd2, 0xd3, 0xd4, 0xe2,
  0xee,
];

const SIMD_ONE_OPERAND: readonly (readonly [number, number])[] = [
  [0x0f, 0x14],
  [0x4d, 0x4d],
  [0x53, 0x53],
  [0x5e, 0x64],
  [0x67, 0x6a],
  [0x74, 0x75],
  [0x7a, 0x7a],
  [0x7c, 0x81],
  [0x83, 0x84],
  [0x87, 0x8a],
  [0x94, 0x94],
  [0xa0, 0xa1],
  [0xa3, 0xa4],
  [0xa7, 0xaa],
  [0xc0, 0xc1],
  [0xc3, 0xc4],
  [0xc7, 0xca],
  [0xe0, 0xe1],
  [0xe3, 0xe3],
  [0xec, 0xed],
  [0xef, 0xef],
  [0xf8, 0xff],
];

function defineSimd(): void {
  const at = (number: number) => prefixed(PREFIX.simd, number);
  define(at(0x00), at(0x0a), IMMEDIATE.access, 1, 1);
  define(at(0x0b), at(0x0b), IMMEDIATE.access, 2, 0);
  define(at(0x0c), at(0x0c), IMMEDIATE.bytes16, 0, 1);
  define(at(0x0d), at(0x0d), IMMEDIATE.bytes16, 2, 1);
  define(at(0x0e), at(0xff), IMMEDIATE.none, 2, 1);
  for (const [first, last] of SIMD_ONE_OPERAND) define(at(first), at(last), IMMEDIATE.none, 1, 1);
  for (const extract of [0x15, 0x16, 0x18, 0x19, 0x1b, 0x1d, 0x1f, 0x21]) {
    define(at(extract), at(extract), IMMEDIATE.lane, 1, 1);
  }
  for (const replace of [0x17, 0x1a, 0x1c, 0x1e, 0x20, 0x22]) define(at(replace), at(replace), IMMEDIATE.lane, 2, 1);
  define(at(0x52), at(0x52), IMMEDIATE.none, 3, 1);
  define(at(0x54), at(0x57), IMMEDIATE.accessLane, 2, 1);
  define(at(0x58), at(0x5b), IMMEDIATE.accessLane, 2, 0);
  define(at(0x5c), at(0x5d), IMMEDIATE.access, 1, 1);
  for (const unassigned of SIMD_UNASSIGNED) TABLE.delete(at(unassigned));
}

defineControlAndVariables();
defineMemoryAndNumbers();
defineBulk();
defineThreads();
defineSimd();

const SINGLE_BYTE = Array.from({ length: 0x100 }, (_, opcode) => TABLE.get(opcode));

/** What is known of `opcode` (see `prefixed`), or undefined when the reader does not support it. */
export function opcodeInfo(opcode: number): OpcodeInfo | undefined {
  return opcode <= 0xff ? SINGLE_BYTE[opcode] : TABLE.get(opcode);
}
