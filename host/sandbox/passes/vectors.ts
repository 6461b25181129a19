import { u32Bytes } from "../wasm/byte-writer.ts";
import type { Code } from "../wasm/function-editor.ts";
import { PREFIX } from "../wasm/opcodes.ts";

const simd = (number: number): Code => [PREFIX.simd, ...u32Bytes(number)];

/** Instructions on vectors of 16 bytes, encoded: the numbers of the WebAssembly 2.0 specification. */
export const SIMD = {
  load: simd(0),
  store: simd(11),
  swizzle: simd(14),
  equalBytes: simd(0x23),
  and: simd(0x4e),
  andNot: simd(0x4f),
  or: simd(0x50),
  anyTrue: simd(0x53),
  /** The topmost bit of each byte, as an i32. */
  bitmask: simd(0x64),
  shiftBytesRight: simd(0x6d),
} as const;

/** A load or store of a vector: one address is on the stack, `offset` is added to it. */
export const vectorAt = (instruction: Code, offset: number): Code => [...instruction, 0, ...u32Bytes(offset)];

/** A vector of these bytes; zeros where there are none. */
export function vectorConst(bytes: readonly number[]): Code {
  return [...simd(12), ...Array.from({ length: 16 }, (_, i) => bytes[i] ?? 0)];
}
