/** What is known of a value: that it is this 32-bit constant (as a signed number), or nothing. */
export type Known = number | undefined;

const flag = (truth: boolean): number => (truth ? 1 : 0);

const I32_AND = 0x71;
const I32_OR = 0x72;

const UNARY = new Map<number, (a: number) => number>([
  [0x45, (a) => flag(a === 0)], // i32.eqz
  [0x67, (a) => Math.clz32(a)], // i32.clz
  [0xc0, (a) => (a << 24) >> 24], // i32.extend8_s
  [0xc1, (a) => (a << 16) >> 16], // i32.extend16_s
]);

/** The i32 instructions of two operands. Division is left out: it may trap, and nobody switches on a quotient. */
const BINARY = new Map<number, (a: number, b: number) => number>([
  [0x46, (a, b) => flag(a === b)], // eq
  [0x47, (a, b) => flag(a !== b)], // ne
  [0x48, (a, b) => flag(a < b)], // lt_s
  [0x49, (a, b) => flag(a >>> 0 < b >>> 0)], // lt_u
  [0x4a, (a, b) => flag(a > b)], // gt_s
  [0x4b, (a, b) => flag(a >>> 0 > b >>> 0)], // gt_u
  [0x4c, (a, b) => flag(a <= b)], // le_s
  [0x4d, (a, b) => flag(a >>> 0 <= b >>> 0)], // le_u
  [0x4e, (a, b) => flag(a >= b)], // ge_s
  [0x4f, (a, b) => flag(a >>> 0 >= b >>> 0)], // ge_u
  [0x6a, (a, b) => (a + b) | 0], // add
  [0x6b, (a, b) => (a - b) | 0], // sub
  [0x6c, (a, b) => Math.imul(a, b)], // mul
  [I32_AND, (a, b) => a & b],
  [I32_OR, (a, b) => a | b],
  [0x73, (a, b) => a ^ b], // xor
  [0x74, (a, b) => a << b], // shl
  [0x75, (a, b) => a >> b], // shr_s
  [0x76, (a, b) => (a >>> b) | 0], // shr_u
]);

/** Whether the instruction turns one i32 into another in a way that `foldUnary` knows. */
export function isUnary(opcode: number): boolean {
  return UNARY.has(opcode);
}

export function isBinary(opcode: number): boolean {
  return BINARY.has(opcode);
}

/** The result of an i32 instruction of one operand. */
export function foldUnary(opcode: number, a: Known): Known {
  return a === undefined ? undefined : UNARY.get(opcode)?.(a);
}

/** The result of an i32 instruction of two operands; one that decides alone is enough. */
export function foldBinary(opcode: number, a: Known, b: Known): Known {
  if (a !== undefined && b !== undefined) return BINARY.get(opcode)?.(a, b);
  if (opcode === I32_AND && (a === 0 || b === 0)) return 0;
  if (opcode === I32_OR && (a === -1 || b === -1)) return -1;
  return undefined;
}

/** What is known of a value that is either of two. */
export function either(a: Known, b: Known): Known {
  return a === b ? a : undefined;
}
